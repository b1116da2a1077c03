"""What a panel says of the consequences of a change (`S4`, `S5`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from backend.consequences.actions import TooMuchToPreview, consequences_of
from backend.consequences.sentences import Line, lines_of
from backend.errors import Busy, Refusal
from webapp.dashboard.session import Visit


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a panel shows: the lines, or why there are none."""

    lines: tuple[Line, ...] = ()
    refusal: Refusal | None = None
    is_unknown: bool = False  # the change can be made, but not be shown beforehand


async def what_if(
    visit: Visit,
    act: Callable[[], Awaitable[object]],
    series_id: int | None = None,
    *,
    is_whole: bool = False,
) -> WhatIf:
    """The panel for a change; with `is_whole` it also says which dates keep what they have of their own."""
    try:
        found = await consequences_of(act, visit.account.id, series_id)
    except (TooMuchToPreview, Busy) as refusal:
        return WhatIf(refusal=refusal, is_unknown=True)
    except Refusal as refusal:
        return WhatIf(refusal=refusal)
    return WhatIf(tuple(lines_of(visit.voice, found, is_whole=is_whole)))
