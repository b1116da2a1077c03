"""When a series happens: its start, zone, rule and duration, within the bounds that splitting gave it (`S1`,
`S4`).

Pure: no tables, no clock.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any

from backend.recurrence.expansion import wall_times
from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.occurrences import Occurrence, occurrences
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.steps import STEPS_MAX, STEPS_TO_SAVE, Steps
from backend.zones import resolve_exact, resolve_local, start_of_day

MAX_LOOKAHEAD = timedelta(days=3660)  # no occurrence further ahead is looked for
_RESOLUTION = timedelta(seconds=1)  # occurrences lie on whole seconds
_ALL = 20_000  # more than the steps of a search can find
_NEAR = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class SeriesBounds:
    """The part of a rule's occurrences that belongs to a series after a split (`S4`).

    It includes the instant `since` and excludes the instant `before`; None is no bound on that side.
    """

    since: datetime | None = None
    before: datetime | None = None


UNBOUNDED = SeriesBounds()


@dataclass(frozen=True, slots=True)
class SeriesTiming:
    """Everything that the occurrences of a series follow from. `starts_local` is a naive wall clock in
    `zone`."""

    starts_local: datetime
    zone: str
    rule: str
    duration_minutes: int
    bounds: SeriesBounds = UNBOUNDED

    @property
    def duration(self) -> timedelta:
        return timedelta(minutes=self.duration_minutes)

    def has_same_starts(self, other: "SeriesTiming") -> bool:
        """Whether both have the same occurrences, however long each of them takes."""
        return (self.starts_local, self.zone, self.rule, self.bounds) == (
            other.starts_local,
            other.zone,
            other.rule,
            other.bounds,
        )

    def occurrences(
        self, *, after: datetime, until: datetime, limit: int, steps: Steps | None = None
    ) -> list[Occurrence]:
        """The first `limit` occurrences strictly after `after`, up to and including `until`, within bounds.

        Raises `InvalidRecurrence`, also when it takes more steps than there are (`X8`), and `UnknownZone`.
        """
        if self.bounds.since is not None:
            after = max(after, self.bounds.since - _RESOLUTION)
        if self.bounds.before is not None:
            until = min(until, self.bounds.before - _RESOLUTION)
        return occurrences(
            self.starts_local,
            self.zone,
            parse_recurrence(self.rule),
            after=after,
            until=until,
            limit=limit,
            steps=steps,
        )

    def check_work(self, ahead: timedelta, steps: Steps) -> None:
        """Raises `InvalidRecurrence` when what will be asked of these rules takes more than `STEPS_TO_SAVE` (`X8`): the
        dates of as far ahead as instances are made, the first one after them, and what each COUNT counts."""
        steps.take(_steps_to_save(self, ahead))

    def select(self, locals: Iterable[datetime | None]) -> frozenset[datetime]:
        """Those of the given exact wall clocks in the zone that identify an occurrence (`S2`). Raises as
        `occurrences` does."""
        candidates = frozenset(local for local in locals if local is not None)
        if not candidates:
            return candidates
        instants = sorted(resolve_exact(local, self.zone) for local in candidates)
        steps = Steps()
        found: set[datetime] = set()
        # An instance may have been moved by years: what lies between is not read.
        since = instants[0]
        for instant, following in zip_longest(instants, instants[1:]):
            if following is None or following - instant > _NEAR:
                dates = self.occurrences(after=since - _RESOLUTION, until=instant, limit=_ALL, steps=steps)
                found.update(occurrence.original_local for occurrence in dates)
                since = following
        return candidates & found


# A form is checked when it is read, and again in the transaction that saves it: what one worked out serves both.
@lru_cache(maxsize=256)
def _steps_to_save(timing: SeriesTiming, ahead: timedelta) -> int:
    """The steps of `SeriesTiming.check_work`, more than `STEPS_MAX` when it takes too many. Raises `InvalidRecurrence` for
    a rule that cannot be read."""
    to_save = Steps(STEPS_TO_SAVE)
    start = resolve_local(timing.starts_local, timing.zone)
    recurrence = parse_recurrence(timing.rule)
    try:
        for rule in (*recurrence.rules, *recurrence.exrules):
            if rule.count is not None:
                deque(islice(wall_times(rule, timing.starts_local, steps=to_save), rule.count), maxlen=0)
        timing.occurrences(after=start, until=start + ahead, limit=_ALL, steps=to_save)
        timing.occurrences(after=start + ahead, until=start + ahead + MAX_LOOKAHEAD, limit=1, steps=to_save)
    except InvalidRecurrence as error:
        if error.fault is not RecurrenceFault.TOO_MUCH_WORK:
            raise
    return STEPS_TO_SAVE - to_save.left if to_save.left >= 0 else STEPS_MAX + 1


def changed_bounds(old: SeriesTiming, new: SeriesTiming) -> SeriesBounds:
    """The bounds of a split series that gets another start, zone or rule: they move to the starts of their
    local days.

    Moving the series by an hour then neither loses the occurrence next to the split nor gains one of the
    other series.
    """
    if (old.starts_local, old.zone, old.rule) == (new.starts_local, new.zone, new.rule):
        return old.bounds
    since, before = old.bounds.since, old.bounds.before
    return SeriesBounds(
        start_of_day(since, new.zone) if since else None, start_of_day(before, new.zone) if before else None
    )


def timing_from_row(row: Any) -> SeriesTiming:
    """The timing in a row of `event_series`."""
    return SeriesTiming(
        row["starts_local"],
        row["zone"],
        row["rule"],
        row["duration_minutes"],
        SeriesBounds(row["dates_from"], row["dates_before"]),
    )
