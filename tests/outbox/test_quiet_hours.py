"""Messages that wait until people are up, on their own clocks (`M5`, quiet hours 22 to 8)."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.outbox.kinds import Priority, held_until
from backend.zones import end_of_quiet_hours

HELSINKI = "Europe/Helsinki"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23T19:59:59", None),  # 21:59:59 in Helsinki
        ("2026-11-23T20:00", "2026-11-24T06:00"),  # 22:00
        ("2026-11-23T22:30", "2026-11-24T06:00"),  # half past midnight
        ("2026-11-24T05:59:59", "2026-11-24T06:00"),
        ("2026-11-24T06:00", None),  # 8:00
    ],
)
def test_the_night_is_from_ten_to_eight(now: str, until: str | None) -> None:
    assert end_of_quiet_hours(utc(now), HELSINKI) == (utc(until) if until else None)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # Clocks go from 3 to 4 on 29 March 2026: that night is an hour shorter.
        ("2026-03-28T20:30", "2026-03-29T05:00"),
        ("2026-03-29T00:59", "2026-03-29T05:00"),
        ("2026-03-29T01:01", "2026-03-29T05:00"),
        ("2026-03-29T05:00", None),
        # From 4 to 3 on 25 October 2026: an hour longer; the doubled hour is night both times.
        ("2026-10-24T19:30", "2026-10-25T06:00"),
        ("2026-10-25T00:30", "2026-10-25T06:00"),
        ("2026-10-25T01:30", "2026-10-25T06:00"),
        ("2026-10-25T05:59", "2026-10-25T06:00"),
        ("2026-10-25T06:00", None),
    ],
)
def test_a_night_in_which_the_clocks_change_ends_at_eight_too(now: str, until: str | None) -> None:
    """`S3`"""
    assert end_of_quiet_hours(utc(now), HELSINKI) == (utc(until) if until else None)


def test_it_is_night_where_the_reader_is() -> None:
    at = utc("2026-11-23T21:00")  # 23:00 in Helsinki, 16:00 in New York
    assert held_until(Priority.REMINDER, at, HELSINKI, None) == utc("2026-11-24T06:00")
    assert held_until(Priority.REMINDER, at, "America/New_York", None) is None


@pytest.mark.parametrize("priority", [Priority.ANSWER, Priority.OFFER])
def test_answers_and_offers_never_wait(priority: int) -> None:
    assert held_until(priority, utc("2026-11-24T01:00"), HELSINKI, None) is None


@pytest.mark.parametrize("priority", [Priority.QUESTION, Priority.REMINDER, Priority.ANNOUNCEMENT])
def test_what_would_come_too_late_does_not_wait(priority: int) -> None:
    """An hour must be left between eight and the start."""
    night, morning = utc("2026-11-24T01:00"), utc("2026-11-24T06:00")
    nine = morning + timedelta(hours=1)
    assert held_until(priority, night, HELSINKI, nine) == morning
    assert held_until(priority, night, HELSINKI, nine - timedelta(minutes=1)) is None
