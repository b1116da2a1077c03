"""How the Mini App answers: with a screen, the one root element that every answer swaps or morphs."""

from collections.abc import Coroutine
from typing import Any

from litestar import Response

from backend.errors import Forbidden, NotFound, Refusal
from backend.people.queries import Person
from webapp.respond import AnyRequest, not_modified, page, refusal_response, status_of, voice_of

ScreenResponse = Response[str] | Response[None]  # without content: what the reader has is fresh


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


RENDERED_AT_ONCE = 4  # screens for those who only look, in one process
_rendering = 0


async def render_if_capacity(
    seen: str, draw: Coroutine[Any, Any, Response[str]]
) -> Response[str] | Response[None]:
    """A screen that has changed, for who asked whether it has (`seen`), or who comes to it.

    When a thousand look at what changes twice a second, there is more to draw than there is time for, and whoever taps
    would wait behind it. So those who look are told to look again when enough is being drawn for others: what they see
    lags, and is never lost.
    """
    global _rendering
    if not seen:
        return await draw
    if _rendering >= RENDERED_AT_ONCE:
        draw.close()
        return not_modified()
    _rendering += 1
    try:
        return await draw
    finally:
        _rendering -= 1


def refusal_screen(request: AnyRequest, refusal: Refusal) -> Response[str]:
    """A no inside the Mini App: where a screen was asked for, a screen that says so; else a notice near the finger."""
    if request.method == "GET" and isinstance(refusal, NotFound | Forbidden):
        return page("miniapp/refused.html", voice_of(request), status=status_of(refusal), refusal=refusal)
    return refusal_response(request, refusal)
