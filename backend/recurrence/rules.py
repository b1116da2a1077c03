"""Recurrence rules (RFC 5545 §3.3.10) by their parts; `expansion` finds the wall clocks that they match (`S1`)."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import IntEnum, StrEnum

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
