"""What a recurrence says, taken apart for the doors to put into words: no prose here (`S1`)."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import product

from backend.events.recurrence import DateOrDateTime, Freq, Recurrence, Rule, Weekday, WeekdayNum
from backend.events.rfc5545 import InvalidRecurrence, build_rule, parse_recurrence


@dataclass(frozen=True, slots=True)
class RuleDescription:
    """One rule in terms a door can put into words; what the start implies is filled in.

    `days`, `months`, `month_days`, `year_days`, `weeks` and `positions` are the rule's own, empty
    when it says nothing of them; `times` are the wall clocks of its day.
    """

    freq: Freq
    interval: int
    days: tuple[WeekdayNum, ...]
    months: tuple[int, ...]
    month_days: tuple[int, ...]
    year_days: tuple[int, ...]
    weeks: tuple[int, ...]
    positions: tuple[int, ...]
    times: tuple[time, ...]
    until: DateOrDateTime | None
    count: int | None

    @property
    def weekdays(self) -> tuple[Weekday, ...]:
        """The weekdays without their ordinals."""
        return tuple(sorted({day.weekday for day in self.days}))

    @property
    def ordinal(self) -> int | None:
        """The ordinal that all the weekdays share ("the 2nd Tuesday"), or `None`."""
        ordinals = {day.ordinal for day in self.days}
        return ordinals.pop() if len(ordinals) == 1 else None


@dataclass(frozen=True, slots=True)
class RecurrenceDescription:
    """A recurrence for a door to put into words. `simple` is its one rule when the dashboard's
    rule builder can express it (then `build_rule` of its parts describes the same), else `None`."""

    rules: tuple[RuleDescription, ...]
    left_out_rules: tuple[RuleDescription, ...]
    extra: tuple[DateOrDateTime, ...]
    left_out: tuple[DateOrDateTime, ...]
    simple: RuleDescription | None

    @property
    def once(self) -> bool:
        """Whether the series has only its start."""
        return not self.rules and not self.extra


def describe_recurrence(recurrence: Recurrence, starts_local: datetime) -> RecurrenceDescription:
    """What the recurrence of a series with this start says, without prose.

    Order: as in the text for rules, ascending by day for single dates.
    """
    rules = tuple(_line(rule, starts_local) for rule in recurrence.rules)
    simple = None
    if len(rules) == 1 and not recurrence.exrules and _is_simple(recurrence.rules[0], starts_local):
        simple = rules[0]
    return RecurrenceDescription(
        rules,
        tuple(_line(rule, starts_local) for rule in recurrence.exrules),
        tuple(sorted(set(recurrence.rdates), key=_sort_key)),
        tuple(sorted(set(recurrence.exdates), key=_sort_key)),
        simple,
    )


def _sort_key(moment: DateOrDateTime) -> str:
    return moment.isoformat()


def _line(rule: Rule, starts: datetime) -> RuleDescription:
    days, months, month_days = rule.by_day, rule.by_month, rule.by_month_day
    positions = rule.by_set_pos
    if not (days or month_days or rule.by_year_day):
        if rule.freq is Freq.WEEKLY or rule.by_week_no:
            days = (WeekdayNum(Weekday(starts.weekday())),)
        elif rule.freq in (Freq.MONTHLY, Freq.YEARLY):
            month_days = (starts.day,)
            if rule.freq is Freq.YEARLY and not months:
                months = (starts.month,)
    times = tuple(
        time(*parts)
        for parts in product(
            rule.by_hour or (starts.hour,),
            rule.by_minute or (starts.minute,),
            rule.by_second or (starts.second,),
        )
    )
    if (
        rule.freq is Freq.MONTHLY
        and len(days) == len(positions) == len(times) == 1
        and days[0].ordinal is None
        and not month_days
        and abs(positions[0]) <= 5
    ):
        # "TU, the 2nd of them" is how some calendars write the 2nd Tuesday.
        days, positions = (replace(days[0], ordinal=positions[0]),), ()
    return RuleDescription(
        freq=rule.freq,
        interval=rule.interval,
        days=days,
        months=months,
        month_days=month_days,
        year_days=rule.by_year_day,
        weeks=rule.by_week_no,
        positions=positions,
        times=times,
        until=rule.until,
        count=rule.count,
    )


def _is_simple(rule: Rule, starts: datetime) -> bool:
    """Whether the rule builder, given this rule's line, would say the same."""
    line = _line(rule, starts)
    if rule.freq is Freq.WEEKLY and rule.interval > 1 and rule.week_start is not Weekday.MO:
        return False
    try:
        text = build_rule(line.freq, line.interval, line.weekdays, line.ordinal, line.until, line.count)
    except InvalidRecurrence:
        return False
    return _line(parse_recurrence(text).rules[0], starts) == line
