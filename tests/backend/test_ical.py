"""Instances as iCalendar (RFC 5545), checked with two independent readers: icalendar and
recurring-ical-events."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recurring_ical_events
from icalendar import Calendar

from backend.ical import CalendarEvent, EventStatus, render_calendar

YOGA = CalendarEvent(
    code="abcdefghjk",
    account_name="Kallio Yoga",
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


def render_and_parse(*calendar_events: CalendarEvent) -> tuple[str, Any]:
    """The text, and what icalendar parses from it."""
    text = render_calendar(calendar_events, host="emerald.example", name="Kallio Yoga")
    return text.decode(), Calendar.from_ical(text)


def vevents(*calendar_events: CalendarEvent) -> list[Any]:
    return list(render_and_parse(*calendar_events)[1].walk("VEVENT"))


def test_an_instance_is_a_vevent() -> None:
    [event] = vevents(YOGA)
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


def test_the_same_events_give_the_same_bytes() -> None:
    """The clock is not read."""
    assert render_and_parse(YOGA)[0] == render_and_parse(YOGA)[0]


def test_lines_end_with_crlf_and_are_at_most_75_octets() -> None:
    """RFC 5545 §3.1, also where a character has several octets."""
    long_event = replace(YOGA, title="Достопримечательности 🧘‍♀️ " * 12, description="ä" * 1000)
    text, calendar = render_and_parse(long_event)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    [event] = calendar.walk("VEVENT")
    assert (event["SUMMARY"], event["DESCRIPTION"]) == (long_event.title, long_event.description)


@pytest.mark.parametrize(
    "text", ["a, b; c", "back\\slash", "line\nline", '"quoted": x=y', "\\n; ,", "END:VEVENT"]
)
def test_special_characters_are_escaped(text: str) -> None:
    """RFC 5545 §3.3.11: no text of an organiser can end its property."""
    raw, calendar = render_and_parse(replace(YOGA, title=text, place=text, description=text))
    [event] = calendar.walk("VEVENT")
    assert event["SUMMARY"] == event["LOCATION"] == event["DESCRIPTION"] == text
    unfolded = raw.replace("\r\n ", "")
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    assert f"SUMMARY:{escaped}\r\n" in unfolded


@pytest.mark.parametrize(
    ("at", "wall"),
    [
        (datetime(2027, 3, 27, 16, 0, tzinfo=UTC), "20270327T180000"),
        (datetime(2027, 3, 28, 15, 0, tzinfo=UTC), "20270328T180000"),
        (datetime(2027, 10, 30, 15, 0, tzinfo=UTC), "20271030T180000"),
        (datetime(2027, 10, 31, 16, 0, tzinfo=UTC), "20271031T180000"),
    ],
)
def test_wall_clocks_are_right_on_both_sides_of_a_dst_change(at: datetime, wall: str) -> None:
    """S3: the VTIMEZONE gives a reader without a zone database the same instants."""
    text, calendar = render_and_parse(replace(YOGA, starts_at=at, ends_at=at + timedelta(hours=1)))
    assert f"DTSTART;TZID=Europe/Helsinki:{wall}\r\n" in text
    [zone] = calendar.walk("VTIMEZONE")
    read_zone = zone.to_tz()
    local = datetime.strptime(wall, "%Y%m%dT%H%M%S")
    assert (
        local.replace(tzinfo=read_zone).utcoffset()
        == local.replace(tzinfo=ZoneInfo("Europe/Helsinki")).utcoffset()
    )
    [occurrence] = recurring_ical_events.of(calendar).between(at, at + timedelta(hours=1))
    assert occurrence["DTSTART"].dt.astimezone(UTC) == at


def test_each_zone_has_one_vtimezone_and_utc_none() -> None:
    text, calendar = render_and_parse(
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


def test_of_a_time_that_exists_twice_the_first_is_written() -> None:
    """S3: 03:30 in Helsinki on 31 October 2027."""
    at = datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    [event] = vevents(replace(YOGA, starts_at=at, ends_at=at + timedelta(hours=2)))
    assert event["DTSTART"].dt.astimezone(UTC) == at
    assert event["DTEND"].dt.astimezone(UTC) == at + timedelta(hours=2)


def test_a_moved_or_cancelled_instance_keeps_its_uid_and_raises_sequence() -> None:
    """S5, S6."""
    moved = replace(
        YOGA, starts_at=YOGA.starts_at + timedelta(days=2), ends_at=YOGA.ends_at + timedelta(days=2),
        sequence=1,
    )  # fmt: skip
    cancelled = replace(moved, sequence=2, status=EventStatus.CANCELLED)
    components = [vevents(one)[0] for one in (YOGA, moved, cancelled)]
    assert {event["UID"] for event in components} == {"abcdefghjk@emerald.example"}
    assert [event["SEQUENCE"] for event in components] == [0, 1, 2]
    assert [event["STATUS"] for event in components] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]


def test_each_date_of_a_series_is_an_event_of_its_own() -> None:
    """Programs disagree on rules and on what changes one of their dates (docs/CALENDARS.md)."""
    week = timedelta(days=7)
    dates = [
        replace(
            YOGA,
            code=f"abcdefghj{letter}",
            starts_at=YOGA.starts_at + n * week,
            ends_at=YOGA.ends_at + n * week,
        )
        for n, letter in enumerate("kmn")
    ]
    text, calendar = render_and_parse(*dates)
    assert not {"RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"} & set(
        re.findall(r"^[A-Z-]+", text, re.MULTILINE)
    )
    assert [event["DTSTART"].dt for event in calendar.walk("VEVENT")] == [date.starts_at for date in dates]
    assert len({event["UID"] for event in calendar.walk("VEVENT")}) == 3


def test_a_calendar_may_have_no_events() -> None:
    text, calendar = render_and_parse()
    assert calendar.walk("VEVENT") == []
    assert "X-WR-CALNAME:Kallio Yoga\r\n" in text
