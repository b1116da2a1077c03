"""A recurrence in words, for both sites: "every 2nd Tuesday", or the whole rule in sentences (`S1`).

Names of days and months are never inflected, so that the sentences can be translated into any language.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list

from backend.i18n import N_, Voice
from backend.recurrence.occurrences import last_day
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.rule_description import RecurrenceDescription, RuleDescription, describe_recurrence
from backend.recurrence.rules import Freq, Weekday
from backend.zones import wall_clock

Moment = date | datetime
NAMED_DATES_MAX = 4  # dates that are named; the others are counted
_WORKDAYS = (Weekday.MO, Weekday.TU, Weekday.WE, Weekday.TH, Weekday.FR)


def recurrence_label(voice: Voice, rule: str, starts_local: datetime) -> str:
    """How often, in a few words ("every Tuesday"); "" for a single date. `rule` is valid RFC 5545 text."""
    return recurrence_label_of(voice, describe_recurrence(parse_recurrence(rule), starts_local))


def recurrence_label_of(voice: Voice, description: RecurrenceDescription) -> str:
    """The same for a recurrence that is parsed already."""
    if description.is_single:
        return ""
    if len(description.rules) != 1:
        return voice.gettext(N_("on single dates"))
    return _frequency(voice, description.rules[0])


def describe_in_full(
    voice: Voice, description: RecurrenceDescription, starts_local: datetime, zone: str
) -> str:
    """The whole recurrence in sentences. `starts_local` is the naive wall-clock time of the first date, in
    `zone`."""
    hour = _hour(voice, starts_local)
    if description.is_single:
        day = long_date(voice, starts_local)
        sentences = [voice.gettext(N_("Once, on %(date)s at %(hour)s."), date=day, hour=hour)]
    elif not description.rules:
        sentences = [voice.gettext(N_("On single dates at %(hour)s."), hour=hour)]
    else:
        sentences = [_rule_sentence(voice, rule, zone) for rule in description.rules]
    if description.rdates:
        sentences.append(
            voice.gettext(N_("Also on %(dates)s."), dates=_dates(voice, description.rdates, zone))
        )
    if description.exdates:
        sentences.append(
            voice.gettext(N_("Not on %(dates)s."), dates=_dates(voice, description.exdates, zone))
        )
    sentences += [
        voice.gettext(N_("Left out: %(rhythm)s."), rhythm=_frequency(voice, rule))
        for rule in description.exrules
    ]
    return " ".join(sentences)


def long_date(voice: Voice, day: Moment) -> str:
    """`24 November 2026`."""
    return format_date(_midnight(day), "long", locale=voice.locale)


def weekday_names(voice: Voice, width: str = "wide") -> list[str]:
    """Monday to Sunday; `width` is `wide` or `abbreviated`."""
    names = voice.locale.days["stand-alone"][width]
    return [names[day] for day in Weekday]


def _rule_sentence(voice: Voice, rule: RuleDescription, zone: str) -> str:
    values = {
        "rhythm": _frequency(voice, rule),
        "hours": _join(voice, [format_time(t, "short", locale=voice.locale) for t in rule.times]),
    }
    if rule.until is not None:
        last = long_date(voice, last_day(rule.until, min(rule.times), zone))
        sentence = voice.gettext(N_("%(rhythm)s at %(hours)s, until %(date)s."), date=last, **values)
    elif rule.count is not None:
        sentence = voice.ngettext(
            N_("%(rhythm)s at %(hours)s, %(n)s time in all."),
            N_("%(rhythm)s at %(hours)s, %(n)s times in all."),
            rule.count,
            **values,
        )
    else:
        sentence = voice.gettext(N_("%(rhythm)s at %(hours)s."), **values)
    return sentence[:1].upper() + sentence[1:]


def _frequency(voice: Voice, rule: RuleDescription) -> str:
    if rule.positions or rule.year_days or rule.weeks:
        return voice.gettext(N_("custom rule"))
    if rule.months and rule.freq is not Freq.YEARLY:
        return _in_months(voice, rule)
    return {
        Freq.DAILY: _daily,
        Freq.WEEKLY: _weekly,
        Freq.MONTHLY: _monthly,
        Freq.YEARLY: _yearly,
    }[rule.freq](voice, rule)


def _in_months(voice: Voice, rule: RuleDescription) -> str:
    """The same in some months: those are named, or the others where they are fewer."""
    rhythm = _frequency(voice, replace(rule, months=()))
    if rhythm == voice.gettext(N_("custom rule")):
        return rhythm
    others = [month for month in range(1, 13) if month not in rule.months]
    if len(others) < len(rule.months):
        return voice.gettext(
            N_("%(rhythm)s, not in %(months)s"), rhythm=rhythm, months=_months(voice, others)
        )
    return voice.gettext(
        N_("%(rhythm)s, only in %(months)s"), rhythm=rhythm, months=_months(voice, rule.months)
    )


def month_names(voice: Voice, width: str = "wide") -> list[str]:
    """January to December; `width` is `wide` or `abbreviated`."""
    names = voice.locale.months["stand-alone"][width]
    return [names[month] for month in range(1, 13)]


def _months(voice: Voice, months: Iterable[int]) -> str:
    names = month_names(voice)
    return _join(voice, [names[month - 1] for month in months])


def _daily(voice: Voice, rule: RuleDescription) -> str:
    if rule.month_days:
        return voice.gettext(N_("custom rule"))
    if rule.days:
        return _weekly(voice, rule) if rule.interval == 1 else voice.gettext(N_("custom rule"))
    if rule.interval == 1:
        return voice.gettext(N_("every day"))
    return voice.gettext(N_("every %(nth)s day"), nth=voice.ordinal(rule.interval))


def _weekly(voice: Voice, rule: RuleDescription) -> str:
    days = _days(voice, rule)
    if rule.interval == 1:
        if rule.weekdays == _WORKDAYS:
            return voice.gettext(N_("from Monday to Friday"))
        return voice.gettext(N_("every %(days)s"), days=days)
    nth = voice.ordinal(rule.interval)
    if rule.week_start is not None:
        first = weekday_names(voice)[rule.week_start]
        sentence = N_("every %(nth)s week: %(days)s (first day of the week: %(first)s)")
        return voice.gettext(sentence, nth=nth, days=days, first=first)
    if len(rule.weekdays) == 1:
        return voice.gettext(N_("every %(nth)s %(day)s"), nth=nth, day=days)
    return voice.gettext(N_("every %(nth)s week: %(days)s"), nth=nth, days=days)


def _monthly(voice: Voice, rule: RuleDescription) -> str:
    if rule.days and rule.month_days:
        return voice.gettext(N_("custom rule"))
    month = (
        voice.gettext(N_("every month"))
        if rule.interval == 1
        else voice.gettext(N_("every %(nth)s month"), nth=voice.ordinal(rule.interval))
    )
    if rule.days:
        if rule.ordinal is None:
            return voice.gettext(N_("custom rule"))
        days = _days(voice, rule)
        if rule.ordinal == -1:
            return voice.gettext(N_("%(month)s on the last %(days)s"), month=month, days=days)
        if rule.ordinal < 0:
            nth = voice.ordinal(-rule.ordinal)
            return voice.gettext(
                N_("%(month)s on the %(nth)s %(days)s from the end"),
                month=month,
                nth=nth,
                days=days,
            )
        return voice.gettext(
            N_("%(month)s on the %(nth)s %(days)s"),
            month=month,
            nth=voice.ordinal(rule.ordinal),
            days=days,
        )
    if rule.month_days == (-1,):
        return voice.gettext(N_("%(month)s on the last day"), month=month)
    if any(day < 0 for day in rule.month_days):
        return voice.gettext(N_("custom rule"))
    dates = _join(voice, [voice.ordinal(day) for day in rule.month_days])
    return voice.gettext(N_("%(month)s on the %(dates)s"), month=month, dates=dates)


def _yearly(voice: Voice, rule: RuleDescription) -> str:
    is_single_day = not rule.days and len(rule.months) == len(rule.month_days) == 1
    if not is_single_day or rule.month_days[0] < 0:
        return voice.gettext(N_("custom rule"))
    # Any leap year formats every day of a year.
    day = datetime(2024, rule.months[0], rule.month_days[0])  # noqa: DTZ001
    date_text = format_skeleton("MMMMd", day, locale=voice.locale)
    if rule.interval == 1:
        return voice.gettext(N_("every year on %(date)s"), date=date_text)
    nth = voice.ordinal(rule.interval)
    return voice.gettext(N_("every %(nth)s year on %(date)s"), nth=nth, date=date_text)


def _days(voice: Voice, rule: RuleDescription) -> str:
    names = weekday_names(voice)
    return _join(voice, [names[day] for day in rule.weekdays])


def _dates(voice: Voice, moments: Sequence[Moment], zone: str) -> str:
    days = [_local(moment, zone) for moment in moments]
    named = [format_skeleton("yMMMd", _midnight(day), locale=voice.locale) for day in days[:NAMED_DATES_MAX]]
    more = len(days) - len(named)
    if more:
        named.append(voice.ngettext(N_("%(n)s more date"), N_("%(n)s more dates"), more))
    return _join(voice, named)


def _local(moment: Moment, zone: str) -> Moment:
    aware = isinstance(moment, datetime) and moment.tzinfo is not None
    return wall_clock(moment, zone) if aware and isinstance(moment, datetime) else moment


def _midnight(day: Moment) -> datetime:
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001


def _hour(voice: Voice, local: datetime) -> str:
    return format_time(local.time(), "short", locale=voice.locale)


def _join(voice: Voice, names: Iterable[str]) -> str:
    return format_list(list(names), locale=voice.locale)
