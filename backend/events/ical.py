"""Dates as calendars read them: RFC 5545, by the library `icalendar` (`S5`, `S6`).

Nothing is asked of the clock: the same dates are the same bytes, so that a calendar that has them already sees no change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from icalendar import Calendar, Event, Timezone, vDuration, vText, vUri

from backend.zones import zone_by_name

PRODID = "-//Emerald//Emerald//EN"
FORMAT_VERSION = 1  # counts how a calendar is written: one more, and those who follow one take it anew
_MARGIN = timedelta(days=366)  # so much of a zone's changes is told around the dates


class EventStatus(StrEnum):
    """How sure a date is for its reader."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"  # they wait in line, or said maybe
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One date as a calendar holds it. Times are aware instants, told in `zone`; with each change `sequence` rises, and
    `changed_at` is when it last did."""

    code: str
    title: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    sequence: int
    status: EventStatus
    changed_at: datetime
    description: str = ""
    place: str = ""
    url: str = ""


def render_calendar(
    dates: Sequence[CalendarEvent], *, host: str, name: str = "", every: timedelta | None = None
) -> bytes:
    """A calendar of these dates, named `name`, for whoever follows it to look at `every` so often. `host` is that of the
    public address, so that a date is the same thing in everybody's calendar, wherever it is moved."""
    calendar = Calendar()
    calendar.add("PRODID", PRODID)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    if name:
        calendar.add("NAME", vText(name))  # RFC 7986; the other is what most read
        calendar.add("X-WR-CALNAME", vText(name))
    if every is not None:
        calendar.add("REFRESH-INTERVAL", vDuration(every), parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", vDuration(every))
    for zone in sorted({date.zone for date in dates if not _is_utc(date.zone)}):
        calendar.add_component(_zone(zone, [date for date in dates if date.zone == zone]))
    for date in dates:
        calendar.add_component(_event(date, host))
    rendered: bytes = calendar.to_ical(sorted=False)
    return rendered


def _is_utc(zone: str) -> bool:
    return zone in ("UTC", "Etc/UTC")


def _zone(zone: str, dates: Sequence[CalendarEvent]) -> Timezone:
    first = min(date.starts_at for date in dates) - _MARGIN
    last = max(date.ends_at for date in dates) + _MARGIN
    return Timezone.from_tzinfo(zone_by_name(zone), zone, first.date(), last.date())


def _event(date: CalendarEvent, host: str) -> Event:
    event = Event()
    event.add("UID", f"{date.code}@{host}")
    event.add("DTSTAMP", date.changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", date.changed_at.astimezone(UTC))
    event.add("SEQUENCE", date.sequence)
    event.add("STATUS", str(date.status))
    for field, instant in (("DTSTART", date.starts_at), ("DTEND", date.ends_at)):
        local = instant.astimezone(UTC if _is_utc(date.zone) else zone_by_name(date.zone))
        event.add(field, local.replace(microsecond=0))
    event.add("SUMMARY", date.title)
    if date.description:
        event.add("DESCRIPTION", date.description)
    if date.place:
        event.add("LOCATION", date.place)
    if date.url:
        event.add("URL", vUri(date.url))
    return event
