"""Where dates go that the rule of their series no longer has; pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backend.zones import wall_clock

REACH = timedelta(days=7)  # how far a date is moved at most, either way


def destinations(starts: Sequence[datetime], free: Sequence[datetime], zone: str) -> list[datetime | None]:
    """For each start, in their order, the free date of the rule that it moves to, or None: one in the same week, else the
    nearest within reach; of two as near, the later. No two get the same. All are aware instants."""
    left = set(free)
    found: list[datetime | None] = []
    for start in starts:
        week = _week(start, zone)
        near = [one for one in left if abs(one - start) <= REACH]
        best = min(
            near,
            key=lambda one: (_week(one, zone) != week, abs(one - start), -one.timestamp()),
            default=None,
        )
        if best is not None:
            left.discard(best)
        found.append(best)
    return found


def _week(instant: datetime, zone: str) -> tuple[int, int]:
    year, week, _ = wall_clock(instant, zone).isocalendar()
    return year, week
