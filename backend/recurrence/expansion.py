"""The wall clocks that a rule matches (RFC 5545 §3.3.10). Ours, because no library can be stopped between two matches that lie
far apart (`docs/decisions/0036-our-own-expansion-of-rules.md`).

A rule is read as what it says of a day: which months, days and weeks fit. The days of a year that fit are taken in order, by
the rule's own periods (every nth day, week, month or year from the start), and each gets the rule's times of day.
"""

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby, product
from operator import itemgetter
from typing import Final, NamedTuple

from backend import failpoints
from backend.recurrence.rules import Freq, Rule, Weekday, WeekdayNum
from backend.recurrence.steps import A_MATCH, A_YEAR, Steps

REACH: Final = 100  # years after the start in which matches are looked for
_KINDS_OF_YEAR: Final = range(2010, 2038)  # each of the fourteen


class _Day(NamedTuple):
    """A day of some year, leap or not, by its numbers from the start and from the end."""

    number: int  # in its year, from 0
    month: int
    day: int
    days_in_month: int


@lru_cache(maxsize=2)
def _days_of_year(days_in_year: int) -> list[_Day]:
    year = 2000 if days_in_year == 366 else 2001
    lengths = [(month, monthrange(year, month)[1]) for month in range(1, 13)]
    days = ((month, day, length) for month, length in lengths for day in range(1, length + 1))
    return [_Day(index, *numbers) for index, numbers in enumerate(days)]


def wall_times(
    rule: Rule,
    starts: datetime,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    steps: Steps | None = None,
) -> Iterator[datetime]:
    """The wall clocks from `starts` (naive, whole seconds) on that match the rule, in ascending order.

    With `since`, a later wall clock, those from there on: what lies before is jumped over, however long ago the
    start is. COUNT and UNTIL are not applied, because COUNT includes the start of the series and UNTIL may be an
    instant. It ends after `REACH` years, or soon after the wall clock `until`. Raises `InvalidRecurrence` when the
    steps are used up.
    """
    steps = steps or Steps()
    rule = _with_parts_of_start(rule, starts)
    first = since if since is not None and since > starts else starts
    last_year = min(starts.year + REACH, until.year if until is not None else starts.year + REACH)
    times = [time(*parts) for parts in product(rule.by_hour, rule.by_minute, rule.by_second)]
    jump_to = starts if failpoints.on("rules.from-the-start") else first
    found = _matching_days(rule, starts, _period_begins(rule, jump_to), last_year, steps)
    for _, days in groupby(found, key=itemgetter(0)):
        for wall in _in_period(rule, [ordinal for _, ordinal in days], times):
            steps.take(A_MATCH)
            if wall >= first:
                yield wall


@lru_cache(maxsize=512)  # a text is read several times while its form is answered
def can_match(rule: Rule) -> bool:
    """Whether any day of any year matches the rule, whatever its interval. 30 February does not."""
    starts = datetime(_KINDS_OF_YEAR.start, 1, 1)
    until = datetime(_KINDS_OF_YEAR[-1], 1, 1)
    return next(wall_times(replace(rule, interval=1), starts, until=until), None) is not None


def _with_parts_of_start(rule: Rule, starts: datetime) -> Rule:
    """The rule with the parts that follow from the start of its series."""
    has_days = rule.by_day or rule.by_month_day or rule.by_year_day
    if (rule.freq is Freq.WEEKLY or rule.by_week_no) and not has_days:
        rule = replace(rule, by_day=(WeekdayNum(Weekday(starts.weekday())),))
    elif not has_days and rule.freq is not Freq.DAILY:
        months = rule.by_month or ((starts.month,) if rule.freq is Freq.YEARLY else ())
        rule = replace(rule, by_month_day=(starts.day,), by_month=months)
    return replace(
        rule,
        by_hour=rule.by_hour or (starts.hour,),
        by_minute=rule.by_minute or (starts.minute,),
        by_second=rule.by_second or (starts.second,),
    )


def _period_begins(rule: Rule, first: datetime) -> date:
    """A day not after the first of the period of a wall clock, all of which BYSETPOS counts."""
    if not rule.by_set_pos:
        return first.date()
    return date(first.year, 1, 1) if rule.freq is Freq.YEARLY else first.date() - timedelta(days=31)


def _in_period(rule: Rule, days: list[int], times: list[time]) -> Iterator[datetime]:
    """The wall clocks of the days of one period, those that BYSETPOS names if it does."""
    places: Iterable[int] = range(total := len(days) * len(times))
    if rule.by_set_pos:
        numbers = {place - 1 if place > 0 else total + place for place in rule.by_set_pos}
        places = sorted(numbers.intersection(places))
    for place in places:
        day, at = divmod(place, len(times))
        yield datetime.combine(date.fromordinal(days[day]), times[at])


@lru_cache(maxsize=64)
def _fitting_days(
    months: tuple[int, ...], month_days: tuple[int, ...], year_days: tuple[int, ...], days_in_year: int
) -> list[_Day]:
    """The days of a year, leap or not, that fit BYMONTH, BYMONTHDAY and BYYEARDAY."""
    return [
        day
        for day in _days_of_year(days_in_year)
        if (not months or day.month in months)
        and (not month_days or day.day in month_days or day.day - day.days_in_month - 1 in month_days)
        and (not year_days or day.number + 1 in year_days or day.number - days_in_year in year_days)
    ]


def _matching_days(
    rule: Rule, starts: datetime, since: date, last_year: int, steps: Steps
) -> Iterator[tuple[int, int]]:
    """The days from `since` on that fit, as numbers (`date.toordinal`), each after the number of its period."""
    weekdays = _weekday_ordinals(rule)
    first_day = starts.toordinal()
    first_week = first_day - (starts.weekday() - rule.week_start) % 7
    for year in range(since.year, last_year + 1):
        steps.take(A_YEAR)
        days_in_year = 366 if isleap(year) else 365
        year_begins = date(year, 1, 1).toordinal()
        days = _fitting_days(rule.by_month, rule.by_month_day, rule.by_year_day, days_in_year)
        skipped = bisect_left(days, since.toordinal() - year_begins, key=lambda day: day.number)
        for day in days[skipped:]:
            steps.take(1)
            ordinal = year_begins + day.number
            if rule.freq is Freq.DAILY:
                period = ordinal - first_day
            elif rule.freq is Freq.WEEKLY:
                period = (ordinal - first_week) // 7
            else:
                period = year - starts.year
                if rule.freq is Freq.MONTHLY:
                    period = period * 12 + day.month - starts.month
            if (
                period >= 0
                and period % rule.interval == 0
                and (not weekdays or _fits_weekday(rule, weekdays, day, ordinal, days_in_year))
                and (not rule.by_week_no or _fits_week(rule, ordinal))
            ):
                steps.take(1)
                yield period, ordinal


def _weekday_ordinals(rule: Rule) -> dict[int, frozenset[int | None]]:
    """BYDAY by weekday: which of them in the period, None for every."""
    return {
        weekday: frozenset(day.ordinal for day in rule.by_day if day.weekday == weekday)
        for weekday in {day.weekday for day in rule.by_day}
    }


def _fits_weekday(
    rule: Rule, weekdays: dict[int, frozenset[int | None]], day: _Day, ordinal: int, days_in_year: int
) -> bool:
    """Whether BYDAY names the day: each of its weekday, or by its number in the month or year."""
    numbers = weekdays.get((ordinal - 1) % 7)
    if numbers is None or None in numbers:
        return numbers is not None
    if rule.freq is Freq.MONTHLY or rule.by_month:
        before, after = day.day - 1, day.days_in_month - day.day
    else:
        before, after = day.number, days_in_year - day.number - 1
    return before // 7 + 1 in numbers or -(after // 7) - 1 in numbers


def _fits_week(rule: Rule, ordinal: int) -> bool:
    """Whether BYWEEKNO names the week of the day, which belongs to the year of its fourth day."""
    fourth_day = ordinal - (ordinal - 1 - rule.week_start) % 7 + 3
    year = date.fromordinal(fourth_day).year
    number = (fourth_day - date(year, 1, 1).toordinal()) // 7 + 1
    weeks = (date(year, 12, 31).toordinal() - fourth_day) // 7 + number
    return number in rule.by_week_no or number - weeks - 1 in rule.by_week_no
