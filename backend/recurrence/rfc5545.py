"""Recurrences as text (`S1`): RRULE, RDATE, EXDATE (RFC 5545 §3.8.5) and EXRULE (RFC 2445 §4.8.5.2)."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from math import prod
from typing import Any, Final

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from backend import failpoints
from backend.recurrence.expansion import can_match
from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.rules import DateOrDateTime, Freq, Recurrence, Rule, Weekday, WeekdayNum
from backend.zones import resolve_local, zone_names

# Far from the ends of the calendar of `datetime`, so that any zone can be applied and weeks be added.
_YEARS: Final = range(1900, 3000)
MOST_CHARACTERS: Final = 20_000
MOST_RULES: Final = 8
MOST_DATES: Final = 500
MOST_TIMES_A_DAY: Final = 12

_PROPERTY = re.compile(r'([A-Za-z-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:]*))*):(.*)', re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
_WEEKDAY_NUM = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DATE_OR_DATE_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")

# Rule part: field of `Rule`, lowest, highest, and whether it may be negative, counting from the end (RFC 5545
# §3.3.10).
_NUMBER_LISTS: Final = {
    "BYMONTH": ("by_month", 1, 12, False),
    "BYWEEKNO": ("by_week_no", 1, 53, True),
    "BYYEARDAY": ("by_year_day", 1, 366, True),
    "BYMONTHDAY": ("by_month_day", 1, 31, True),
    "BYHOUR": ("by_hour", 0, 23, False),
    "BYMINUTE": ("by_minute", 0, 59, False),
    "BYSECOND": ("by_second", 0, 60, False),
    "BYSETPOS": ("by_set_pos", 1, 366, True),
}


def parse_recurrence(text: str) -> Recurrence:
    """Parse one property a line; an RRULE may stand without its name. "" is a single occurrence.

    Folded lines (§3.1), TZID (also by the names of Windows), VALUE=DATE and UTC values are understood; a value without a
    zone is in the zone of the series. Raises `InvalidRecurrence`, and nothing else on any text: also for what the RFC forbids,
    what repeats more often than daily, and what no day can match.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidRecurrence(RecurrenceFault.TOO_LONG)
    if not text.isascii():
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, text.strip())
    rules: list[Rule] = []
    exrules: list[Rule] = []
    rdates: list[DateOrDateTime] = []
    exdates: list[DateOrDateTime] = []
    for line in unfold(text):
        name, params, value = parse_property(line) if ":" in line else ("RRULE", {}, line)
        if name in ("RRULE", "EXRULE") and not _known(params):
            (rules if name == "RRULE" else exrules).append(_parse_rule(value))
        elif name in ("RDATE", "EXDATE"):
            (rdates if name == "RDATE" else exdates).extend(_parse_dates(value, params))
        else:
            raise InvalidRecurrence(RecurrenceFault.SYNTAX, line)
        if len(rules) + len(exrules) > MOST_RULES or len(rdates) + len(exdates) > MOST_DATES:
            raise InvalidRecurrence(RecurrenceFault.TOO_LONG)
    return Recurrence(tuple(rules), tuple(exrules), tuple(rdates), tuple(exdates))


def unfold(text: str) -> list[str]:
    """The content lines of a text (RFC 5545 §3.1), without empty ones."""
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()
    return [line.strip() for line in lines if line.strip()]


def parse_property(line: str) -> tuple[str, dict[str, str], str]:
    """Name, parameters and value of a content line. Raises `InvalidRecurrence`."""
    if (match := _PROPERTY.fullmatch(line)) is None:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, line)
    name, params, value = match.groups()
    pairs = [param.split("=", 1) for param in params.split(";")[1:]]
    return name.upper(), {key.upper(): text.strip('"') for key, text in pairs}, value


def _known(params: dict[str, str]) -> set[str]:
    """The parameters without those that other programs add for themselves (RFC 5545 §3.2: x-param)."""
    return {name for name in params if not name.startswith("X-")}


def _parse_rule(text: str) -> Rule:
    parts: dict[str, str] = {}
    for part in text.strip().upper().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise InvalidRecurrence(RecurrenceFault.SYNTAX, part or text)
        parts[name] = value
    freq = parts.pop("FREQ", "")
    if freq in ("SECONDLY", "MINUTELY", "HOURLY"):
        raise InvalidRecurrence(RecurrenceFault.TOO_OFTEN, freq)
    if freq not in Freq.__members__:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, text)
    fields = dict(_parse_part(name, value) for name, value in parts.items())
    rule = Rule(Freq(freq), **fields)
    _check_rule(rule, text)
    return rule


def _parse_part(name: str, value: str) -> tuple[str, Any]:
    """The field of `Rule` and its value that one rule part stands for."""
    part = f"{name}={value}"
    if name in _NUMBER_LISTS:
        field, low, high, signed = _NUMBER_LISTS[name]
        texts = value.split(",")
        numbers = {_parse_number(text.strip(), part, low=low, high=high, signed=signed) for text in texts}
        if name == "BYSECOND":  # without leap seconds the 60th is the 59th (RFC 5545 §3.3.12)
            numbers = {min(number, 59) for number in numbers}
        return field, tuple(sorted(numbers))
    if name == "BYDAY":
        days = {_parse_weekday_num(text.strip(), part) for text in value.split(",")}
        return "by_day", tuple(sorted(days, key=lambda day: (day.weekday, day.ordinal or 0)))
    if name == "INTERVAL":
        return "interval", _parse_number(value, part, low=1, high=999)
    if name == "COUNT":
        return "count", _parse_number(value, part, low=1, high=99_999)
    if name == "UNTIL":
        return "until", _keep_off_the_ends(parse_date_or_date_time(value, part))
    if name == "WKST" and value in Weekday.__members__:
        return "week_start", Weekday[value]
    raise InvalidRecurrence(RecurrenceFault.SYNTAX, part)


def _parse_number(text: str, part: str, *, low: int, high: int, signed: bool = False) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, part)
    number = int(text)
    if not low <= (abs(number) if signed else number) <= high:
        raise InvalidRecurrence(RecurrenceFault.VALUE, part)
    return number


def _parse_weekday_num(text: str, part: str) -> WeekdayNum:
    if (match := _WEEKDAY_NUM.fullmatch(text)) is None:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, part)
    ordinal, weekday = match.groups()
    if ordinal is None:
        return WeekdayNum(Weekday[weekday])
    return WeekdayNum(Weekday[weekday], _parse_number(ordinal, part, low=1, high=53, signed=True))


def _check_rule(rule: Rule, text: str) -> None:
    """Raises `InvalidRecurrence` when the rule breaks RFC 5545 §3.3.10, is too frequent or never due."""
    has_ordinal = any(day.ordinal for day in rule.by_day)
    by_parts = (rule.by_month, rule.by_week_no, rule.by_year_day, rule.by_month_day, rule.by_day)
    times = (rule.by_hour, rule.by_minute, rule.by_second)
    if (
        (rule.by_week_no and rule.freq is not Freq.YEARLY)
        or (rule.by_year_day and rule.freq is not Freq.YEARLY)
        or (rule.by_month_day and rule.freq is Freq.WEEKLY)
        or (has_ordinal and rule.freq not in (Freq.MONTHLY, Freq.YEARLY))
        or (has_ordinal and rule.by_week_no)
        or (rule.by_set_pos and not any(by_parts + times))
    ):
        raise InvalidRecurrence(RecurrenceFault.TOGETHER, text)
    if rule.count is not None and rule.until is not None:
        raise InvalidRecurrence(RecurrenceFault.ENDS_TWICE, text)
    if prod(len(values) or 1 for values in times) > MOST_TIMES_A_DAY:
        raise InvalidRecurrence(RecurrenceFault.TOO_OFTEN, text)
    last_ordinal = 5 if rule.freq is Freq.MONTHLY or rule.by_month else 53
    if any(abs(day.ordinal or 0) > last_ordinal for day in rule.by_day) or not can_match(rule):
        raise InvalidRecurrence(RecurrenceFault.NEVER, text)


def _parse_dates(text: str, params: dict[str, str]) -> list[DateOrDateTime]:
    kind = params.get("VALUE", "").upper()
    if kind == "PERIOD" or "/" in text:
        raise InvalidRecurrence(RecurrenceFault.PERIOD, text)
    if kind not in ("", "DATE", "DATE-TIME") or _known(params) - {"VALUE", "TZID"}:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, text)
    values = []
    for value in text.strip().split(","):
        parsed = parse_date_or_date_time(value.strip().upper(), value)
        if kind and (kind == "DATE-TIME") is not isinstance(parsed, datetime):
            raise InvalidRecurrence(RecurrenceFault.SYNTAX, value)
        if parsed.year not in _YEARS:
            raise InvalidRecurrence(RecurrenceFault.VALUE, value)
        if isinstance(parsed, datetime) and parsed.tzinfo is None and "TZID" in params:
            parsed = _resolve_in_zone(parsed, params["TZID"])
        values.append(parsed)
    return values


def _keep_off_the_ends(until: DateOrDateTime) -> DateOrDateTime | None:
    """The same end for every series there can be (`S1`), None for no end: "for ever" is often written as the
    last day of the calendar."""
    if until.year in _YEARS or failpoints.on("rules.any-year"):
        return until
    if until.year >= _YEARS.stop:
        return None
    return until.replace(year=_YEARS.start, month=1, day=1)


def _resolve_in_zone(wall: datetime, tzid: str) -> datetime:
    return resolve_local(wall, zone_of_tzid(tzid))


def zone_of_tzid(tzid: str) -> str:
    """The IANA zone that a TZID names: itself, as Windows does, or at the end of a path (RFC 5545 §3.8.3.1).

    Raises `InvalidRecurrence`.
    """
    # Outlook names zones as Windows does; CLDR's table says which IANA zone each is. Evolution and Thunderbird
    # have written "/freeassociation.sourceforge.net/Europe/Helsinki".
    zone = WINDOWS_TO_OLSON.get(tzid, tzid)
    while zone not in zone_names() and "/" in zone:
        zone = zone.partition("/")[2]
    if zone not in zone_names():
        raise InvalidRecurrence(RecurrenceFault.ZONE, tzid)
    return zone


def parse_date_or_date_time(text: str, part: str) -> DateOrDateTime:
    """A DATE or DATE-TIME value; `part` is what a refusal names. Raises `InvalidRecurrence`."""
    if (match := _DATE_OR_DATE_TIME.fullmatch(text)) is None:
        raise InvalidRecurrence(RecurrenceFault.SYNTAX, part)
    *numbers, utc = match.groups()
    build: Callable[..., DateOrDateTime] = date if numbers[3] is None else datetime
    try:
        value = build(*(int(number) for number in numbers if number is not None))
    except ValueError as impossible:
        raise InvalidRecurrence(RecurrenceFault.VALUE, part) from impossible
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and utc else value


def build_rule(
    freq: Freq,
    interval: int = 1,
    weekdays: Sequence[Weekday] = (),
    ordinal: int | None = None,
    until: DateOrDateTime | None = None,
    count: int | None = None,
    *,
    rdates: Sequence[DateOrDateTime] = (),
    exdates: Sequence[DateOrDateTime] = (),
    months: Sequence[int] = (),
) -> str:
    """The text of a rule from the dashboard's rule builder, as `parse_recurrence` reads it.

    Weekdays are for DAILY and WEEKLY, and with an `ordinal` (1 to 5, negative from the end) for MONTHLY;
    without them the day follows from the start of the series. `months` are the only ones in which it takes
    place, all where there are none. A DATE as `until` includes that whole local day. Raises
    `InvalidRecurrence` for a combination that the builder does not offer.
    """
    if ordinal is None:
        is_offered = not weekdays or freq in (Freq.DAILY, Freq.WEEKLY)
    else:
        is_offered = bool(weekdays) and freq is Freq.MONTHLY
    if not is_offered:
        raise InvalidRecurrence(RecurrenceFault.TOGETHER, freq)
    if ordinal is not None and not 1 <= abs(ordinal) <= 5:
        raise InvalidRecurrence(RecurrenceFault.VALUE, str(ordinal))
    days = tuple(WeekdayNum(weekday, ordinal) for weekday in sorted(set(weekdays)))
    rule = Rule(freq, interval, count, until, by_day=days, by_month=tuple(sorted(set(months))))
    text = format_recurrence(Recurrence((rule,), (), tuple(rdates), tuple(exdates)))
    parse_recurrence(text)
    return text


def format_recurrence(recurrence: Recurrence) -> str:
    """The text of a recurrence, one property a line: `parse_recurrence` reads the same from it."""
    return "\n".join(
        [
            *(f"RRULE:{_format_rule(rule)}" for rule in recurrence.rules),
            *(f"EXRULE:{_format_rule(rule)}" for rule in recurrence.exrules),
            *_date_properties("RDATE", recurrence.rdates),
            *_date_properties("EXDATE", recurrence.exdates),
        ]
    )


def _format_rule(rule: Rule) -> str:
    parts = [f"FREQ={rule.freq}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    for name, (field, *_) in _NUMBER_LISTS.items():
        if numbers := getattr(rule, field):
            parts.append(f"{name}={','.join(map(str, numbers))}")
    if rule.by_day:
        names = (f"{day.ordinal or ''}{day.weekday.name}" for day in rule.by_day)
        parts.append(f"BYDAY={','.join(names)}")
    if rule.week_start is not Weekday.MO:
        parts.append(f"WKST={rule.week_start.name}")
    if rule.until is not None:
        parts.append(f"UNTIL={_format(rule.until)}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    return ";".join(parts)


def _date_properties(name: str, values: Sequence[DateOrDateTime]) -> list[str]:
    """A line for the values of each type: they stand together, so that many of them are a short text."""
    days = [_format(value) for value in values if not isinstance(value, datetime)]
    times = [_format(value) for value in values if isinstance(value, datetime)]
    lines = [f"{name};VALUE=DATE:{','.join(days)}"] if days else []
    return [*lines, f"{name}:{','.join(times)}"] if times else lines


def _format(value: DateOrDateTime) -> str:
    if not isinstance(value, datetime):
        return value.isoformat().replace("-", "")
    suffix = "" if value.tzinfo is None else "Z"
    wall = value if value.tzinfo is None else value.astimezone(UTC)
    text = wall.replace(tzinfo=None, microsecond=0).isoformat()
    return text.replace("-", "").replace(":", "") + suffix
