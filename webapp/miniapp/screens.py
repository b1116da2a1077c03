"""How the Mini App answers: with a screen, the one root element that every answer swaps or morphs."""

from typing import Any

from litestar import Response
from litestar.enums import MediaType

from backend.errors import Forbidden, NotFound, Refusal
from backend.people.queries import Person
from webapp.respond import AnyRequest, page, refused, status_of, voice_of


def screen(
    template: str, person: Person, /, *, outcome: str = "", status: int = 200, **context: Any
) -> Response[str]:
    """A screen for this person. `outcome` is the word its root carries as `data-outcome` after a change."""
    return page(
        f"miniapp/{template}",
        person.voice,
        status=status,
        person=person,
        outcome=outcome,
        **context,
    )


def unchanged() -> Response[None]:
    """Nothing on the screen differs from what it shows."""
    return Response(None, status_code=204, media_type=MediaType.HTML)


def refused_here(request: AnyRequest, refusal: Refusal) -> Response[str]:
    """A no inside the Mini App: where a screen was asked for, a screen that says so; else a notice near the finger."""
    if request.method == "GET" and isinstance(refusal, NotFound | Forbidden):
        return page(
            "miniapp/refused.html", voice_of(request), status=status_of(refusal), refusal=refusal
        )
    return refused(request, refusal)
