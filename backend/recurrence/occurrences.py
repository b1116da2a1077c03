"""The occurrences of a recurrence as instants: the recurrence set of RFC 5545 §3.8.5 in a zone (`S1` to
`S3`).

Pure: no tables, no clock. `rfc5545` reads text, `rules` finds wall clocks, `zones` resolves them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from heapq import merge

from backend.recurrence.expansion import REACH, wall_times
from backend.recurrence.rules import DateOrDateTime, Recurrence, Rule
from backend.recurrence.steps import AN_INSTANT, Steps
from backend.zones import exact_wall_clock, resolve_local, wall_clock

# No zone has ever jumped by more than a day (Samoa, 2011): wall clocks this far apart keep their order as
# instants.
_WIDEST_JUMP = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence of a series: its instant (aware, UTC) and the wall clock at it (naive).

    `original_local` is the wall clock that the rule names, as `exact_wall_clock` writes it, and its identity
    (`S2`). It is another than `local` where a gap moved it (`S3`), and where an RDATE in UTC names the second
    of an hour that comes twice.
    """

    original_start: datetime
    local: datetime
    original_local: datetime

    @property
    def utc_offset(self) -> timedelta:
        """How far the zone is from UTC at that instant; it differs on the two sides of a DST change."""
        return self.local - self.original_start.replace(tzinfo=None)


def occurrences(
    starts_local: datetime,
    zone: str,
    recurrence: Recurrence,
    *,
    after: datetime,
    until: datetime,
    limit: int,
    steps: Steps | None = None,
) -> list[Occurrence]:
    """The first `limit` occurrences strictly after `after`, up to and including `until`, in ascending order.

    `starts_local` (DTSTART) is a naive wall clock, of which fractions of a second are dropped; the limits are
    aware. No instant appears twice, even where a DST gap moves one wall clock onto another (`S3`).

    As in RFC 5545 §3.8.5.3 the start is always the first occurrence, even when no rule matches it or UNTIL is
    earlier, and the first that each COUNT counts. EXDATE and EXRULE can exclude it, and no other occurrence
    takes its place. An RDATE may be earlier than the start, and counts for no COUNT. Unlike RFC 5545
    §3.3.10, an occurrence whose local time does not exist is kept and moved forward (`S3`). Nothing later
    than `REACH` years after the start is found.

    Raises `InvalidRecurrence` when it takes more steps than there are (`X8`), `UnknownZone`, and `ValueError`
    when a limit is naive, or the start is aware or outside the years 1900 to 2999.
    """
    if after.tzinfo is None or until.tzinfo is None:
        raise ValueError("the limits of a span of time must be aware")
    if not 1900 <= starts_local.year < 3000:
        raise ValueError("a series starts between the years 1900 and 3000")
    if limit <= 0:
        return []
    starts = starts_local.replace(microsecond=0, fold=0)
    first = resolve_local(starts, zone)
    until = min(until, first + timedelta(days=365 * REACH))
    since = wall_clock(min(max(after, first), until), zone) - _WIDEST_JUMP
    last_wall = wall_clock(until, zone) + _WIDEST_JUMP
    steps = steps or Steps()
    exclusions = _Exclusions(starts, zone, recurrence, since, last_wall, steps)

    def is_included(instant: datetime) -> bool:
        return after < instant <= until and not exclusions.has(instant)

    found = [(starts, first), *_rdates(starts, zone, recurrence)]
    found = [(wall, instant) for wall, instant in found if is_included(instant)]
    instants: set[datetime] = set()
    matches = (
        _rule_instants(rule, starts, zone, steps, counted=1, since=since, until=last_wall)
        for rule in recurrence.rules
    )
    for wall, instant in merge(*matches):
        if wall > last_wall:
            break
        if first <= instant and is_included(instant):
            found.append((wall, instant))
            instants.add(instant)
            if len(instants) == limit:
                # A gap may have moved this occurrence past one whose wall clock is later.
                last_wall = min(last_wall, wall + _WIDEST_JUMP)
    return sorted(_unique(found, zone), key=lambda occurrence: occurrence.original_start)[:limit]


def _unique(found: Iterable[tuple[datetime, datetime]], zone: str) -> Iterator[Occurrence]:
    """The occurrences at these wall clocks and instants, each instant once.

    Of two wall clocks at one instant the one that exists counts, not the one that a gap moved onto it.
    """
    walls: dict[datetime, set[datetime]] = defaultdict(set)
    for wall, instant in found:
        walls[instant].add(wall)
    for instant, at_instant in walls.items():
        local = wall_clock(instant, zone)
        exact = local if local in at_instant else exact_wall_clock(instant, zone)
        yield Occurrence(instant, local, exact if exact in at_instant else min(at_instant))


def _rdates(starts: datetime, zone: str, recurrence: Recurrence) -> Iterator[tuple[datetime, datetime]]:
    """The wall clocks and instants of the RDATE values; a DATE takes place at the series' own time of day."""
    for value in recurrence.rdates:
        if isinstance(value, datetime) and value.tzinfo is not None:
            yield exact_wall_clock(value, zone), value
        else:
            wall = value if isinstance(value, datetime) else datetime.combine(value, starts.time())
            yield wall, resolve_local(wall, zone)


def _rule_instants(
    rule: Rule,
    starts: datetime,
    zone: str,
    steps: Steps,
    *,
    counted: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[tuple[datetime, datetime]]:
    """The wall clocks of a rule with their instants, ended by its COUNT or UNTIL, and from a wall clock `since`
    on: what is earlier is jumped over where that can be had without counting. They may end soon after the wall clock `until`.

    `counted` is 1 when the start is the first occurrence whatever the rule says, and 0 when it is not.
    """
    jump_to = None if rule.count is not None else since
    for wall in wall_times(rule, starts, since=jump_to, until=until, steps=steps):
        if counted == 0 or wall != starts:
            counted += 1
        if rule.count is not None and counted > rule.count:
            return
        if since is not None and wall < since:
            continue
        steps.take(AN_INSTANT)
        instant = resolve_local(wall, zone)
        if rule.until is not None and _is_after_until(rule.until, wall, instant):
            return
        yield wall, instant


def _is_after_until(until: DateOrDateTime, wall: datetime, instant: datetime) -> bool:
    """Whether an occurrence is later than UNTIL, which is inclusive: an instant, wall clock or local day."""
    if not isinstance(until, datetime):
        return wall.date() > until
    return wall > until if until.tzinfo is None else instant > until


def rule_instants(rule: Rule, starts: datetime, zone: str, steps: Steps) -> Iterator[datetime]:
    """The instants that a rule matches from the start of its series on, ended by its COUNT or UNTIL. Raises
    `InvalidRecurrence` when it takes more steps than there are."""
    return (instant for _, instant in _rule_instants(rule, starts, zone, steps, counted=1))


def last_day(until: DateOrDateTime, time_of_day: time, zone: str) -> date:
    """The last local day whose occurrence at this time of day is not after UNTIL."""
    if not isinstance(until, datetime):
        return until
    day = until.date()
    if until.tzinfo is not None:
        day = wall_clock(until, zone).date()
    wall = datetime.combine(day, time_of_day)
    return day - timedelta(days=_is_after_until(until, wall, resolve_local(wall, zone)))


class _Exclusions:
    """The instants that EXDATE or EXRULE excludes, among those whose wall clock lies between two. It reads
    EXRULEs only as far as needed."""

    def __init__(
        self,
        starts: datetime,
        zone: str,
        recurrence: Recurrence,
        since: datetime,
        until: datetime,
        steps: Steps,
    ) -> None:
        self.zone = zone
        self.days = {value for value in recurrence.exdates if not isinstance(value, datetime)}
        self.instants = {
            value if value.tzinfo is not None else resolve_local(value, zone)
            for value in recurrence.exdates
            if isinstance(value, datetime)
        }
        # An EXRULE is anchored at the start but excludes only what it matches. The match that excludes an instant
        # has the wall clock of that instant, or an earlier one, from which a gap moved it.
        self.matches = merge(
            *(
                _rule_instants(rule, starts, zone, steps, counted=0, since=since, until=until)
                for rule in recurrence.exrules
            )
        )
        self.read_until = starts if recurrence.exrules else datetime.max

    def has(self, instant: datetime) -> bool:
        if not self.days and self.read_until == datetime.max:
            return instant in self.instants
        wall = wall_clock(instant, self.zone)
        while self.read_until <= wall:
            self.read_until, excluded = next(self.matches, (datetime.max, None))
            if excluded is not None:
                self.instants.add(excluded)
        return instant in self.instants or wall.date() in self.days
