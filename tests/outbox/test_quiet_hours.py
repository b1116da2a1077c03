"""Messages that wait until people are up, on their own clocks (`M5`, quiet hours 22 to 8)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backend.outbox.kinds import Kind, Priority, held_until
from backend.outbox.staleness import Situation
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


def situation(now: datetime, **moments: datetime | None) -> Situation:
    """A message about something at these moments, sent at `now`."""
    return replace(
        Situation(
            now=now,
            detail={},
            instance_state="SCHEDULED",
            starts_at=None,
            is_over=False,
            free_to_leave_until=None,
            decides_at=None,
            is_decided=False,
            missing=1,
            seat_available=True,
            answer="",
            seats=0,
            waiting=0,
            offer_until=None,
            is_member=True,
            to_group=False,
            announcement_stopped=False,
            poll_closes_at=None,
            poll_settled=False,
            card_lost=True,
        ),
        **moments,  # type: ignore[arg-type]
    )


def test_it_is_night_where_the_reader_is() -> None:
    at = utc("2026-11-23T21:00")  # 23:00 in Helsinki, 16:00 in New York
    assert held_until(Kind.REMINDER, HELSINKI, situation(at)) == utc("2026-11-24T06:00")
    assert held_until(Kind.REMINDER, "America/New_York", situation(at)) is None


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.policy.priority <= Priority.OFFER])
def test_answers_and_offers_never_wait(kind: Kind) -> None:
    assert held_until(kind, HELSINKI, situation(utc("2026-11-24T01:00"))) is None


@pytest.mark.parametrize("kind", [Kind.MOVED, Kind.CANCELLED, Kind.RESTORED, Kind.CONFIRMED])
def test_what_changes_where_somebody_must_be_never_waits(kind: Kind) -> None:
    """`M6`"""
    assert kind.policy.priority is Priority.ANSWER


@pytest.mark.parametrize("kind", [Kind.DECIDE, Kind.MINIMUM, Kind.REMINDER, Kind.UNANSWERED])
def test_what_would_come_too_late_does_not_wait(kind: Kind) -> None:
    """An hour must be left between eight and the start."""
    night, morning = utc("2026-11-24T01:00"), utc("2026-11-24T06:00")
    nine = morning + timedelta(hours=1)
    assert held_until(kind, HELSINKI, situation(night, starts_at=nine)) == morning
    assert held_until(kind, HELSINKI, situation(night, starts_at=nine - timedelta(minutes=1))) is None


# Which moment each of the kinds that wait is about (`M6`): an oracle beside the table.
ABOUT = {
    Kind.MINIMUM: ("starts_at", "free_to_leave_until", "decides_at"),
    Kind.DECIDE: ("starts_at",),
    Kind.REMINDER: ("starts_at", "free_to_leave_until"),
    Kind.UNANSWERED: ("starts_at", "free_to_leave_until"),
    Kind.POLL_UNANSWERED: ("poll_closes_at",),
    Kind.ANNOUNCEMENT: (),
    Kind.CLOCKS_CHANGED: (),
}
MOMENTS = ("starts_at", "free_to_leave_until", "decides_at", "poll_closes_at")
ZONES = [HELSINKI, "America/New_York", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia", "UTC"]
MINUTES = st.integers(-3 * 24 * 60, 14 * 24 * 60)
HOURS = st.integers(0, 4 * 365 * 24 * 60).map(lambda minutes: utc("2026-01-01") + timedelta(minutes=minutes))


@given(
    kind=st.sampled_from(list(Kind)),
    at=HOURS,
    zone=st.sampled_from(ZONES),
    away=st.tuples(*[st.none() | MINUTES for _ in MOMENTS]),
)
@example(kind=Kind.CLOCKS_CHANGED, at=utc("2026-01-01"), zone=HELSINKI, away=(1, None, None, None))
def test_nothing_waits_past_the_moment_it_is_about(
    kind: Kind, at: datetime, zone: str, away: tuple[int | None, ...]
) -> None:
    """`M5`, `M6`: every kind at every hour. What waits goes out in the morning, an hour before each moment to
    come; what could wait until then and is sent in the night would have come too late."""
    moments = {
        name: None if minutes is None else at + timedelta(minutes=minutes)
        for name, minutes in zip(MOMENTS, away, strict=True)
    }
    to_come = [moments[name] for name in ABOUT.get(kind, ())]
    ahead = [moment for moment in to_come if moment is not None and moment > at]
    until = held_until(kind, zone, situation(at, **moments))
    morning = end_of_quiet_hours(at, zone)
    if until is not None:
        assert kind in ABOUT and until == morning
        assert all(until + timedelta(hours=1) <= moment for moment in ahead)
    elif kind in ABOUT and morning is not None:
        assert any(morning + timedelta(hours=1) > moment for moment in ahead)
