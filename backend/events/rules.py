"""When a series happens (`S1` to `S3`), how its rule reads, what may be done when (`B5`, `S8`).

Pure functions: no tables, no clock. The text of a rule is read in `rfc5545`, wall clocks become
instants in `wallclock`, `rule_words` describes; callers find everything here.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.events.recurrence import (
    REACH,
    Moment,
    Recurrence,
    Rule,
    wall_times,
)
from backend.events.rfc5545 import parse_recurrence
from backend.zones import (
    resolve_local,
    wall_clock,
)

# No zone ever jumped by more than a day (Samoa, 2011): walls this far apart keep their order.
_WIDEST_JUMP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One date of a series: its identity (`S2`, aware, UTC) and what the wall clock shows then."""

    original_start: datetime
    local: datetime

    @property
    def utc_offset(self) -> timedelta:
        """How far the zone is from UTC then; it differs on the two sides of a DST change."""
        return self.local - self.original_start.replace(tzinfo=None)


def occurrences(
    starts_local: datetime,
    zone: str,
    recurrence: Recurrence,
    *,
    after: datetime,
    until: datetime,
    limit: int,
) -> list[Occurrence]:
    """The first `limit` dates of a series strictly after `after`, up to and including `until`.

    `starts_local` is a naive wall clock (a fraction of a second is dropped), the bounds are aware.
    Ascending, no instant twice, even where a DST gap moves one wall clock onto another (`S3`).

    As in RFC 5545 the start is always the first date, also when no rule matches it or UNTIL is
    earlier, and the first that each COUNT counts; EXDATE and EXRULE can leave it out, which gives
    no other date in its place. Extra dates before the start are none. Unlike RFC 5545, a rule's
    date whose local time does not exist is kept, moved forward (`S3`). Dates more than a hundred
    years after the start are not looked for. Raises `UnknownZone`, and `ValueError` when a bound
    is naive, or the start is not or lies outside the years 1900 to 2999.
    """
    if after.tzinfo is None or until.tzinfo is None:
        raise ValueError("a span of time is bounded by instants")
    if not 1900 <= starts_local.year < 3000:
        raise ValueError("a series starts between the years 1900 and 3000")
    if limit <= 0:
        return []
    starts = starts_local.replace(microsecond=0, fold=0)
    first = resolve_local(starts, zone)
    after = max(after, first - timedelta(seconds=1))
    until = min(until, first + timedelta(days=365 * REACH))
    left_out = _left_out(starts, zone, recurrence)

    def wanted(instant: datetime) -> bool:
        return after < instant <= until and not left_out(instant)

    found = {instant for instant in (first, *_extra(starts, zone, recurrence)) if wanted(instant)}
    for rule in recurrence.rules:
        found |= _first_of(rule, starts, zone, wanted, until=until, limit=limit)
    return [Occurrence(at, wall_clock(at, zone)) for at in sorted(found)[:limit]]


def _extra(starts: datetime, zone: str, recurrence: Recurrence) -> Iterator[datetime]:
    for moment in recurrence.rdates:
        if isinstance(moment, datetime):
            yield moment if moment.tzinfo is not None else resolve_local(moment, zone)
        else:
            yield resolve_local(datetime.combine(moment, starts.time()), zone)


def _first_of(
    rule: Rule,
    starts: datetime,
    zone: str,
    wanted: Callable[[datetime], bool],
    *,
    until: datetime,
    limit: int,
) -> set[datetime]:
    """The first `limit` wanted dates of one rule, and perhaps some more."""
    found: set[datetime] = set()
    last = wall_clock(until, zone) + _WIDEST_JUMP
    for wall, instant in _instants(rule, starts, zone, counted=1):
        if wall > last:
            break
        if wanted(instant):
            found.add(instant)
            if len(found) == limit:
                # A gap may have moved this date past one that comes later on the wall.
                last = min(last, wall + _WIDEST_JUMP)
    return found


def _instants(
    rule: Rule, starts: datetime, zone: str, *, counted: int
) -> Iterator[tuple[datetime, datetime]]:
    """The wall clocks of a rule and their instants, ended by its COUNT or UNTIL.

    `counted` is 1 when the start is the first date whatever the rule says, and 0 when it is not.
    """
    for wall in wall_times(rule, starts):
        if counted == 0 or wall != starts:
            counted += 1
        if rule.count is not None and counted > rule.count:
            return
        instant = resolve_local(wall, zone)
        if rule.until is not None and _is_past(rule.until, wall, instant):
            return
        yield wall, instant


def _is_past(until: Moment, wall: datetime, instant: datetime) -> bool:
    """Whether a date is past UNTIL: an instant, a wall clock, or a whole day, all inclusive."""
    if not isinstance(until, datetime):
        return wall.date() > until
    return wall > until if until.tzinfo is None else instant > until


def _left_out(starts: datetime, zone: str, recurrence: Recurrence) -> Callable[[datetime], bool]:
    """The question whether an instant is left out; EXRULEs are read only as far as is asked."""
    days = {moment for moment in recurrence.exdates if not isinstance(moment, datetime)}
    instants = {
        moment if moment.tzinfo is not None else resolve_local(moment, zone)
        for moment in recurrence.exdates
        if isinstance(moment, datetime)
    }
    # An EXRULE is anchored at the start but takes away only what it matches. What it says of an
    # instant stands at the wall clock shown then, or before it, where a gap moved it from.
    pending = [_instants(rule, starts, zone, counted=0) for rule in recurrence.exrules]
    read_to = [starts] * len(pending)

    def is_left_out(instant: datetime) -> bool:
        wall = wall_clock(instant, zone)
        for index, dates in enumerate(pending):
            while read_to[index] <= wall:
                read_to[index], excluded = next(dates, (datetime.max, None))
                if excluded is not None:
                    instants.add(excluded)
        return instant in instants or wall.date() in days

    return is_left_out


@dataclass(frozen=True, slots=True)
class Part:
    """The part of its rule's dates that a series has, once it was split (`S4`): from the one instant on, before the other."""

    since: datetime | None = None
    before: datetime | None = None


WHOLE = Part()
_SECOND = timedelta(seconds=1)  # dates lie on whole seconds
_ALL = 20_000


@dataclass(frozen=True, slots=True)
class Timing:
    """When a series happens: all that its dates follow from. `starts_local` is a naive wall clock in `zone`."""

    starts_local: datetime
    zone: str
    rule: str
    duration_minutes: int
    part: Part = WHOLE

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    def same_rhythm(self, other: "Timing") -> bool:
        """Whether both have the same dates, however long each takes."""
        return (self.starts_local, self.zone, self.rule, self.part) == (
            other.starts_local,
            other.zone,
            other.rule,
            other.part,
        )

    def dates(self, *, after: datetime, until: datetime, limit: int) -> list[Occurrence]:
        """The first `limit` dates strictly after `after`, up to and including `until`, within its part. Raises `BadRule`."""
        if self.part.since is not None:
            after = max(after, self.part.since - _SECOND)
        if self.part.before is not None:
            until = min(until, self.part.before - _SECOND)
        return occurrences(
            self.starts_local,
            self.zone,
            parse_recurrence(self.rule),
            after=after,
            until=until,
            limit=limit,
        )

    def among(self, starts: Iterable[datetime]) -> frozenset[datetime]:
        """Which of these instants are dates of it."""
        asked = frozenset(starts)
        if not asked:
            return asked
        found = self.dates(after=min(asked) - _SECOND, until=max(asked), limit=_ALL)
        return asked & {one.original_start for one in found}


def timing_of(row: Any) -> Timing:
    """The timing in a row of series."""
    return Timing(
        row["starts_local"],
        row["zone"],
        row["rule"],
        row["duration_minutes"],
        Part(row["dates_from"], row["dates_before"]),
    )
