"""What both sites answer with: a page, a fragment, a refusal. Everything personal, so nothing of it is kept by caches.

htmx sends `HX-Request`; what it gets is a fragment, and a refusal is a notice that finds its own place by
`HX-Retarget`. Anybody else gets a page, and for a refusal a plain one that says the same.
"""

from typing import Any

from litestar import Request, Response
from litestar.enums import MediaType

from backend.errors import Busy, Forbidden, NotFound, Refusal
from backend.i18n import DEFAULT, Voice, nearest
from backend.people.queries import Person
from webapp.rendering import render

AnyRequest = Request[Any, Any, Any]
PERSON = "person"  # where a session leaves who the reader is, in the request's state
NOTICE = "#notice"  # the place on a screen where a refusal is told
RETRYABLE = frozenset({429, 500, 503})  # what may be over when asked once more


def is_htmx(request: AnyRequest) -> bool:
    """Whether htmx asks, and so swaps what it gets into the page it has."""
    return "hx-request" in request.headers


def voice_of(request: AnyRequest) -> Voice:
    """How to speak to whoever asks: as the signed-in person reads, else as their browser says."""
    person: Person | None = request.scope.get("state", {}).get(PERSON)
    if person is not None:
        return person.voice
    return Voice(browser_language(request) or DEFAULT)


def browser_language(request: AnyRequest) -> str:
    """The first language their browser names that we speak; "" when it names none."""
    accepted = request.headers.get("accept-language", "")
    tags = [tag.split(";")[0].strip() for tag in accepted.split(",")]
    spoken = [tag for tag in tags if tag and (nearest(tag) != DEFAULT or tag.startswith(DEFAULT))]
    return nearest(spoken[0]) if spoken else ""


def page(
    template: str,
    voice: Voice,
    /,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A template as a whole answer, personal and unkept."""
    return Response(
        render(template, voice, **context),
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def not_modified() -> Response[None]:
    """204: what the reader has on the screen is fresh."""
    return Response(None, status_code=204, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


fragment = page
"""A part of a page for htmx; it differs from a page in its template only."""


def download(
    content: bytes, media_type: str, name: str, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """A file to be saved under this name, unkept by caches. Telegram's web clients fetch what they save, so they may."""
    return Response(
        content,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "Access-Control-Allow-Origin": "https://web.telegram.org",
            "Cross-Origin-Resource-Policy": "cross-origin",
            **(headers or {}),
        },
    )


def status_of(refusal: Refusal) -> int:
    """404 for what is not there for this reader, 403 for what their role does not reach, else 422."""
    if isinstance(refusal, NotFound):
        return 404
    return 403 if isinstance(refusal, Forbidden) else 422


def refusal_response(request: AnyRequest, refusal: Refusal, *, status: int | None = None) -> Response[str]:
    """An expected no, in the reader's language: a notice for htmx, else a plain page (`X5`)."""
    voice = voice_of(request)
    status = status or status_of(refusal)
    if not is_htmx(request):
        return plain_page(request, status, refusal=refusal)
    headers = {"HX-Retarget": NOTICE, "HX-Reswap": "outerHTML"}
    if isinstance(refusal, Busy):
        headers["Retry-After"] = "1"
    return page("_notice.html", voice, status=status, headers=headers, refusal=refusal)


def plain_page(request: AnyRequest, status: int, *, refusal: Refusal | None = None) -> Response[str]:
    """A page without a site around it: what is not there, not allowed, or broken, in a sentence."""
    return page(
        "plain.html",
        voice_of(request),
        status=status,
        code=status,
        refusal=refusal,
        again=status in RETRYABLE and request.method == "GET",
    )
