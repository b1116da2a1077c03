"""Instances as calendars read them: iCalendar (RFC 5545) by the library `icalendar` (`S5`, `S6`).

Nothing here reads the clock: the same events give the same bytes, so that calendars see no change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

import structlog
from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
    vDuration,
    vText,
    vUri,
)

from backend.zones import find_clock_change, offset_changes, wall_clock, zone_by_name

log = structlog.get_logger()

PRODID = "-//Emerald//Emerald//EN"
_ZONE_MARGIN = timedelta(days=366)  # a VTIMEZONE covers the events and this much on both sides


class EventStatus(StrEnum):
    """STATUS of a VEVENT (RFC 5545 §3.8.1.11): how certain an instance is for its reader."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"  # they are on the waitlist, or said maybe
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """A VEVENT (RFC 5545 §3.6.1). Times are aware instants, written in `zone`.

    `sequence` rises with each change, and `changed_at` is the time of the last one.
    """

    code: str
    title: str
    account_name: str
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
    events: Sequence[CalendarEvent],
    *,
    host: str,
    name: str = "",
    refresh_interval: timedelta | None = None,
) -> bytes:
    """A VCALENDAR of these events.

    `host` is that of the public address. With the code it makes the UID (RFC 7986 §5.3), which stays when an
    instance is moved. `name` and `refresh_interval` are for feeds that a calendar subscribes to.
    """
    calendar = Calendar()
    calendar.add("PRODID", PRODID)
    calendar.add("VERSION", "2.0")
    calendar.add("METHOD", "PUBLISH")
    if name:
        calendar.add("NAME", vText(name))  # RFC 7986 §5.1; most calendars read only the older X-WR-CALNAME
        calendar.add("X-WR-CALNAME", vText(name))
    if refresh_interval is not None:
        calendar.add("REFRESH-INTERVAL", vDuration(refresh_interval), parameters={"VALUE": "DURATION"})
        calendar.add("X-PUBLISHED-TTL", vDuration(refresh_interval))  # the same, for older calendars
    for zone in sorted({event.zone for event in events if not _is_utc(event.zone)}):
        calendar.add_component(_vtimezone(zone, [event for event in events if event.zone == zone]))
    for event in events:
        calendar.add_component(_vevent(event, host))
    rendered: bytes = calendar.to_ical(sorted=False)
    return rendered


def renderable(events: Sequence[CalendarEvent], *, host: str) -> list[CalendarEvent]:
    """Those of these events that a calendar can be made of, each alone; the others are logged."""
    found = []
    for event in events:
        try:
            render_calendar([event], host=host)
        except Exception:
            log.exception("calendar entry left out", code=event.code)
        else:
            found.append(event)
    return found


def _is_utc(zone: str) -> bool:
    return zone in ("UTC", "Etc/UTC")


def _vtimezone(zone: str, events: Sequence[CalendarEvent]) -> Timezone:
    """A VTIMEZONE (RFC 5545 §3.6.5) with one observance for each change of the offset around the events, and no rule: rules
    and RDATEs are read differently by different calendars (`docs/CALENDARS.md`).

    The first observance only says what holds before the first change. Each begins at the wall clock before its change.
    """
    first = min(event.starts_at for event in events) - _ZONE_MARGIN
    last = max(event.ends_at for event in events) + _ZONE_MARGIN
    component = Timezone()
    component.add("TZID", zone)
    before = _offset(first, zone)
    component.add_component(_observance(first.replace(microsecond=0), before, before, zone))
    for instant in offset_changes(zone, first, last):
        after = _offset(instant, zone)
        component.add_component(_observance(instant, before, after, zone))
        before = after
    return component


def _observance(
    instant: datetime, before: timedelta, after: timedelta, zone: str
) -> TimezoneStandard | TimezoneDaylight:
    observance = TimezoneDaylight() if after > before else TimezoneStandard()
    observance.add("DTSTART", (instant.astimezone(UTC) + before).replace(tzinfo=None))
    observance.add("TZOFFSETFROM", before)
    observance.add("TZOFFSETTO", after)
    observance.add("TZNAME", instant.astimezone(zone_by_name(zone)).tzname() or zone)
    return observance


def _offset(instant: datetime, zone: str) -> timedelta:
    offset = instant.astimezone(zone_by_name(zone)).utcoffset()
    assert offset is not None
    return offset


def _written_in(event: CalendarEvent) -> tzinfo:
    """The zone in which an event's times are written: its own, or UTC where a wall clock would name two instants (the hour
    that clocks go back over). There the end may come before the start, and calendars disagree which of the two is meant."""
    if _is_utc(event.zone):
        return UTC
    ends = (event.starts_at, event.ends_at)
    if any(find_clock_change(wall_clock(end, event.zone), event.zone) is not None for end in ends):
        return UTC
    return zone_by_name(event.zone)


def _vevent(event: CalendarEvent, host: str) -> Event:
    component = Event()
    component.add("UID", f"{event.code}@{host}")
    component.add("DTSTAMP", event.changed_at.astimezone(UTC))
    component.add("LAST-MODIFIED", event.changed_at.astimezone(UTC))
    component.add("SEQUENCE", event.sequence)
    component.add("STATUS", str(event.status))
    written_in = _written_in(event)
    for name, instant in (("DTSTART", event.starts_at), ("DTEND", event.ends_at)):
        component.add(name, instant.astimezone(written_in).replace(microsecond=0))
    organizer = vCalAddress(f"mailto:noreply@{host}")  # METHOD:PUBLISH asks for one (RFC 5546 §3.2.1)
    organizer.params["CN"] = vText(event.account_name)
    component.add("ORGANIZER", organizer)
    component.add("SUMMARY", event.title)
    if event.description:
        component.add("DESCRIPTION", event.description)
    if event.place:
        component.add("LOCATION", event.place)
    if event.url:
        component.add("URL", vUri(event.url))
    return component
