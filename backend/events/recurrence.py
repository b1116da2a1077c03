"""A recurrence as RFC 5545 means it, in wall-clock time; instants come later (`S1`, `S3`)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final, Literal

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule
from dateutil.rrule import weekday as dateutil_weekday

# A whole local day, a wall clock in the series' zone (naive), or an instant (aware, UTC).
DateOrDateTime = date | datetime


class Freq(StrEnum):
    """How often a rule repeats. What is more frequent than daily is refused."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(IntEnum):
    """Days of the week as RFC 5545 names them, numbered as `date.weekday()` does."""

    MO = 0
    TU = 1
    WE = 2
    TH = 3
    FR = 4
    SA = 5
    SU = 6


@dataclass(frozen=True, slots=True)
class WeekdayNum:
    """One value of BYDAY: a weekday, or with an ordinal the nth (below 0: nth last) of a period."""

    weekday: Weekday
    ordinal: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE or EXRULE; the fields are its parts. Absent parts are empty, not yet derived."""

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
    """The dates of a series: rules and single dates added, rules and single dates left out.

    A `date` among `rdates` is that day at the series' own time; among `exdates` it is the whole
    local day. Without any of them the series has one date, its start.
    """

    rules: tuple[Rule, ...] = ()
    exrules: tuple[Rule, ...] = ()
    rdates: tuple[DateOrDateTime, ...] = ()
    exdates: tuple[DateOrDateTime, ...] = ()


_DATEUTIL: Final[dict[Freq, Literal[0, 1, 2, 3]]] = {
    Freq.DAILY: DAILY,
    Freq.WEEKLY: WEEKLY,
    Freq.MONTHLY: MONTHLY,
    Freq.YEARLY: YEARLY,
}

# dateutil looks for the next date up to the year 9999, eight thousand years that a rule which
# never matches (every 7th day from a Monday, if a Tuesday) would spin through. The Gregorian
# calendar repeats itself, weekdays included, every 400 years: reckoned as near to the end of
# dateutil's calendar as leaves room for `REACH`, the same search ends soon.
REACH: Final = 100
_CYCLE: Final = 400
_LAST_START: Final = 9999 - REACH


def wall_times(rule: Rule, starts: datetime) -> Iterator[datetime]:
    """The wall clocks from `starts` (naive, whole seconds) on that match the rule, ascending.

    COUNT and UNTIL are not applied here, as one counts the series' start and the other may be an
    instant. At least `REACH` years are looked through; the generator may end after that.
    """
    shift = _CYCLE * max(0, (_LAST_START - starts.year) // _CYCLE)
    first = starts.replace(year=starts.year + shift)
    anchor = first
    if rule.freq is Freq.WEEKLY:
        # BYSETPOS counts within the whole week; dateutil's first week would begin at the start.
        anchor -= timedelta(days=(first.weekday() - rule.week_start) % 7)
    for wall in _dates(rule, starts, anchor):
        if wall >= first:
            yield wall.replace(year=wall.year - shift)


def _dates(rule: Rule, starts: datetime, anchor: datetime) -> Iterator[datetime]:
    """What dateutil finds from the anchor to the end of its calendar."""
    dates = iter(_as_dateutil(rule, starts, anchor))
    while True:
        try:
            yield next(dates)
        except (StopIteration, OverflowError, ValueError):
            # The last week of dateutil's calendar reaches over its end, which raises: an end, too.
            return


def _as_dateutil(rule: Rule, starts: datetime, anchor: datetime) -> rrule:
    """The rule for dateutil, with what RFC 5545 derives from the series' start spelled out."""
    return rrule(
        _DATEUTIL[rule.freq],
        dtstart=anchor,
        interval=rule.interval,
        wkst=dateutil_weekday(rule.week_start),
        bymonth=rule.by_month or None,
        byweekno=rule.by_week_no or None,
        byyearday=rule.by_year_day or None,
        bymonthday=rule.by_month_day or None,
        byweekday=[dateutil_weekday(d.weekday, d.ordinal) for d in _days(rule, starts)] or None,
        byhour=rule.by_hour or starts.hour,
        byminute=rule.by_minute or starts.minute,
        bysecond=rule.by_second or starts.second,
        bysetpos=rule.by_set_pos or None,
    )


def _days(rule: Rule, starts: datetime) -> tuple[WeekdayNum, ...]:
    """BYDAY as dateutil understands it."""
    selects_days = rule.by_day or rule.by_month_day or rule.by_year_day
    if (rule.freq is Freq.WEEKLY or rule.by_week_no) and not selects_days:
        # A week alone names no day: it is the weekday of the start (dateutil: all seven of them).
        return (WeekdayNum(Weekday(starts.weekday())),)
    ordinal = [day for day in rule.by_day if day.ordinal is not None]
    if not ordinal or len(ordinal) == len(rule.by_day):
        return rule.by_day
    # "MO,1FR" is every Monday and the first Friday; dateutil takes it as both at once, never.
    most = 53 if rule.freq is Freq.YEARLY and not rule.by_month else 5
    plain = (day.weekday for day in rule.by_day if day.ordinal is None)
    return (*ordinal, *(WeekdayNum(weekday, n) for weekday in plain for n in range(1, most + 1)))


def can_match(rule: Rule) -> bool:
    """Whether any day of any year fits the rule (30 February does not), whatever its interval."""
    # The forty years to the end of dateutil's calendar hold each of the fourteen kinds of year.
    starts = datetime(9960, 1, 1)
    return next(_dates(replace(rule, interval=1), starts, starts), None) is not None
