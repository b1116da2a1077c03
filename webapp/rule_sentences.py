"""A recurrence in words, for both sites: "every 2nd Tuesday", and the whole rule read back (`S1`).

Names of days and months stand as they are, never inflected, so that a sentence can be turned into any language.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list

from backend.events.recurrence import Freq, Weekday
from backend.events.rfc5545 import parse_recurrence
from backend.events.rule_description import RecurrenceDescription, RuleDescription, describe_recurrence
from backend.i18n import N_, Voice
from backend.zones import wall_clock

Moment = date | datetime
NAMED_DATES_MAX = 4  # dates that are named; the others are counted
_WORKDAYS = (Weekday.MO, Weekday.TU, Weekday.WE, Weekday.TH, Weekday.FR)


def recurrence_label(voice: Voice, rule: str, starts_local: datetime) -> str:
    """How often, as a few words ("every Tuesday"); "" for a single date. `rule` is RFC 5545 text that was taken."""
    return recurrence_label_of(voice, describe_recurrence(parse_recurrence(rule), starts_local))


def recurrence_label_of(voice: Voice, words: RecurrenceDescription) -> str:
    """The same for a rule that is taken apart already."""
    if words.is_single:
        return ""
    if len(words.rules) != 1:
        return voice.say(N_("on dates of its own"))
    return _rhythm(voice, words.rules[0])


def describe_in_full(voice: Voice, words: RecurrenceDescription, starts_local: datetime, zone: str) -> str:
    """The whole rule in sentences. `starts_local` is the naive wall clock of the first date, in `zone`."""
    hour = _hour(voice, starts_local)
    if words.is_single:
        day = long_date(voice, starts_local)
        said = [voice.say(N_("Once, on %(date)s at %(hour)s."), date=day, hour=hour)]
    elif not words.rules:
        said = [voice.say(N_("On single dates at %(hour)s."), hour=hour)]
    else:
        said = [_whole(voice, line, zone) for line in words.rules]
    if words.rdates:
        said.append(voice.say(N_("Also on %(dates)s."), dates=_dates(voice, words.rdates, zone)))
    if words.exdates:
        said.append(voice.say(N_("Not on %(dates)s."), dates=_dates(voice, words.exdates, zone)))
    said += [voice.say(N_("Left out: %(rhythm)s."), rhythm=_rhythm(voice, line)) for line in words.exrules]
    return " ".join(said)


def long_date(voice: Voice, day: Moment) -> str:
    """`24 November 2026`."""
    return format_date(_midnight(day), "long", locale=voice.locale)


def weekday_names(voice: Voice, width: str = "wide") -> list[str]:
    """Monday to Sunday; `width` is `wide` or `abbreviated`."""
    names = voice.locale.days["stand-alone"][width]
    return [names[day] for day in Weekday]


def _whole(voice: Voice, line: RuleDescription, zone: str) -> str:
    values = {
        "rhythm": _rhythm(voice, line),
        "hours": _listed(voice, [format_time(t, "short", locale=voice.locale) for t in line.times]),
    }
    if line.until is not None:
        last = long_date(voice, _local(line.until, zone))
        said = voice.say(N_("%(rhythm)s at %(hours)s, until %(date)s."), date=last, **values)
    elif line.count is not None:
        said = voice.count(
            N_("%(rhythm)s at %(hours)s, %(n)s time in all."),
            N_("%(rhythm)s at %(hours)s, %(n)s times in all."),
            line.count,
            **values,
        )
    else:
        said = voice.say(N_("%(rhythm)s at %(hours)s."), **values)
    return said[:1].upper() + said[1:]


def _rhythm(voice: Voice, line: RuleDescription) -> str:
    if line.positions or line.year_days or line.weeks:
        return voice.say(N_("by a rule of its own"))
    if line.months and line.freq is not Freq.YEARLY:
        return voice.say(N_("by a rule of its own"))
    return {
        Freq.DAILY: _daily,
        Freq.WEEKLY: _weekly,
        Freq.MONTHLY: _monthly,
        Freq.YEARLY: _yearly,
    }[line.freq](voice, line)


def _daily(voice: Voice, line: RuleDescription) -> str:
    if line.month_days:
        return voice.say(N_("by a rule of its own"))
    if line.days:
        return _weekly(voice, line) if line.interval == 1 else voice.say(N_("by a rule of its own"))
    if line.interval == 1:
        return voice.say(N_("every day"))
    return voice.say(N_("every %(nth)s day"), nth=voice.ordinal(line.interval))


def _weekly(voice: Voice, line: RuleDescription) -> str:
    days = _days(voice, line)
    if line.interval == 1:
        if line.weekdays == _WORKDAYS:
            return voice.say(N_("from Monday to Friday"))
        return voice.say(N_("every %(days)s"), days=days)
    nth = voice.ordinal(line.interval)
    if len(line.weekdays) == 1:
        return voice.say(N_("every %(nth)s %(day)s"), nth=nth, day=days)
    return voice.say(N_("every %(nth)s week: %(days)s"), nth=nth, days=days)


def _monthly(voice: Voice, line: RuleDescription) -> str:
    if line.days and line.month_days:
        return voice.say(N_("by a rule of its own"))
    month = (
        voice.say(N_("every month"))
        if line.interval == 1
        else voice.say(N_("every %(nth)s month"), nth=voice.ordinal(line.interval))
    )
    if line.days:
        if line.ordinal is None:
            return voice.say(N_("by a rule of its own"))
        days = _days(voice, line)
        if line.ordinal == -1:
            return voice.say(N_("%(month)s on the last %(days)s"), month=month, days=days)
        if line.ordinal < 0:
            nth = voice.ordinal(-line.ordinal)
            return voice.say(
                N_("%(month)s on the %(nth)s %(days)s from the end"),
                month=month,
                nth=nth,
                days=days,
            )
        return voice.say(
            N_("%(month)s on the %(nth)s %(days)s"),
            month=month,
            nth=voice.ordinal(line.ordinal),
            days=days,
        )
    if line.month_days == (-1,):
        return voice.say(N_("%(month)s on the last day"), month=month)
    if any(day < 0 for day in line.month_days):
        return voice.say(N_("by a rule of its own"))
    dates = _listed(voice, [voice.ordinal(day) for day in line.month_days])
    return voice.say(N_("%(month)s on the %(dates)s"), month=month, dates=dates)


def _yearly(voice: Voice, line: RuleDescription) -> str:
    plain = not line.days and len(line.months) == len(line.month_days) == 1
    if not plain or line.month_days[0] < 0:
        return voice.say(N_("by a rule of its own"))
    # Any leap year will do to word a day of the year.
    day = datetime(2024, line.months[0], line.month_days[0])  # noqa: DTZ001
    worded = format_skeleton("MMMMd", day, locale=voice.locale)
    if line.interval == 1:
        return voice.say(N_("every year on %(date)s"), date=worded)
    nth = voice.ordinal(line.interval)
    return voice.say(N_("every %(nth)s year on %(date)s"), nth=nth, date=worded)


def _days(voice: Voice, line: RuleDescription) -> str:
    names = weekday_names(voice)
    return _listed(voice, [names[day] for day in line.weekdays])


def _dates(voice: Voice, moments: Sequence[Moment], zone: str) -> str:
    days = [_local(moment, zone) for moment in moments]
    named = [format_skeleton("yMMMd", _midnight(day), locale=voice.locale) for day in days[:NAMED_DATES_MAX]]
    more = len(days) - len(named)
    if more:
        named.append(voice.count(N_("%(n)s more date"), N_("%(n)s more dates"), more))
    return _listed(voice, named)


def _local(moment: Moment, zone: str) -> Moment:
    aware = isinstance(moment, datetime) and moment.tzinfo is not None
    return wall_clock(moment, zone) if aware and isinstance(moment, datetime) else moment


def _midnight(day: Moment) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def _hour(voice: Voice, local: datetime) -> str:
    return format_time(local.time(), "short", locale=voice.locale)


def _listed(voice: Voice, names: Iterable[str]) -> str:
    return format_list(list(names), locale=voice.locale)
