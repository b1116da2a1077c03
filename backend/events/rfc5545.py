"""Recurrences as text: RRULE, RDATE, EXDATE, EXRULE lines of RFC 5545, read and written (`S1`)."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from itertools import product
from typing import Any, Final

from backend.events.recurrence import DateOrDateTime, Freq, Recurrence, Rule, Weekday, WeekdayNum, can_match
from backend.i18n import N_
from backend.zones import UnknownZone, resolve_local

MOST_CHARACTERS: Final = 20_000
MOST_RULES: Final = 8
MOST_DATES: Final = 500
MOST_TIMES_A_DAY: Final = 12

_SENTENCES: Final = {
    "rule.syntax": N_("This part of the repetition is not understood: %(part)s"),
    "rule.value": N_("This value is out of range: %(part)s"),
    "rule.together": N_("These parts of the repetition do not go together: %(part)s"),
    "rule.ends-twice": N_("A repetition ends on a date or after a number of times, not both."),
    "rule.too-often": N_("An event can repeat daily or more rarely, at most 12 times a day."),
    "rule.too-long": N_("The repetition is too long: at most 8 rules and 500 single dates."),
    "rule.never": N_("No day ever fits this repetition: %(part)s"),
    "rule.zone": N_("There is no such time zone: %(part)s"),
    "rule.period": N_("An extra date has the length of the event; leave its end out: %(part)s"),
}


class InvalidRecurrence(ValueError):
    """A recurrence that cannot be taken.

    `key` names the fault (`rule.syntax`, `rule.never`, …); `message` is the sentence for the
    catalogues, and `values` what fills its hole: the part of the text that is at fault.
    """

    def __init__(self, key: str, part: str = "") -> None:
        self.key = key
        self.message = _SENTENCES[key]
        self.part = part if len(part) <= 80 else part[:79] + "…"
        self.values = {"part": self.part}
        super().__init__(self.message % self.values)


_LINE = re.compile(r'([A-Za-z]+)((?:;[A-Za-z-]+=(?:"[^"]*"|[^";:,]*))*):(.*)', re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]{1,5}")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T([0-9]{2})([0-9]{2})([0-9]{2})(Z?))?")

# Part of a rule: field, lowest, highest, and whether it may count from the end.
_NUMBERS: Final = {
    "BYMONTH": ("by_month", 1, 12, False),
    "BYWEEKNO": ("by_week_no", 1, 53, True),
    "BYYEARDAY": ("by_year_day", 1, 366, True),
    "BYMONTHDAY": ("by_month_day", 1, 31, True),
    "BYHOUR": ("by_hour", 0, 23, False),
    "BYMINUTE": ("by_minute", 0, 59, False),
    "BYSECOND": ("by_second", 0, 59, False),
    "BYSETPOS": ("by_set_pos", 1, 366, True),
}


def parse_recurrence(text: str) -> Recurrence:
    """Read RFC 5545 text: one property a line; a rule may stand without its name. "" is one date.

    Folded lines, TZID, VALUE=DATE and UTC values are understood; what has no zone is in the
    series' own. Raises `BadRule`, and nothing else on any text: also for what the RFC forbids,
    what repeats more than daily, and what no day can ever match.
    """
    if len(text) > MOST_CHARACTERS:
        raise InvalidRecurrence("rule.too-long")
    if not text.isascii():
        raise InvalidRecurrence("rule.syntax", text.strip())
    rules: list[Rule] = []
    exrules: list[Rule] = []
    rdates: list[DateOrDateTime] = []
    exdates: list[DateOrDateTime] = []
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        if not (line := line.strip()):
            continue
        name, params, value = _property(line)
        if name in ("RRULE", "EXRULE") and not params:
            (rules if name == "RRULE" else exrules).append(_rule(value))
        elif name in ("RDATE", "EXDATE"):
            (rdates if name == "RDATE" else exdates).extend(_dates(value, params))
        else:
            raise InvalidRecurrence("rule.syntax", line)
        if len(rules) + len(exrules) > MOST_RULES or len(rdates) + len(exdates) > MOST_DATES:
            raise InvalidRecurrence("rule.too-long")
    return Recurrence(tuple(rules), tuple(exrules), tuple(rdates), tuple(exdates))


def _property(line: str) -> tuple[str, dict[str, str], str]:
    if ":" not in line:
        return "RRULE", {}, line
    if (match := _LINE.fullmatch(line)) is None:
        raise InvalidRecurrence("rule.syntax", line)
    name, params, value = match.groups()
    pairs = [param.split("=", 1) for param in params.split(";")[1:]]
    return name.upper(), {key.upper(): text.strip('"') for key, text in pairs}, value


def _rule(text: str) -> Rule:
    parts: dict[str, str] = {}
    for part in text.strip().upper().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in parts:
            raise InvalidRecurrence("rule.syntax", part or text)
        parts[name] = value
    freq = parts.pop("FREQ", "")
    if freq in ("SECONDLY", "MINUTELY", "HOURLY"):
        raise InvalidRecurrence("rule.too-often", freq)
    if freq not in Freq.__members__:
        raise InvalidRecurrence("rule.syntax", text)
    fields = dict(_field(name, value) for name, value in parts.items())
    rule = Rule(Freq(freq), **fields)
    _refuse_what_cannot_be(rule, text)
    return rule


def _field(name: str, value: str) -> tuple[str, Any]:
    """The field of `Rule` and the value that one part of a rule's text stands for."""
    part = f"{name}={value}"
    if name in _NUMBERS:
        field, low, high, signed = _NUMBERS[name]
        texts = value.split(",")
        numbers = {_number(text, part, low=low, high=high, signed=signed) for text in texts}
        return field, tuple(sorted(numbers))
    if name == "BYDAY":
        days = {_day(text, part) for text in value.split(",")}
        return "by_day", tuple(sorted(days, key=lambda day: (day.weekday, day.ordinal or 0)))
    if name == "INTERVAL":
        return "interval", _number(value, part, low=1, high=999)
    if name == "COUNT":
        return "count", _number(value, part, low=1, high=99_999)
    if name == "UNTIL":
        return "until", _moment(value, part)
    if name == "WKST" and value in Weekday.__members__:
        return "week_start", Weekday[value]
    raise InvalidRecurrence("rule.syntax", part)


def _number(text: str, part: str, *, low: int, high: int, signed: bool = False) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise InvalidRecurrence("rule.syntax", part)
    number = int(text)
    if not low <= (abs(number) if signed else number) <= high:
        raise InvalidRecurrence("rule.value", part)
    return number


def _day(text: str, part: str) -> WeekdayNum:
    if (match := _DAY.fullmatch(text)) is None:
        raise InvalidRecurrence("rule.syntax", part)
    ordinal, weekday = match.groups()
    if ordinal is None:
        return WeekdayNum(Weekday[weekday])
    return WeekdayNum(Weekday[weekday], _number(ordinal, part, low=1, high=53, signed=True))


def _refuse_what_cannot_be(rule: Rule, text: str) -> None:
    """What RFC 5545 (3.3.10) forbids, what is too often, and what never happens."""
    ordinal = any(day.ordinal for day in rule.by_day)
    by_parts = (rule.by_month, rule.by_week_no, rule.by_year_day, rule.by_month_day, rule.by_day)
    times = (rule.by_hour, rule.by_minute, rule.by_second)
    if (
        (rule.by_week_no and rule.freq is not Freq.YEARLY)
        or (rule.by_year_day and rule.freq is not Freq.YEARLY)
        or (rule.by_month_day and rule.freq is Freq.WEEKLY)
        or (ordinal and rule.freq not in (Freq.MONTHLY, Freq.YEARLY))
        or (ordinal and rule.by_week_no)
        or (rule.by_set_pos and not any(by_parts + times))
    ):
        raise InvalidRecurrence("rule.together", text)
    if rule.count is not None and rule.until is not None:
        raise InvalidRecurrence("rule.ends-twice", text)
    if len(list(product(*(values or (0,) for values in times)))) > MOST_TIMES_A_DAY:
        raise InvalidRecurrence("rule.too-often", text)
    # dateutil does not expect a 6th Tuesday of a month and falls over it.
    most = 5 if rule.freq is Freq.MONTHLY or rule.by_month else 53
    if any(abs(day.ordinal or 0) > most for day in rule.by_day) or not can_match(rule):
        raise InvalidRecurrence("rule.never", text)


def _dates(text: str, params: dict[str, str]) -> list[DateOrDateTime]:
    kind = params.get("VALUE", "").upper()
    if kind == "PERIOD" or "/" in text:
        raise InvalidRecurrence("rule.period", text)
    if kind not in ("", "DATE", "DATE-TIME") or params.keys() - {"VALUE", "TZID"}:
        raise InvalidRecurrence("rule.syntax", text)
    found = []
    for value in text.strip().split(","):
        moment = _moment(value.strip().upper(), value)
        if kind and (kind == "DATE-TIME") is not isinstance(moment, datetime):
            raise InvalidRecurrence("rule.syntax", value)
        # Far from the calendar's ends, so that any zone can be applied; UNTIL never needs one.
        if not 1900 <= moment.year < 3000:
            raise InvalidRecurrence("rule.value", value)
        if isinstance(moment, datetime) and moment.tzinfo is None and "TZID" in params:
            moment = _in_zone(moment, params["TZID"])
        found.append(moment)
    return found


def _in_zone(wall: datetime, zone: str) -> datetime:
    try:
        return resolve_local(wall, zone)
    except UnknownZone as unknown:
        raise InvalidRecurrence("rule.zone", zone) from unknown


def _moment(text: str, part: str) -> DateOrDateTime:
    if (match := _DATE.fullmatch(text)) is None:
        raise InvalidRecurrence("rule.syntax", part)
    *numbers, utc = match.groups()
    build: Callable[..., DateOrDateTime] = date if numbers[3] is None else datetime
    try:
        moment = build(*(int(number) for number in numbers if number is not None))
    except ValueError as impossible:
        raise InvalidRecurrence("rule.value", part) from impossible
    return moment.replace(tzinfo=UTC) if isinstance(moment, datetime) and utc else moment


def build_rule(
    freq: Freq,
    interval: int = 1,
    weekdays: Sequence[Weekday] = (),
    ordinal: int | None = None,
    until: DateOrDateTime | None = None,
    count: int | None = None,
    *,
    extra: Sequence[DateOrDateTime] = (),
    left_out: Sequence[DateOrDateTime] = (),
) -> str:
    """What the dashboard's rule builder says, as text that `parse_recurrence` takes.

    Weekdays are for DAILY and WEEKLY, and with an `ordinal` (1 to 5, -1 the last) for MONTHLY;
    without them the series' start says which day it is. A `date` as `until` counts as the whole
    local day. Raises `BadRule` for what the builder cannot mean.
    """
    if ordinal is None:
        fits = not weekdays or freq in (Freq.DAILY, Freq.WEEKLY)
    else:
        fits = bool(weekdays) and freq is Freq.MONTHLY
    if not fits:
        raise InvalidRecurrence("rule.together", freq)
    if ordinal is not None and not 1 <= abs(ordinal) <= 5:
        raise InvalidRecurrence("rule.value", str(ordinal))
    parts = [f"FREQ={freq}"]
    if interval != 1:
        parts.append(f"INTERVAL={interval}")
    if weekdays:
        names = (f"{ordinal or ''}{day.name}" for day in sorted(set(weekdays)))
        parts.append(f"BYDAY={','.join(names)}")
    if until is not None:
        parts.append(f"UNTIL={_written(until)}")
    if count is not None:
        parts.append(f"COUNT={count}")
    lines = [f"RRULE:{';'.join(parts)}"]
    lines += [_date_line("RDATE", moment) for moment in extra]
    lines += [_date_line("EXDATE", moment) for moment in left_out]
    text = "\n".join(lines)
    parse_recurrence(text)
    return text


def _date_line(name: str, moment: DateOrDateTime) -> str:
    kind = "" if isinstance(moment, datetime) else ";VALUE=DATE"
    return f"{name}{kind}:{_written(moment)}"


def _written(moment: DateOrDateTime) -> str:
    if not isinstance(moment, datetime):
        return moment.isoformat().replace("-", "")
    zulu = "" if moment.tzinfo is None else "Z"
    wall = moment if moment.tzinfo is None else moment.astimezone(UTC)
    text = wall.replace(tzinfo=None, microsecond=0).isoformat()
    return text.replace("-", "").replace(":", "") + zulu
