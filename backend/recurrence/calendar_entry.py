"""What a calendar entry that somebody pastes says of a series: a VEVENT of RFC 5545 §3.6.1, in a VCALENDAR or
alone, or only some of its lines.

Read without a calendar library, because those keep the VTIMEZONEs they meet for the whole process. Pure: no
tables, no clock.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final

from icalendar.prop import vDuration

from backend.recurrence.faults import InvalidRecurrence, RecurrenceFault
from backend.recurrence.rfc5545 import parse_date_or_date_time, parse_property, unfold, zone_of_tzid
from backend.recurrence.rules import DateOrDateTime
from backend.zones import resolve_local, wall_clock

_ENTRY = re.compile(
    r"^[ \t]*(?:BEGIN:V|(?:DTSTART|DTEND|DURATION|SUMMARY)[;:])", re.IGNORECASE | re.MULTILINE
)
_NAME = re.compile(r"[A-Za-z0-9-]*")
_ESCAPED = re.compile(r"\\([nN\\;,])")
_RULES: Final = ("RRULE", "EXRULE", "RDATE", "EXDATE")
_TEXTS: Final = ("SUMMARY", "DESCRIPTION", "LOCATION")
_TIMES: Final = ("DTSTART", "DTEND", "DURATION")
# What an entry says about itself, and what means nothing to a series.
_IGNORED: Final = frozenset(
    ("UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "STATUS", "TRANSP", "CLASS", "PRIORITY")
)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """The first event of a calendar text. What it does not say is empty or None.

    `starts_local` is a naive wall clock in `zone`, or in the zone of the series where `zone` is None. `rule`
    is its RRULE, RDATE, EXDATE and EXRULE as they stand there. `left` names the properties and components that
    a series has no place for; `moved` counts instances that were changed by themselves (RECURRENCE-ID),
    `others` further events.
    """

    title: str = ""
    description: str = ""
    place: str = ""
    starts_local: datetime | None = None
    zone: str | None = None
    duration_minutes: int | None = None
    rule: str = ""
    left: tuple[str, ...] = ()
    moved: int = 0
    others: int = 0


def is_calendar_entry(text: str) -> bool:
    """Whether a text is more than recurrence rules: an entry, or lines of one."""
    return _ENTRY.search(text) is not None


def parse_calendar_entry(text: str) -> CalendarEntry:
    """The entry in a text. Its rule is not checked. Raises `InvalidRecurrence`."""
    events = list(_events(text))
    series = [event for event in events if not event.is_instance]
    if not series:
        raise InvalidRecurrence(RecurrenceFault.NO_EVENT)
    event = series[0]
    starts_local, zone = _start(event)
    return CalendarEntry(
        title=event.text("SUMMARY"),
        description=event.text("DESCRIPTION"),
        place=", ".join(event.text("LOCATION").split("\n")),
        starts_local=starts_local,
        zone=zone,
        duration_minutes=_minutes(event),
        rule="\n".join(event.rules),
        left=tuple(dict.fromkeys(event.left)),
        moved=len(events) - len(series),
        others=len(series) - 1,
    )


@dataclass(slots=True)
class _Event:
    """One VEVENT by its lines."""

    properties: dict[str, str] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    is_instance: bool = False

    def add(self, line: str) -> None:
        name = _NAME.match(line)[0].upper()  # type: ignore[index]  # it matches everything
        if name in _RULES:
            self.rules.append(line)
        elif name in _TEXTS or name in _TIMES:
            self.properties.setdefault(name, line)
        elif name == "RECURRENCE-ID":
            self.is_instance = True
        elif name not in _IGNORED and not name.startswith("X-"):
            self.left.append(name)

    def text(self, name: str) -> str:
        """A TEXT value (RFC 5545 §3.3.11); "" without one."""
        if name not in self.properties:
            return ""
        value = parse_property(self.properties[name])[2]
        return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()

    def moment(self, name: str) -> tuple[DateOrDateTime, str | None] | None:
        """A DATE or DATE-TIME with the zone its TZID names; None without one."""
        if name not in self.properties:
            return None
        _, params, value = parse_property(self.properties[name])
        zone = zone_of_tzid(params["TZID"]) if "TZID" in params else None
        moment = parse_date_or_date_time(value.strip().upper(), self.properties[name])
        if not 1900 <= moment.year < 3000:  # far from the calendar's ends, so that any zone can be applied
            raise InvalidRecurrence(RecurrenceFault.VALUE, self.properties[name])
        return moment, zone


def _events(text: str) -> Iterator[_Event]:
    """The VEVENTs of a text; lines that stand in no component are one."""
    inside: list[str] = []
    event, loose = _Event(), _Event()
    for line in unfold(text):
        name, _, value = line.partition(":")
        kind = value.strip().upper()
        if name.upper() == "BEGIN":
            if inside[-1:] == ["VEVENT"]:
                event.left.append(kind)
            if kind == "VEVENT":
                event = _Event()
            inside.append(kind)
        elif name.upper() == "END":
            if inside and inside.pop() == "VEVENT":
                yield event
        elif not inside:
            loose.add(line)
        elif inside[-1] == "VEVENT":
            event.add(line)
    if inside[-1:] == ["VEVENT"]:  # its end was not copied
        yield event
    if loose.properties or loose.rules:
        yield loose


def _start(event: _Event) -> tuple[datetime | None, str | None]:
    """The wall clock at which it starts and its zone. What repeats in UTC stays there: in a zone that changes
    its clocks it would be other instants."""
    found = event.moment("DTSTART")
    if found is None:
        return None, None
    moment, zone = found
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time()), zone
    if moment.tzinfo is not None:
        return wall_clock(moment, "UTC"), "UTC"
    return moment, zone


def _minutes(event: _Event) -> int | None:
    """How long it takes, rounded up; None where it does not say so."""
    start, end = event.moment("DTSTART"), event.moment("DTEND")
    length = timedelta()
    if start is not None and end is not None:
        length = _instant(*end) - _instant(*start)
    elif "DURATION" in event.properties:
        line = event.properties["DURATION"]
        try:
            length = vDuration.from_ical(parse_property(line)[2].strip())  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise InvalidRecurrence(RecurrenceFault.SYNTAX, line) from error
    elif start is not None and not isinstance(start[0], datetime):
        length = timedelta(days=1)
    return -(-length // timedelta(minutes=1)) if length > timedelta() else None


def _instant(moment: DateOrDateTime, zone: str | None) -> datetime:
    if not isinstance(moment, datetime):
        return resolve_local(datetime.combine(moment, time()), "UTC")
    return moment if moment.tzinfo is not None else resolve_local(moment, zone or "UTC")
