"""When an instance can be booked, left, and is over (`B5`, `B6`, `S8`)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from backend.seats.windows import Windows

STARTS = datetime(2026, 4, 1, 15, tzinfo=UTC)
TICK = timedelta(seconds=1)


def test_opens_and_closes_when_the_series_says() -> None:
    """`B5`: a window includes its first instant and not its last."""
    windows = Windows.around(STARTS, 7 * 24 * 60, 60, 24 * 60)
    opens, closes = STARTS - timedelta(days=7), STARTS - timedelta(hours=1)
    assert (windows.opens_at, windows.closes_at) == (opens, closes)
    assert windows.phase(opens - TICK) == "not-open"
    assert windows.phase(opens) == "open"
    assert windows.phase(closes - TICK) == "open"
    assert windows.phase(closes) == "closed"


def test_is_open_from_the_first_until_the_start_when_nothing_is_set() -> None:
    """`B5`, `B6`: no opening time, closing at the start, and leaving free until then."""
    windows = Windows.around(STARTS, None, 0, None)
    assert windows.opens_at is None
    assert windows.phase(STARTS - timedelta(days=365)) == "open"
    assert windows.phase(STARTS) == "closed"
    assert windows.leaving_is_free(STARTS - TICK)
    assert not windows.leaving_is_free(STARTS)


def test_lets_people_leave_freely_until_the_deadline() -> None:
    """`B6`."""
    windows = Windows.around(STARTS, None, 0, 24 * 60)
    assert windows.cancel_until == STARTS - timedelta(days=1)
    assert windows.leaving_is_free(windows.cancel_until - TICK)
    assert not windows.leaving_is_free(windows.cancel_until)


def test_can_stay_open_after_the_start() -> None:
    """`B5`: a negative number of minutes is after the start."""
    windows = Windows.around(STARTS, None, -15, 0)
    assert windows.phase(STARTS + timedelta(minutes=14)) == "open"
    assert windows.phase(STARTS + timedelta(minutes=15)) == "closed"


def test_is_never_open_when_it_opens_after_it_closes() -> None:
    """`B5`: shown as closed from then on, never as open."""
    windows = Windows.around(STARTS, 30, 60, None)
    phases = [windows.phase(STARTS - timedelta(minutes=m)) for m in (90, 61, 60, 45, 30, 0)]
    assert phases == ["not-open", "not-open", "closed", "closed", "closed", "closed"]


def test_counts_elapsed_minutes_across_a_dst_change() -> None:
    """24 hours before Monday 00:30 is Saturday 23:30 when Sunday lost an hour."""
    helsinki = ZoneInfo("Europe/Helsinki")
    starts = datetime(2026, 3, 30, 0, 30, tzinfo=helsinki)
    opens = Windows.around(starts, 24 * 60, 0, None).opens_at
    assert opens is not None
    assert opens.utcoffset() == timedelta(0)
    shown = opens.astimezone(helsinki).replace(tzinfo=None)
    assert shown == datetime(2026, 3, 28, 23, 30)
