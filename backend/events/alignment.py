"""Which occurrences of a rule stored instants stand for, when the clocks of their zone may have been others
then (`S10`).

Two releases of the zone data differ by a shift that stays the same for a season or for good. So the instants
of a series, in their order, are matched with its occurrences, in theirs, such that the shift changes as
seldom and as few are left over as possible. Pure: no tables, no clock.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

LARGEST_SHIFT = timedelta(hours=3)
_SHIFTS = frozenset(
    timedelta(minutes=minutes) for minutes in (0, 30, 60, 90, 120, 180, -30, -60, -90, -120, -180)
)
_CHANGE = 1.0  # what another shift than that of the match before costs
_GAP = 1.5  # what it costs to pass over occurrences of the same hours: all of them were made together
_PER_HOUR = 0.01  # what the size of a shift costs: of two that fit as well, the smaller one is taken
LEFT_OVER = 4.0  # what an instant costs that surely stands for an occurrence, and none is found
LEFT_OVER_UNSURE = 0.5  # the same, when it may stand for none
_HOPELESS = 3 * LEFT_OVER  # worse than the best by so much, a way of matching is given up

_State = tuple[int, timedelta]  # the occurrence that was matched last, and the shift of that match
_Path = tuple["_Path", int | None] | None  # what each instant so far was matched with, the last one first


def align(instants: Sequence[tuple[datetime, float]], occurrences: Sequence[datetime]) -> list[int | None]:
    """For each instant the index of its occurrence, or None. Both are in ascending order, and so are the
    matches; each instant comes with what it costs to leave it over."""
    states: dict[_State, tuple[float, _Path]] = {(-1, timedelta()): (0.0, None)}
    for instant, left_over in instants:
        first = bisect_left(occurrences, instant - LARGEST_SHIFT)
        last = bisect_right(occurrences, instant + LARGEST_SHIFT)
        following: dict[_State, tuple[float, _Path]] = {}

        for (matched, shift), (cost, path) in states.items():
            _offer(following, (matched, shift), cost + left_over, (path, None))
            for index in range(max(first, matched + 1), last):
                new_shift = instant - occurrences[index]
                if new_shift in _SHIFTS:
                    change = _CHANGE if new_shift != shift else 0.0
                    gap = _GAP if _passes_over(matched, index, occurrences) else 0.0
                    size = _PER_HOUR * (abs(new_shift) / timedelta(hours=1))
                    _offer(following, (index, new_shift), cost + change + gap + size, (path, index))
        worst = min(cost for cost, _ in following.values()) + _HOPELESS
        states = {state: way for state, way in following.items() if way[0] <= worst}
    return _unwind(min(states.values(), key=lambda way: way[0])[1])


def _passes_over(matched: int, index: int, occurrences: Sequence[datetime]) -> bool:
    """Whether between two matches there are occurrences near one of them, with which they could be confused."""
    if not 0 <= matched < index - 1:
        return False
    after_last, before_this = occurrences[matched + 1], occurrences[index - 1]
    return (
        after_last - occurrences[matched] <= LARGEST_SHIFT
        or occurrences[index] - before_this <= LARGEST_SHIFT
    )


def _offer(ways: dict[_State, tuple[float, _Path]], state: _State, cost: float, path: _Path) -> None:
    if state not in ways or cost < ways[state][0]:
        ways[state] = (cost, path)


def _unwind(path: _Path) -> list[int | None]:
    matches = []
    while path is not None:
        path, match = path
        matches.append(match)
    return matches[::-1]
