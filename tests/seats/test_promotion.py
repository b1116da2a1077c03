"""How long an offer lasts and how a freed seat is promoted (`W3`), in any zone and on any night."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.seats.promotion import PromotionWindows, Stage
from backend.zones import wall_clock

MINUTE = timedelta(minutes=1)
# Zones whose clocks do odd things: half an hour of summer time, at midnight, in Ramadan, with a day left out,
# quarters.
ZONES = (
    "Europe/Helsinki",
    "America/New_York",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "America/Havana",
    "Asia/Kathmandu",
    "Africa/Cairo",
    "America/Nuuk",
    "Antarctica/Troll",
    "UTC",
)
# When their clocks change (local dates), so that the nights around are asked often.
CHANGES = (
    datetime(2026, 3, 29, tzinfo=UTC),
    datetime(2026, 10, 25, tzinfo=UTC),
    datetime(2026, 3, 8, tzinfo=UTC),
    datetime(2026, 11, 1, tzinfo=UTC),
    datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 10, 4, tzinfo=UTC),
    datetime(2026, 2, 15, tzinfo=UTC),
    datetime(2026, 3, 22, tzinfo=UTC),
    datetime(2011, 12, 30, tzinfo=UTC),
    datetime(2026, 4, 24, tzinfo=UTC),
)
zones = st.sampled_from(ZONES)
minutes = st.integers(-36 * 60, 36 * 60).map(lambda n: timedelta(minutes=n))
moments = st.one_of(
    st.tuples(st.sampled_from(CHANGES), minutes).map(lambda two: two[0] + two[1]),
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(
        lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
    ),
)
lives = st.integers(5, 24 * 60)


def windows(
    zone: str, starts_at: datetime, life: int = 30, *, offers: int = 1440, tap: int = 120
) -> PromotionWindows:
    return PromotionWindows.around(
        starts_at, zone, offers_before=offers, offer_minutes=life, first_tap_before=tap
    )


def quiet(at: datetime, zone: str) -> bool:
    """From 22 to 8 by a clock on the wall of the event's zone, read here from the zone itself."""
    shown = wall_clock(at, zone).time()
    return not time(8) <= shown < time(22)


def quiet_minutes(since: datetime, until: datetime, zone: str) -> int:
    """How many of the minutes between were quiet ones: counted one by one."""
    n = int((until - since) / MINUTE)
    return sum(quiet(since + i * MINUTE, zone) for i in range(n))


@given(at=moments, zone=zones, life=lives)
def test_an_offer_lasts_its_duration_outside_quiet_hours(at: datetime, zone: str, life: int) -> None:
    """W3: the minutes that are not quiet, counted one by one, are the offer's life, whatever the clocks do at
    night."""
    ends = windows(zone, at, life).offer_ends(at)
    loud = int((ends - at) / MINUTE) - quiet_minutes(at, ends, zone)
    assert loud == life


@given(at=moments, zone=zones, life=lives)
def test_an_offer_never_ends_in_quiet_hours(at: datetime, zone: str, life: int) -> None:
    """W3: the very last moment before 22 is not quiet yet, and 22 sharp may be the end of what began at
    21:30."""
    ends = windows(zone, at, life).offer_ends(at)
    assert not quiet(ends - timedelta(microseconds=1), zone)


@given(at=moments, later=st.integers(0, 3 * 1440), zone=zones, life=lives)
def test_a_later_offer_never_ends_earlier(at: datetime, later: int, zone: str, life: int) -> None:
    clock = windows(zone, at, life)
    assert clock.offer_ends(at) <= clock.offer_ends(at + later * MINUTE)


@given(at=moments, zone=zones, life=lives, longer=st.integers(0, 600))
def test_a_longer_offer_never_ends_earlier(at: datetime, zone: str, life: int, longer: int) -> None:
    assert windows(zone, at, life).offer_ends(at) <= windows(zone, at, life + longer).offer_ends(at)


@given(
    starts_at=moments,
    zone=zones,
    life=lives,
    tap=st.integers(0, 1440),
    more=st.integers(0, 4 * 1440),
    before=st.lists(st.integers(0, 6 * 1440), min_size=2, max_size=8),
)
def test_the_stages_follow_one_another(
    starts_at: datetime, zone: str, life: int, tap: int, more: int, before: list[int]
) -> None:
    """W3: automatic, then offers, then the first tap; never back, whatever the night."""
    clock = windows(zone, starts_at, life, offers=tap + more, tap=tap)
    order = list(Stage)
    seen = [order.index(clock.stage(starts_at - n * MINUTE)) for n in sorted(before, reverse=True)]
    assert seen == sorted(seen)


@given(starts_at=moments, zone=zones, life=lives, before=st.integers(0, 3 * 1440))
def test_an_offer_ends_before_the_start(starts_at: datetime, zone: str, life: int, before: int) -> None:
    """W3: where the night leaves no time for one, the first tap has the seat."""
    at, clock = starts_at - before * MINUTE, windows(zone, starts_at, life)
    if clock.stage(at) is Stage.OFFER:
        assert clock.offer_ends(at) < starts_at


@pytest.mark.parametrize(
    ("zone", "made", "ends"),
    [
        ("Europe/Helsinki", "2026-11-25T21:50+02:00", "2026-11-26T08:20+02:00"),
        ("Europe/Helsinki", "2026-11-25T21:30+02:00", "2026-11-25T22:00+02:00"),
        ("Europe/Helsinki", "2026-11-25T22:00+02:00", "2026-11-26T08:30+02:00"),
        ("Europe/Helsinki", "2026-03-28T21:50+02:00", "2026-03-29T08:20+03:00"),  # a shorter night
        ("Europe/Helsinki", "2026-10-24T21:50+03:00", "2026-10-25T08:20+02:00"),  # a longer one
        ("Pacific/Apia", "2011-12-29T21:50-10:00", "2011-12-31T08:20+14:00"),  # no 30 December
        ("Australia/Lord_Howe", "2026-04-04T21:50+11:00", "2026-04-05T08:20+10:30"),
        ("Africa/Casablanca", "2026-02-14T21:50+01:00", "2026-02-15T08:20+00:00"),  # Ramadan
    ],
)
def test_offers_across_given_nights(zone: str, made: str, ends: str) -> None:
    clock = windows(zone, datetime.fromisoformat(made))
    assert clock.offer_ends(datetime.fromisoformat(made)) == datetime.fromisoformat(ends)
