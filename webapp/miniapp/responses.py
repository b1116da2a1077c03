"""The Mini App's responses: a screen, the one root element that every response swaps or morphs."""

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
    """A screen for this person. After a change its root carries the `outcome` as `data-outcome`."""
    return page(
        f"miniapp/{template}",
        person.voice,
        status=status,
        person=person,
        outcome=outcome,
        **context,
    )


RENDERED_AT_ONCE = 4  # screens rendered at once for readers who only look, in one process
_rendering = 0


async def render_if_capacity(
    seen: str, render: Coroutine[Any, Any, Response[str]]
) -> Response[str] | Response[None]:
    """Render a screen: always for a reader who opens it, but only within capacity for one that asks for
    changes (`seen`).

    When a thousand readers look at an instance that changes twice a second, there is more to render than
    there is time for, and taps would wait behind it. Beyond `RENDERED_AT_ONCE` screens readers get
    204 and ask again: what they see lags, and is never lost.
    """
    global _rendering
    if not seen:
        return await render
    if _rendering >= RENDERED_AT_ONCE:
        render.close()
        return not_modified()
    _rendering += 1
    try:
        return await render
    finally:
        _rendering -= 1


def refusal_screen(request: AnyRequest, refusal: Refusal) -> Response[str]:
    """A refusal inside the Mini App: a screen when one was requested, else a notice on the present one."""
    if request.method == "GET" and isinstance(refusal, NotFound | Forbidden):
        return page("miniapp/refused.html", voice_of(request), status=status_of(refusal), refusal=refusal)
    return refusal_response(request, refusal)
