"""Calendar entries as other programs write them, pasted where a rule is typed."""

from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.recurrence.calendar_entry import CalendarEntry, is_calendar_entry, parse_calendar_entry
from backend.recurrence.faults import InvalidRecurrence
from backend.recurrence.rfc5545 import parse_recurrence
from tests.fuzzing import examples, lines_run

VEVENT = """BEGIN:VEVENT
UID:1@example.org
DTSTAMP:20261101T120000Z
DTSTART;TZID=Europe/Helsinki:20261201T180000
DTEND;TZID=Europe/Helsinki:20261201T193000
RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=5
EXDATE;TZID=Europe/Helsinki:20261215T180000
SUMMARY:Löylyä\\, Saunaseura
LOCATION:Sompasauna\\nHelsinki
DESCRIPTION:Bring a to
 wel.\\nAnd water\\; cold.
ATTENDEE;CN="A, B";MEMBER="mailto:a@example.org","mailto:b@example.org":mailto:c@example.org
X-APPLE-TRAVEL:yes
BEGIN:VALARM
TRIGGER:-PT15M
DESCRIPTION:Now
END:VALARM
END:VEVENT
"""
ENTRY = CalendarEntry(
    title="Löylyä, Saunaseura",
    description="Bring a towel.\nAnd water; cold.",
    place="Sompasauna, Helsinki",
    starts_local=datetime(2026, 12, 1, 18),
    zone="Europe/Helsinki",
    duration_minutes=90,
    rule="RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=5\nEXDATE;TZID=Europe/Helsinki:20261215T180000",
    left=("ATTENDEE", "VALARM"),
)
VCALENDAR = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Europe/Helsinki
BEGIN:STANDARD
DTSTART:19701025T040000
TZOFFSETFROM:+0300
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""


def test_reads_an_event_alone_and_in_its_calendar() -> None:
    """The zone's own rule and the alarm's words are not the event's."""
    assert parse_calendar_entry(VEVENT) == ENTRY
    assert parse_calendar_entry(f"{VCALENDAR}{VEVENT}END:VCALENDAR".replace("\n", "\r\n")) == ENTRY
    assert parse_calendar_entry(f"{VCALENDAR}{VEVENT}".removesuffix("END:VEVENT\n")) == ENTRY


def test_counts_what_it_does_not_take() -> None:
    moved = "BEGIN:VEVENT\nUID:1@example.org\nRECURRENCE-ID:20261208T160000Z\nDTSTART:20261209T160000Z\nEND:VEVENT\n"
    found = parse_calendar_entry(f"{VCALENDAR}{moved}{VEVENT}{moved}{VEVENT}END:VCALENDAR")
    assert (found.title, found.moved, found.others) == (ENTRY.title, 2, 1)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        (
            "DTSTART:20261201T180000\nRRULE:FREQ=DAILY",
            CalendarEntry(starts_local=datetime(2026, 12, 1, 18), rule="RRULE:FREQ=DAILY"),
        ),
        (
            "DTSTART;TZID=FLE Standard Time:20261201T180000\nDURATION:PT1H30M",
            CalendarEntry(starts_local=datetime(2026, 12, 1, 18), zone="Europe/Kiev", duration_minutes=90),
        ),
        (
            "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Helsinki:20261201T180000",
            CalendarEntry(starts_local=datetime(2026, 12, 1, 18), zone="Europe/Helsinki"),
        ),
        (
            "DTSTART:20261201T160000Z\nDTEND:20261201T164530Z",
            CalendarEntry(starts_local=datetime(2026, 12, 1, 16), zone="UTC", duration_minutes=46),
        ),
        (
            "DTSTART;VALUE=DATE:20261224",
            CalendarEntry(starts_local=datetime(2026, 12, 24), duration_minutes=1440),
        ),
        (
            "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227",
            CalendarEntry(starts_local=datetime(2026, 12, 24), duration_minutes=3 * 1440),
        ),
        # The clocks go back that night: an hour longer than it reads.
        (
            "DTSTART;TZID=Europe/Helsinki:20271031T020000\nDTEND;TZID=Europe/Helsinki:20271031T050000",
            CalendarEntry(
                starts_local=datetime(2027, 10, 31, 2), zone="Europe/Helsinki", duration_minutes=240
            ),
        ),
        (
            "DTSTART;TZID=Europe/Helsinki:20261201T180000\nDTEND;TZID=America/New_York:20261201T120000",
            CalendarEntry(
                starts_local=datetime(2026, 12, 1, 18), zone="Europe/Helsinki", duration_minutes=60
            ),
        ),
        (
            "SUMMARY;LANGUAGE=en:Sauna\ndtstart:20261201T180000",
            CalendarEntry(title="Sauna", starts_local=datetime(2026, 12, 1, 18)),
        ),
    ],
)
def test_reads_times_however_they_are_written(text: str, entry: CalendarEntry) -> None:
    assert is_calendar_entry(text)
    assert parse_calendar_entry(text) == entry


@pytest.mark.parametrize(
    ("text", "fault", "part"),
    [
        ("BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Wash\nEND:VTODO\nEND:VCALENDAR", "rule.no-event", ""),
        ("BEGIN:VEVENT\nRECURRENCE-ID:20261208T160000Z\nEND:VEVENT", "rule.no-event", ""),
        ("DTSTART;TZID=Mars/Olympus:20261201T180000", "rule.zone", "Mars/Olympus"),
        ("DTSTART:tomorrow", "rule.syntax", "DTSTART:tomorrow"),
        ("DTSTART:20260230T180000", "rule.value", "DTSTART:20260230T180000"),
        ("DTSTART:00010101T000000", "rule.value", "DTSTART:00010101T000000"),
        ("DTSTART:20261201T180000\nDURATION:long", "rule.syntax", "DURATION:long"),
        ("DTSTART:20261201T180000\nSUMMARY;X:Sauna", "rule.syntax", "SUMMARY;X:Sauna"),
    ],
)
def test_says_what_it_cannot_read(text: str, fault: str, part: str) -> None:
    """`X5`."""
    with pytest.raises(InvalidRecurrence) as refused:
        parse_calendar_entry(text)
    assert (refused.value.fault, refused.value.part) == (fault, part)


@pytest.mark.parametrize(
    "rule", ["", "FREQ=DAILY", "RRULE:FREQ=WEEKLY\nEXDATE;VALUE=DATE:20261201", "RDATE:20261201T180000"]
)
def test_a_rule_alone_is_no_entry(rule: str) -> None:
    assert not is_calendar_entry(rule)


LINES = [
    *("BEGIN:VEVENT", "END:VEVENT", "BEGIN:", "END:VCALENDAR", "DTSTART:20261201", "DTEND:20261130"),
    *("DURATION:-P1D", "SUMMARY:\\", ":", ";=:"),
]


@examples(100)
@given(st.lists(st.sampled_from(LINES) | st.text(max_size=20), max_size=12).map("\n".join))
@example("BEGIN:VEVENT\n" * 2000)
def test_reads_or_refuses_any_text(text: str) -> None:
    """`X5`, within its steps (`X8`)."""
    try:
        lines_run(lambda: parse_calendar_entry(text), budget=200_000)
    except InvalidRecurrence as refused:
        assert refused.message


def test_takes_zones_and_parameters_of_other_programs() -> None:
    """As Thunderbird and Evolution have written them; what begins with X- is for themselves."""
    exdates = parse_recurrence(
        "RRULE;X-EVOLUTION-ENDDATE=20261222T160000Z:FREQ=WEEKLY;COUNT=4\n"
        "EXDATE;TZID=/mozilla.org/20070129_1/Europe/Helsinki:20261208T180000\n"
        "EXDATE;X-MS-OLK-2=a,b;TZID=Europe/Helsinki:20261208T180000"
    ).exdates
    assert len(exdates) == 2
    assert len(set(exdates)) == 1
