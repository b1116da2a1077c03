"""What was acknowledged to whom, compared with what the database holds."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ops.drill.load import Act

Seat = tuple[int, int]  # membership and instance
SEATS = {"book": 1, "leave": 0}


@dataclass(frozen=True, slots=True)
class Lost:
    """A seat that the database holds otherwise than was acknowledged, and the Unix time of the acknowledgement."""

    seat: Seat
    verb: str
    at: float


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a seat as the participation log has it, at a Unix time."""

    seat: Seat
    verb: str
    at: float


def read(path: Path) -> list[Act]:
    """The acts of a journal, in the order in which they ended."""
    lines = path.read_text().splitlines() if path.exists() else []
    acts = [Act(**{**(one := json.loads(line)), "failures": tuple(one["failures"])}) for line in lines]
    return sorted(acts, key=lambda act: act.ended)


def lost(acts: Iterable[Act], held: Mapping[Seat, int], *, until: float = float("inf")) -> list[Lost]:
    """What was acknowledged before `until` and is not so in the database.

    An act that was running then may have been done or not, and neither is a loss.
    """
    latest: dict[Seat, Act] = {}
    open_seats: set[Seat] = set()
    for act in acts:
        seat = (act.membership, act.instance)
        if act.verb not in SEATS:
            continue
        if act.acknowledged and act.ended <= until:
            latest[seat] = act
            open_seats.discard(seat)
        elif act.began <= until:
            open_seats.add(seat)
    return [
        Lost(seat, act.verb, act.ended)
        for seat, act in latest.items()
        if seat not in open_seats and held.get(seat, 0) != SEATS[act.verb]
    ]


def late(acts: Iterable[Act], changes: Iterable[Change]) -> list[Change]:
    """The changes that were made when the person who had asked for them had been answered otherwise, or had asked for something
    else since."""
    asked: dict[tuple[Seat, str], list[Act]] = {}
    for act in acts:
        asked.setdefault(((act.membership, act.instance), act.verb), []).append(act)
    return [
        one
        for one in changes
        if not any(act.began <= one.at <= act.ended for act in asked.get((one.seat, one.verb), ()))
    ]


def longest_gap(acts: Iterable[Act], begin: float, end: float) -> float:
    """The longest time between two instants in which no booking or leave was acknowledged, in seconds."""
    moments = [act.ended for act in acts if act.acknowledged and act.verb in SEATS]
    inside = [begin, *sorted(at for at in moments if begin < at < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


def slowest(acts: Iterable[Act]) -> float:
    """How long the longest act took over all its tries, in seconds."""
    return max((act.ended - act.began for act in acts), default=0.0)


def failures(acts: Iterable[Act]) -> Counter[str]:
    """How many tries failed, by how."""
    return Counter(failure for act in acts for failure in act.failures)


def given_up(acts: Iterable[Act]) -> int:
    """How many acts were never acknowledged."""
    return sum(not act.acknowledged for act in acts)
