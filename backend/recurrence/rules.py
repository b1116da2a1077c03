"""Recurrence rules (RFC 5545 §3.3.10) in wall-clock time; `occurrences` makes instants of them (`S1`)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final, Literal

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule
from dateutil.rrule import weekday as dateutil_weekday

from backend import failpoints

# A DATE (a whole local day) or a DATE-TIME (RFC 5545 §3.3.4, §3.3.5): a wall clock in the zone of the series
# when naive, an instant when aware (UTC).
DateOrDateTime = date | datetime


class Freq(StrEnum):
    """FREQ of a rule. Frequencies above DAILY are refused."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(IntEnum):
    """Days of the week by their RFC 5545 names, numbered as `date.weekday()` does."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6


@dataclass(frozen=True, slots=True)
class WeekdayNum:
    """One value of BYDAY ("weekdaynum"): a weekday, or the nth (if negative, nth last) of a period."""

    weekday: Weekday
    ordinal: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE or EXRULE by its parts. An absent part is empty: what the start implies is not filled in."""

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: DateOrDateTime | None = None
    by_month: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[WeekdayNum, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: Weekday = Weekday.MO


@dataclass(frozen=True, slots=True)
class Recurrence:
    """The recurrence properties of a series: RRULE, EXRULE (RFC 2445 §4.8.5.2), RDATE and EXDATE (RFC 5545
    §3.8.5).

    A DATE among `rdates` is that day at the series' own time; among `exdates` it is the whole local day.
    Without any of them the series has one occurrence, its start.
    """

    rules: tuple[Rule, ...] = ()
    exrules: tuple[Rule, ...] = ()
    rdates: tuple[DateOrDateTime, ...] = ()
    exdates: tuple[DateOrDateTime, ...] = ()


_DATEUTIL_FREQ: Final[dict[Freq, Literal[0, 1, 2, 3]]] = {
    Freq.DAILY: DAILY,
    Freq.WEEKLY: WEEKLY,
    Freq.MONTHLY: MONTHLY,
    Freq.YEARLY: YEARLY,
}

# dateutil searches for the next match up to the year 9999. A rule that never matches (every 7th day from a
# Monday, if a Tuesday) would keep it busy for eight thousand years. The Gregorian calendar repeats itself,
# weekdays included, every 400 years: moved as near to the end of dateutil's calendar as leaves room for
# `REACH`, the same search ends soon.
REACH: Final = 100  # years
_CYCLE: Final = 400  # years
_LAST_START: Final = 9999 - REACH


def wall_times(rule: Rule, starts: datetime, *, since: datetime | None = None) -> Iterator[datetime]:
    """The wall clocks from `starts` (naive, whole seconds) on that match the rule, in ascending order.

    With `since`, a later wall clock, those from there on: what lies before is jumped over, however long ago the
    start is (`X8`). COUNT and UNTIL are not applied, because COUNT includes the start of the series and UNTIL may be an
    instant. At least `REACH` years are searched; the generator may end after that.
    """
    shift = _CYCLE * max(0, (_LAST_START - starts.year) // _CYCLE)
    first = starts.replace(year=starts.year + shift)
    anchor = first
    if rule.freq is Freq.WEEKLY:
        # BYSETPOS counts within the whole week; dateutil's first week would begin at the start.
        anchor -= timedelta(days=(first.weekday() - rule.week_start) % 7)
    if since is not None and since > starts:
        first = since.replace(year=since.year + shift)
        if not failpoints.on("rules.from-the-start"):
            anchor = _last_period_before(rule, anchor, first)
    for wall in _matches(rule, starts, anchor):
        if wall >= first:
            yield wall.replace(year=wall.year - shift)


def _last_period_before(rule: Rule, anchor: datetime, wall: datetime) -> datetime:
    """A start for the search in the last of the rule's own periods (every nth day, week, month or year from the
    anchor) that begins before the wall clock: the same matches follow from there."""
    if rule.freq in (Freq.DAILY, Freq.WEEKLY):
        period = timedelta(days=rule.interval * (7 if rule.freq is Freq.WEEKLY else 1))
        return anchor + period * ((wall - anchor) // period)
    months = rule.interval * (12 if rule.freq is Freq.YEARLY else 1)
    ahead = (wall.year - anchor.year) * 12 + wall.month - anchor.month
    periods = ahead // months
    if not periods:
        return anchor
    years, month = divmod(anchor.month - 1 + periods * months, 12)
    # Not its day, which that month may not have: the whole period is searched.
    first_month = 1 if rule.freq is Freq.YEARLY else month + 1
    return anchor.replace(year=anchor.year + years, month=first_month, day=1)


def _matches(rule: Rule, starts: datetime, anchor: datetime) -> Iterator[datetime]:
    """What dateutil finds from the anchor to the end of its calendar."""
    matches = iter(_dateutil_rule(rule, starts, anchor))
    while True:
        try:
            yield next(matches)
        except (StopIteration, OverflowError, ValueError):
            # dateutil raises in the last week of its calendar, which reaches past the calendar's end.
            return


def _dateutil_rule(rule: Rule, starts: datetime, anchor: datetime) -> rrule:
    """The rule for dateutil, with the parts that RFC 5545 derives from the start of the series filled in."""
    days = _by_day(rule, starts)
    by_month, by_month_day = rule.by_month, rule.by_month_day
    if not (days or by_month_day or rule.by_week_no or rule.by_year_day) and rule.freq is not Freq.DAILY:
        by_month_day = (starts.day,)
        by_month = by_month or ((starts.month,) if rule.freq is Freq.YEARLY else ())
    return rrule(
        _DATEUTIL_FREQ[rule.freq],
        dtstart=anchor,
        interval=rule.interval,
        wkst=dateutil_weekday(rule.week_start),
        bymonth=by_month or None,
        byweekno=rule.by_week_no or None,
        byyearday=rule.by_year_day or None,
        bymonthday=by_month_day or None,
        byweekday=[dateutil_weekday(day.weekday, day.ordinal) for day in days] or None,
        byhour=rule.by_hour or starts.hour,
        byminute=rule.by_minute or starts.minute,
        bysecond=rule.by_second or starts.second,
        bysetpos=rule.by_set_pos or None,
    )


def _by_day(rule: Rule, starts: datetime) -> tuple[WeekdayNum, ...]:
    """BYDAY as dateutil understands it."""
    has_days = rule.by_day or rule.by_month_day or rule.by_year_day
    if (rule.freq is Freq.WEEKLY or rule.by_week_no) and not has_days:
        # A week without a day means the weekday of the start; dateutil would take all seven.
        return (WeekdayNum(Weekday(starts.weekday())),)
    with_ordinal = [day for day in rule.by_day if day.ordinal is not None]
    if not with_ordinal or len(with_ordinal) == len(rule.by_day):
        return rule.by_day
    # "MO,1FR" is every Monday and the first Friday; dateutil requires both at once, which never matches.
    last_ordinal = 53 if rule.freq is Freq.YEARLY and not rule.by_month else 5
    weekdays = (day.weekday for day in rule.by_day if day.ordinal is None)
    return (
        *with_ordinal,
        *(WeekdayNum(weekday, n) for weekday in weekdays for n in range(1, last_ordinal + 1)),
    )


def can_match(rule: Rule) -> bool:
    """Whether any day of any year matches the rule, whatever its interval. 30 February does not."""
    # The forty years to the end of dateutil's calendar contain each of the fourteen kinds of year.
    starts = datetime(9960, 1, 1)
    return next(_matches(replace(rule, interval=1), starts, starts), None) is not None
