"""The responses of both sites: pages, downloads, refusals. They are personal, so caches must not store them.

A request by htmx (`HX-Request`) gets a fragment; a refusal is then a notice, put into its place by
`HX-Retarget`. Any other request gets a page, for a refusal a plain one.
"""

from typing import Any

from litestar import Request, Response
from litestar.enums import MediaType

from backend.errors import Busy, Forbidden, NotFound, Refusal, TooOften
from backend.i18n import DEFAULT, Voice, nearest
from backend.people.queries import Person
from webapp.rendering import render

AnyRequest = Request[Any, Any, Any]
PERSON = "person"  # the key of the reader in the request's state
NOTICE = "#notice"  # where a screen shows a refusal
RETRYABLE = frozenset({429, 500, 503})  # the same request may succeed later


def is_htmx(request: AnyRequest) -> bool:
    """Whether htmx sent the request, and swaps the response into the page."""
    return "hx-request" in request.headers


def voice_of(request: AnyRequest) -> Voice:
    """The voice of the signed-in person, else one in the language of their browser."""
    person: Person | None = request.scope.get("state", {}).get(PERSON)
    if person is not None:
        return person.voice
    return Voice(browser_language(request) or DEFAULT)


def browser_language(request: AnyRequest) -> str:
    """The first language of `Accept-Language` that we have a catalogue for; "" without one."""
    accepted = request.headers.get("accept-language", "")
    tags = [tag.split(";")[0].strip() for tag in accepted.split(",")]
    known = [tag for tag in tags if tag and (nearest(tag) != DEFAULT or tag.startswith(DEFAULT))]
    return nearest(known[0]) if known else ""


def page(
    template: str,
    voice: Voice,
    /,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """A template as a response that caches do not store: a page, or a fragment of one for htmx."""
    return html_response(render(template, voice, **context), status=status, headers=headers)


def html_response(html: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
    """HTML that caches do not store."""
    return Response(
        html,
        status_code=status,
        media_type=MediaType.HTML,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def not_modified() -> Response[None]:
    """204: what the reader has on the screen is fresh."""
    return Response(None, status_code=204, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


def download(
    content: bytes, media_type: str, name: str, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """A file to save under this name. Telegram's web clients fetch it from another origin, which CORS allows
    them."""
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
    """404 for `NotFound`, 403 for `Forbidden`, 429 for `TooOften`, else 422."""
    match refusal:
        case NotFound():
            return 404
        case Forbidden():
            return 403
        case TooOften():
            return 429
    return 422


def retry_header(refusal: Refusal) -> dict[str, str]:
    """When the same request may succeed, for a refusal that is about the moment."""
    match refusal:
        case Busy():
            return {"Retry-After": "1"}
        case TooOften():
            return {"Retry-After": str(refusal.retry_after)}
    return {}


def refusal_response(request: AnyRequest, refusal: Refusal, *, status: int | None = None) -> Response[str]:
    """A refusal in the reader's language: a notice for htmx, else a plain page (`X5`)."""
    voice = voice_of(request)
    status = status or status_of(refusal)
    if not is_htmx(request):
        answer = plain_page(request, status, refusal=refusal)
        answer.headers.update(retry_header(refusal))
        return answer
    headers = {"HX-Retarget": NOTICE, "HX-Reswap": "outerHTML"} | retry_header(refusal)
    return page("_notice.html", voice, status=status, headers=headers, refusal=refusal)


def plain_page(
    request: AnyRequest, status: int, *, refusal: Refusal | None = None, sentence: str = ""
) -> Response[str]:
    """A page without the frame of a site: a refusal or an error in one sentence; `sentence` is in the reader's
    language already."""
    return page(
        "plain.html",
        voice_of(request),
        status=status,
        code=status,
        refusal=refusal,
        sentence=sentence,
        again=status in RETRYABLE and request.method == "GET",
    )
