"""Dates as calendars read them (RFC 5545), held against readers of their own: icalendar and recurring-ical-events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from icalendar import Calendar

from backend.events.ical import CalendarEvent, EventStatus, render_calendar

YOGA = CalendarEvent(
    code="abcdefghjk",
    title="🧘 Evening flow yoga",
    starts_at=datetime(2026, 11, 24, 16, 0, tzinfo=UTC),
    ends_at=datetime(2026, 11, 24, 17, 15, tzinfo=UTC),
    zone="Europe/Helsinki",
    sequence=0,
    status=EventStatus.CONFIRMED,
    changed_at=datetime(2026, 11, 1, 12, 0, tzinfo=UTC),
    description="Bring a mat; water, too.\nДобро пожаловать!",
    place="Kallion kulttuuritalo, sali 2",
    url="https://emerald.example/e/abcdefghjk",
)


def read(*dates: CalendarEvent) -> tuple[str, Any]:
    """The text and what icalendar reads in it."""
    text = render_calendar(dates, host="emerald.example", name="Kallio Yoga")
    return text.decode(), Calendar.from_ical(text)


def events(*dates: CalendarEvent) -> list[Any]:
    return list(read(*dates)[1].walk("VEVENT"))


def test_says_what_a_date_is() -> None:
    [event] = events(YOGA)
    assert event["UID"] == "abcdefghjk@emerald.example"
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert event["SUMMARY"] == YOGA.title
    assert event["LOCATION"] == YOGA.place
    assert event["DESCRIPTION"] == YOGA.description
    assert event["URL"] == YOGA.url
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt == YOGA.changed_at
    assert event["DTSTART"].params["TZID"] == "Europe/Helsinki"
    assert event["DTSTART"].dt == YOGA.starts_at
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=75)


def test_is_the_same_bytes_for_the_same_dates() -> None:
    """Nothing is asked of the clock."""
    assert read(YOGA)[0] == read(YOGA)[0]


def test_lines_end_with_crlf_and_are_at_most_75_octets() -> None:
    """RFC 5545 3.1, also where a letter has several octets."""
    long = replace(YOGA, title="Достопримечательности 🧘‍♀️ " * 12, description="ä" * 1000)
    text, calendar = read(long)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    [event] = calendar.walk("VEVENT")
    assert (event["SUMMARY"], event["DESCRIPTION"]) == (long.title, long.description)


@pytest.mark.parametrize(
    "text", ["a, b; c", "back\\slash", "line\nline", '"quoted": x=y', "\\n; ,", "END:VEVENT"]
)
def test_marks_are_escaped(text: str) -> None:
    """RFC 5545 3.3.11: nothing an organiser writes breaks out of its line."""
    raw, calendar = read(replace(YOGA, title=text, place=text, description=text))
    [event] = calendar.walk("VEVENT")
    assert event["SUMMARY"] == event["LOCATION"] == event["DESCRIPTION"] == text
    unfolded = raw.replace("\r\n ", "")
    said = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    assert f"SUMMARY:{said}\r\n" in unfolded


@pytest.mark.parametrize(
    ("at", "wall"),
    [
        (datetime(2027, 3, 27, 16, 0, tzinfo=UTC), "20270327T180000"),
        (datetime(2027, 3, 28, 15, 0, tzinfo=UTC), "20270328T180000"),
        (datetime(2027, 10, 30, 15, 0, tzinfo=UTC), "20271030T180000"),
        (datetime(2027, 10, 31, 16, 0, tzinfo=UTC), "20271031T180000"),
    ],
)
def test_wall_clocks_on_both_sides_of_a_change(at: datetime, wall: str) -> None:
    """S3: the zone is told so that a reader with no zones of its own reckons the same instants."""
    text, calendar = read(replace(YOGA, starts_at=at, ends_at=at + timedelta(hours=1)))
    assert f"DTSTART;TZID=Europe/Helsinki:{wall}\r\n" in text
    [zone] = calendar.walk("VTIMEZONE")
    told = zone.to_tz()
    local = datetime.strptime(wall, "%Y%m%dT%H%M%S")
    assert (
        local.replace(tzinfo=told).utcoffset()
        == local.replace(tzinfo=ZoneInfo("Europe/Helsinki")).utcoffset()
    )
    [found] = recurring_ical_events.of(calendar).between(at, at + timedelta(hours=1))
    assert found["DTSTART"].dt.astimezone(UTC) == at


def test_each_zone_is_told_once_and_utc_needs_none() -> None:
    text, calendar = read(
        YOGA,
        replace(YOGA, code="b", zone="America/New_York"),
        replace(YOGA, code="c"),
        replace(YOGA, code="d", zone="UTC"),
    )
    zones = [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")]
    assert zones == ["America/New_York", "Europe/Helsinki"]
    assert "DTSTART:20261124T160000Z\r\n" in text
    assert "DTSTART;TZID=America/New_York:20261124T110000\r\n" in text
    assert {event["DTSTART"].dt for event in calendar.walk("VEVENT")} == {YOGA.starts_at}


def test_an_hour_that_comes_twice_is_the_first() -> None:
    """S3: 03:30 in Helsinki on 31 October 2027."""
    at = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    [event] = events(replace(YOGA, starts_at=at, ends_at=at + timedelta(hours=2)))
    assert event["DTSTART"].dt.astimezone(UTC) == at
    assert event["DTEND"].dt.astimezone(UTC) == at + timedelta(hours=2)


def test_a_moved_and_a_cancelled_date_are_the_same_one_later() -> None:
    """S5, S6."""
    moved = replace(
        YOGA, starts_at=YOGA.starts_at + timedelta(days=2), ends_at=YOGA.ends_at + timedelta(days=2),
        sequence=1,
    )  # fmt: skip
    off = replace(moved, sequence=2, status=EventStatus.CANCELLED)
    told = [events(one)[0] for one in (YOGA, moved, off)]
    assert {event["UID"] for event in told} == {"abcdefghjk@emerald.example"}
    assert [event["SEQUENCE"] for event in told] == [0, 1, 2]
    assert [event["STATUS"] for event in told] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]


def test_no_dates_are_a_calendar_too() -> None:
    text, calendar = read()
    assert calendar.walk("VEVENT") == []
    assert "X-WR-CALNAME:Kallio Yoga\r\n" in text
