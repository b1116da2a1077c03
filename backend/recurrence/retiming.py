"""The rule of a series that starts at another wall clock: edited (`S11`), or copied (`S9`).

RRULE follows the start by itself. UNTIL, EXDATE and RDATE name moments, which mean other days once the hour,
the zone or the first day is another. Pure: no tables, no clock.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile

from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.occurrences import Occurrence, last_day, rule_instants
from backend.recurrence.rfc5545 import format_recurrence, parse_recurrence
from backend.recurrence.rules import DateOrDateTime, Recurrence, Rule
from backend.recurrence.steps import Steps
from backend.recurrence.timing import SeriesTiming
from backend.zones import exact_wall_clock, resolve_exact, resolve_local

COURSE_MAX = 1000  # dates of a series that are counted when it is copied
_LONG_AGO, _FAR_AWAY = datetime(1800, 1, 1, tzinfo=UTC), datetime(3200, 1, 1, tzinfo=UTC)


def day_at_own_time(value: DateOrDateTime, timing: SeriesTiming) -> date | None:
    """The local day that an EXDATE or RDATE names, or None when it names another time of day than that of the
    series."""
    if not isinstance(value, datetime):
        return value
    wall = _exact_wall(value, timing.zone)
    own = datetime.combine(wall.date(), timing.starts_local.time())
    return wall.date() if resolve_local(own, timing.zone) == resolve_exact(wall, timing.zone) else None


def extra_dates(recurrence: Recurrence, timing: SeriesTiming) -> list[DateOrDateTime]:
    """The RDATEs that no EXDATE takes back, in ascending order; at the time of the series they are days."""
    excluded = {_day_or_instant(value, timing.zone) for value in recurrence.exdates}
    kept = {
        day_at_own_time(value, timing) or value
        for value in recurrence.rdates
        if not excluded & {_rdate_instant(value, timing), rdate_wall(value, timing).date()}
    }
    return sorted(kept, key=lambda value: _rdate_instant(value, timing))


def rdate_wall(value: DateOrDateTime, timing: SeriesTiming) -> datetime:
    """The exact wall clock of an RDATE; a DATE takes place at the time of the series."""
    if not isinstance(value, datetime):
        return datetime.combine(value, timing.starts_local.time())
    return _exact_wall(value, timing.zone)


def _rdate_instant(value: DateOrDateTime, timing: SeriesTiming) -> datetime:
    return resolve_exact(rdate_wall(value, timing), timing.zone)


def _day_or_instant(value: DateOrDateTime, zone: str) -> DateOrDateTime:
    if not isinstance(value, datetime):
        return value
    return value if value.tzinfo is not None else resolve_local(value, zone)


def _exact_wall(value: datetime, zone: str) -> datetime:
    return value if value.tzinfo is None else exact_wall_clock(value, zone)


def retime(timing: SeriesTiming, starts_local: datetime, zone: str) -> str:
    """The rule for another start or zone: the days left out stay left out, and the last day stays the last.

    An extra date with a time of its own keeps it, and so do rules with hours of their own; one at the time of
    the series follows. Raises `InvalidRecurrence`, `UnknownZone`.
    """
    if (starts_local.time(), zone) == (timing.starts_local.time(), timing.zone):
        return timing.rule
    recurrence = parse_recurrence(timing.rule)
    return format_recurrence(
        Recurrence(
            tuple(_retime_until(rule, timing) for rule in recurrence.rules),
            tuple(_retime_until(rule, timing) for rule in recurrence.exrules),
            tuple(extra_dates(recurrence, timing)),
            tuple(_retime_exdates(recurrence, timing, starts_local)),
        )
    )


def _has_own_hours(rule: Rule) -> bool:
    return bool(rule.by_hour or rule.by_minute or rule.by_second)


def _retime_until(rule: Rule, timing: SeriesTiming) -> Rule:
    if rule.until is None:
        return rule
    if isinstance(rule.until, datetime) and _has_own_hours(rule):
        return replace(rule, until=_exact_wall(rule.until, timing.zone))
    return replace(rule, until=last_day(rule.until, timing.starts_local.time(), timing.zone))


def _retime_exdates(
    recurrence: Recurrence, timing: SeriesTiming, starts_local: datetime
) -> Iterator[DateOrDateTime]:
    has_own_hours = any(map(_has_own_hours, recurrence.rules))
    for value in recurrence.exdates:
        day = day_at_own_time(value, timing)
        if day is not None:
            yield datetime.combine(day, starts_local.time()) if isinstance(value, datetime) else value
        elif has_own_hours and isinstance(value, datetime):
            wall = _exact_wall(value, timing.zone)
            yield wall if wall.microsecond == 0 else value  # the second of an hour that comes twice
        # Any other leaves out nothing now, and is not to begin with it.


def copy_rule(timing: SeriesTiming, starts_local: datetime) -> str:
    """The rule of a copy that starts at another wall clock (`S9`).

    A series that ends has as many dates again, and leaves out those with the same numbers. One that does not,
    or has more than `COURSE_MAX` dates or than can be counted (`X8`), leaves out the same days as before. Raises as
    `retime`.
    """
    recurrence = parse_recurrence(timing.rule)
    copy = _copy_course(timing, recurrence, starts_local)
    if copy is None:
        copy = parse_recurrence(retime(timing, starts_local, timing.zone))
        start, copied = resolve_local(starts_local, timing.zone), replace(timing, starts_local=starts_local)
        copy = replace(
            copy, rdates=tuple(value for value in copy.rdates if _rdate_instant(value, copied) > start)
        )
    return timing.rule if copy == recurrence else format_recurrence(copy)


def _copy_course(timing: SeriesTiming, recurrence: Recurrence, starts_local: datetime) -> Recurrence | None:
    """The recurrence with as many dates; None of one without an end, or with too many."""
    steps = Steps()
    try:
        dates = _course_dates(timing, recurrence, steps)
        return _shift_course(timing, recurrence, dates, starts_local, steps) if dates else None
    except InvalidRecurrence as error:
        if error.fault is not RecurrenceFault.TOO_MUCH_WORK:
            raise
        return None


def _course_dates(timing: SeriesTiming, recurrence: Recurrence, steps: Steps) -> list[Occurrence]:
    """The dates of a series that ends, with those left out; none of one without an end or with too many."""
    has_end = all(rule.count is not None or rule.until is not None for rule in recurrence.rules)
    if not has_end and timing.bounds.before is None:
        return []
    everything = replace(timing, rule=format_recurrence(replace(recurrence, exdates=())))
    dates = _all_dates(everything, steps)
    return dates if len(dates) <= COURSE_MAX else []


def _all_dates(timing: SeriesTiming, steps: Steps) -> list[Occurrence]:
    return timing.occurrences(after=_LONG_AGO, until=_FAR_AWAY, limit=COURSE_MAX + 1, steps=steps)


def _shift_course(
    timing: SeriesTiming,
    recurrence: Recurrence,
    dates: list[Occurrence],
    starts_local: datetime,
    steps: Steps,
) -> Recurrence:
    start = timing.starts_local if timing.bounds.since is None else dates[0].local
    by = starts_local.date() - start.date()
    copy = Recurrence(
        tuple(
            replace(rule, until=None, count=count)
            for rule in recurrence.rules
            if (count := _count_matches(rule, timing, steps))
        ),
        tuple(_shift_until(rule, timing, by) for rule in recurrence.exrules),
        tuple(_shift_rdate(value, timing, by) for value in recurrence.rdates),
    )
    held = {date.original_start for date in _all_dates(timing, steps)}
    left_out = [number for number, date in enumerate(dates) if date.original_start not in held]
    if not left_out:
        return copy
    copied = SeriesTiming(starts_local, timing.zone, format_recurrence(copy), timing.duration_minutes)
    new_dates = _all_dates(copied, steps)
    a_day = Counter(date.local.date() for date in new_dates)
    exdates = [
        date.local.date() if a_day[date.local.date()] == 1 else date.original_start
        for date in (new_dates[number] for number in left_out if number < len(new_dates))
    ]
    return replace(copy, exdates=tuple(exdates))


def _count_matches(rule: Rule, timing: SeriesTiming, steps: Steps) -> int:
    """How many dates of a series a rule has, with the start as its COUNT would count it."""
    since, before = timing.bounds.since, timing.bounds.before
    instants = rule_instants(rule, timing.starts_local, timing.zone, steps)
    instants = takewhile(lambda instant: before is None or instant < before, instants)
    start = resolve_local(timing.starts_local, timing.zone)
    found = {instant for instant in instants if since is None or instant >= since}
    return len(found | {start}) if since is None else len(found)


def _shift_until(rule: Rule, timing: SeriesTiming, by: timedelta) -> Rule:
    if rule.until is None:
        return rule
    return replace(rule, until=last_day(rule.until, timing.starts_local.time(), timing.zone) + by)


def _shift_rdate(value: DateOrDateTime, timing: SeriesTiming, by: timedelta) -> DateOrDateTime:
    return (
        rdate_wall(value, timing).replace(microsecond=0) + by if isinstance(value, datetime) else value + by
    )
