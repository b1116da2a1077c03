"""A recurrence taken apart for `backend.rule_sentences` to put into words: no prose here (`S1`)."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import product

from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.rfc5545 import build_rule, parse_recurrence
from backend.recurrence.rules import DateOrDateTime, Freq, Recurrence, Rule, Weekday, WeekdayNum


@dataclass(frozen=True, slots=True)
class RuleDescription:
    """The parts of one rule, with those that the start implies filled in.

    `days`, `months`, `month_days`, `year_days`, `weeks` and `positions` (BYSETPOS) are empty when they do not
    restrict the rule. `times` are the wall clocks of a day on which it takes place. `week_start` (WKST) is
    None where weeks from Monday would make the same dates.
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
    week_start: Weekday | None = None

    @property
    def weekdays(self) -> tuple[Weekday, ...]:
        """The weekdays without their ordinals, in ascending order."""
        return tuple(sorted({day.weekday for day in self.days}))

    @property
    def ordinal(self) -> int | None:
        """The ordinal that all the weekdays share ("the 2nd Tuesday"), or None."""
        ordinals = {day.ordinal for day in self.days}
        return ordinals.pop() if len(ordinals) == 1 else None


@dataclass(frozen=True, slots=True)
class RecurrenceDescription:
    """A recurrence in parts. Rules are in the order of the text, dates in ascending order.

    `builder_rule` is its only rule when the dashboard's rule builder can express it, else None: `build_rule`
    of its parts then has the same description.
    """

    rules: tuple[RuleDescription, ...]
    exrules: tuple[RuleDescription, ...]
    rdates: tuple[DateOrDateTime, ...]
    exdates: tuple[DateOrDateTime, ...]
    builder_rule: RuleDescription | None

    @property
    def is_single(self) -> bool:
        """Whether the series has no occurrence but its start."""
        return not self.rules and not self.rdates


def describe_recurrence(recurrence: Recurrence, starts_local: datetime) -> RecurrenceDescription:
    """Describe the recurrence of a series that starts at this naive wall clock."""
    rules = tuple(_describe_rule(rule, starts_local) for rule in recurrence.rules)
    builder_rule = None
    if len(rules) == 1 and not recurrence.exrules and _can_be_built(recurrence.rules[0], starts_local):
        builder_rule = rules[0]
    return RecurrenceDescription(
        rules,
        tuple(_describe_rule(rule, starts_local) for rule in recurrence.exrules),
        tuple(sorted(set(recurrence.rdates), key=_sort_key)),
        tuple(sorted(set(recurrence.exdates), key=_sort_key)),
        builder_rule,
    )


def _sort_key(value: DateOrDateTime) -> str:
    return value.isoformat()


def _describe_rule(rule: Rule, starts: datetime) -> RuleDescription:
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
        # Some calendars write the 2nd Tuesday as BYDAY=TU;BYSETPOS=2.
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
        week_start=_week_start(rule, starts),
    )


def _week_start(rule: Rule, starts: datetime) -> Weekday | None:
    """The first day of the week, where it decides in which week a date is."""
    if rule.freq is not Freq.WEEKLY or rule.interval == 1:
        return None
    # Weeks count from that of the start. They differ from weeks that begin on Monday if one of the days is in
    # another week than the start.
    days = {day.weekday for day in rule.by_day} | {Weekday(starts.weekday())}
    is_in_the_week_before = {day < rule.week_start for day in days}
    return rule.week_start if len(is_in_the_week_before) == 2 else None


def _can_be_built(rule: Rule, starts: datetime) -> bool:
    """Whether what the rule builder makes of this rule's description has the same description."""
    described = _describe_rule(rule, starts)
    try:
        text = build_rule(
            described.freq,
            described.interval,
            described.weekdays,
            described.ordinal,
            described.until,
            described.count,
            months=() if described.freq is Freq.YEARLY else described.months,
        )
    except InvalidRecurrence:
        return False
    return _describe_rule(parse_recurrence(text).rules[0], starts) == described
