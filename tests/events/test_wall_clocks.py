"""What stored instants mean when a state has changed its clocks since (`S10`), with the zone data of 2025b
and 2026f."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backend import zone_data
from backend.events.wall_clocks import StoredInstance, keep_times
from backend.recurrence.timing import SeriesBounds, SeriesTiming
from backend.zones import exact_wall_clock, resolve_local, wall_clock

Release = Callable[[str], None]
VANCOUVER = "America/Vancouver"
ZONES = (VANCOUVER, "Africa/Casablanca", "America/Edmonton", "America/Winnipeg", "Europe/Helsinki")
START = datetime(2026, 8, 4, 18, 0)  # a Tuesday, in summer
WEEKLY = SeriesTiming(START, VANCOUVER, "FREQ=WEEKLY", 60)
HOUR = timedelta(hours=1)


def made(
    timing: SeriesTiming, *, known: bool, until: datetime = datetime(2027, 8, 1)
) -> list[StoredInstance]:
    """The instances of a series as the zone data of now make them, with their wall clocks if they are
    `known`."""
    occurrences = timing.occurrences(
        after=datetime(2026, 8, 1, tzinfo=UTC), until=until.replace(tzinfo=UTC), limit=2000
    )
    walls: dict[str, Any] = {}
    instances = []
    for number, one in enumerate(occurrences, 1):
        if known:
            walls = {
                "zone": timing.zone,
                "original_local": one.original_local,
                "starts_local": one.original_local,
            }
        instances.append(StoredInstance(number, one.original_start, one.original_start, **walls))
    return instances


def walls(timing: SeriesTiming, instances: Iterable[StoredInstance]) -> dict[int, datetime]:
    return {one.id: exact_wall_clock(one.starts_at, timing.zone) for one in instances}


@pytest.mark.parametrize("known", [True, False], ids=["wall clocks stored", "instants of 0.3.0"])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY", "FREQ=DAILY", "FREQ=MONTHLY", "FREQ=WEEKLY;BYHOUR=17,18,19;BYDAY=TU,SA"]
)
def test_every_date_keeps_its_wall_clock(zones_of: Release, zone: str, rule: str, known: bool) -> None:
    """S10: before, change, after; in Casablanca also over Ramadan, which is no other than the rest of the
    year by 2026f."""
    zones_of("2025b")
    timing = replace(WEEKLY, zone=zone, rule=rule)
    instances = made(timing, known=known)
    before = walls(timing, instances)
    zones_of("2026f")
    kept = keep_times(timing, instances)
    assert (kept.duplicates, kept.drifting) == (set(), set())
    for one in instances:
        time = kept.times[one.id]
        assert time.original_local == time.starts_local == time.known_local == before[one.id]
        assert time.original_start == time.starts_at == resolve_local(before[one.id], zone)
    moved = [one.id for one in instances if kept.times[one.id].starts_at != one.starts_at]
    assert bool(moved) is (zone != "Europe/Helsinki")
    # By an hour, and only where the two releases differ.
    winter = {wall_clock(one.starts_at, zone).month for one in instances if one.id in moved}
    assert winter <= (
        {9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 7} if zone == "Africa/Casablanca" else {11, 12, 1, 2, 3}
    )


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_kept_once_is_kept(zones_of: Release, zone: str) -> None:
    zones_of("2025b")
    timing = replace(WEEKLY, zone=zone)
    instances = made(timing, known=False)
    zones_of("2026f")
    once = keep_times(timing, instances).times
    again = [
        replace(
            one,
            zone=zone,
            original_local=once[one.id].original_local,
            original_start=once[one.id].original_start,
            starts_local=once[one.id].starts_local,
            starts_at=once[one.id].starts_at,
        )
        for one in instances
    ]
    assert keep_times(timing, again).times == once


def test_what_has_begun_and_what_was_edited_keep_their_instants(zones_of: Release) -> None:
    zones_of("2025b")
    first, second, third, fourth = made(WEEKLY, known=True)[20:24]
    moved = replace(
        second,
        is_edited=True,
        starts_at=second.starts_at + 2 * HOUR,
        starts_local=datetime(2026, 12, 29, 20, 0),
    )
    zones_of("2026f")
    instances = [replace(first, has_begun=True), moved, replace(third, is_drifted=True), fourth]
    kept = keep_times(WEEKLY, instances).times
    assert kept[first.id].starts_at == first.starts_at
    assert kept[second.id].starts_at == moved.starts_at
    assert kept[second.id].original_start == second.original_start - HOUR, "its identity is a wall clock"
    assert kept[second.id].known_local == datetime(2026, 12, 29, 20, 0)
    assert kept[second.id].starts_local == datetime(2026, 12, 29, 21, 0)
    assert kept[third.id].starts_at == third.starts_at - HOUR, "nobody has edited it: it waits for a decision"


@pytest.mark.parametrize("rule", ["", "FREQ=WEEKLY"])
def test_an_edited_date_of_0_3_0_is_known_by_the_others_or_by_itself(zones_of: Release, rule: str) -> None:
    """S2: else it would be made a second time where it was before."""
    zones_of("2025b")
    timing = replace(WEEKLY, rule=rule, starts_local=datetime(2026, 12, 1, 18, 0))
    instances = made(timing, known=False)
    edited = replace(instances[0], is_edited=True, starts_at=instances[0].starts_at + 2 * HOUR)
    zones_of("2026f")
    kept = keep_times(timing, [edited, *instances[1:]]).times[edited.id]
    assert kept.original_local == datetime(2026, 12, 1, 18, 0)
    assert (kept.known_local, kept.starts_local) == (datetime(2026, 12, 1, 20), datetime(2026, 12, 1, 21))


@pytest.mark.parametrize(
    ("old_is_touched", "new_is_touched", "gone", "drifts"),
    [
        (True, False, "new", None),
        (False, True, "old", None),
        (False, False, "old", None),
        (True, True, None, "old"),
    ],
)
def test_dates_that_0_3_0_made_a_second_time_become_one(
    zones_of: Release, old_is_touched: bool, new_is_touched: bool, gone: str | None, drifts: str | None
) -> None:
    """S2, S10: who has people stays; where both have, an organiser decides."""
    zones_of("2025b")
    [old] = [
        one
        for one in made(WEEKLY, known=False)
        if one.original_start.day == 9 and one.original_start.month == 12
    ]
    old = replace(old, id=1, is_touched=old_is_touched)
    zones_of("2026f")
    start = old.original_start - HOUR
    new = StoredInstance(2, start, start, is_touched=new_is_touched)
    kept = keep_times(WEEKLY, [old, new])
    names = {"old": 1, "new": 2}
    assert kept.duplicates == ({names[gone]} if gone else set())
    assert kept.drifting == ({names[drifts]} if drifts else set())
    assert {time.original_local for time in kept.times.values()} <= {datetime(2026, 12, 8, 18), None}
    if drifts:
        assert kept.times[1].starts_at == old.starts_at, "it stays until somebody decides"


def test_a_booked_date_beside_its_rule_is_no_duplicate(zones_of: Release) -> None:
    """S4: the hour went from 18 to 19; the booked date stays at 18, and an empty one is at 19."""
    zones_of("2026f")
    timing = replace(WEEKLY, starts_local=START.replace(hour=19))
    empty = made(timing, known=False)[20]
    booked = replace(
        empty,
        id=99,
        original_start=empty.original_start - HOUR,
        starts_at=empty.starts_at - HOUR,
        is_drifted=True,
        is_touched=True,
    )
    kept_by_hand = replace(booked, is_drifted=False, is_edited=True)
    for instance in (booked, kept_by_hand):
        kept = keep_times(timing, [empty, instance])
        assert (kept.duplicates, kept.drifting) == (set(), set())
        assert {id: time.starts_at for id, time in kept.times.items()} == {
            empty.id: empty.starts_at,
            99: booked.starts_at,
        }


def test_an_extra_date_in_utc_is_an_instant(zones_of: Release) -> None:
    """S10: its wall clock follows, and it is the same date for the rule."""
    zones_of("2025b")
    timing = replace(WEEKLY, rule="RRULE:FREQ=WEEKLY;COUNT=20\nRDATE:20270112T040000Z")
    for known in (True, False):
        zones_of("2025b")
        instances = made(timing, known=known)
        extra = instances[-1]
        assert extra.starts_at == datetime(2027, 1, 12, 4, tzinfo=UTC)
        zones_of("2026f")
        time = keep_times(timing, instances).times[extra.id]
        assert time.starts_at == extra.starts_at
        assert time.original_local == time.starts_local == datetime(2027, 1, 11, 21)
        assert timing.select([time.original_local]), "it is not made again"


def test_both_dates_of_an_hour_that_comes_twice_keep_their_instants(zones_of: Release) -> None:
    """S3: the second can only be an RDATE in UTC. Exact wall clocks tell them apart."""
    zones_of("2026f")
    timing = SeriesTiming(
        datetime(2027, 10, 31, 3, 30), "Europe/Helsinki", "RDATE:20271031T003000Z,20271031T013000Z", 30
    )
    for known in (True, False):
        first, second = made(timing, known=known, until=datetime(2028, 1, 1))
        assert second.starts_at - first.starts_at == HOUR
        kept = keep_times(timing, [first, second])
        assert (kept.duplicates, kept.drifting) == (set(), set())
        assert [kept.times[one.id].starts_at for one in (first, second)] == [
            first.starts_at,
            second.starts_at,
        ]
        locals = [kept.times[one.id].original_local for one in (first, second)]
        assert len(timing.select(locals)) == 2


def test_a_date_that_a_gap_moved_is_where_its_rule_wants_it_once_the_gap_is_gone(zones_of: Release) -> None:
    """S3: 02:30 did not exist in Vancouver on 14 March 2027; by 2026f it does."""
    timing = replace(WEEKLY, starts_local=datetime(2027, 3, 10, 2, 30), rule="FREQ=DAILY;COUNT=8")
    for known in (True, False):
        zones_of("2025b")
        instances = made(timing, known=known)
        assert wall_clock(instances[4].starts_at, VANCOUVER) == datetime(2027, 3, 14, 3, 30)
        zones_of("2026f")
        time = keep_times(timing, instances).times[instances[4].id]
        assert time.starts_local == datetime(2027, 3, 14, 2, 30)
        assert wall_clock(time.starts_at, VANCOUVER) == datetime(2027, 3, 14, 2, 30)


def test_the_bounds_of_a_split_series_keep_their_wall_clocks(zones_of: Release) -> None:
    """S4: else the date next to the split would be lost, or belong to both."""
    wall = datetime(2026, 12, 8, 18, 0)
    for known in (True, False):
        zones_of("2025b")
        split = resolve_local(wall, VANCOUVER)
        first = replace(WEEKLY, bounds=SeriesBounds(None, split))
        second = replace(WEEKLY, bounds=SeriesBounds(split, None))
        made_first, made_second = made(first, known=known), made(second, known=known)
        zones_of("2026f")
        now = resolve_local(wall, VANCOUVER)
        assert now == split - HOUR
        one = keep_times(first, made_first, (None, wall if known else None))
        other = keep_times(second, made_second, (wall if known else None, None))
        assert (one.bounds, one.bounds_local) == (SeriesBounds(None, now), (None, wall))
        assert (other.bounds, other.bounds_local) == (SeriesBounds(now, None), (wall, None))
        locals = [time.original_local for kept in (one, other) for time in kept.times.values()]
        assert len(locals) == len(set(locals)) == len(made(WEEKLY, known=False))


@settings(max_examples=60)
@given(
    zone=st.sampled_from(ZONES),
    hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
    minute=st.sampled_from([0, 15, 30, 45]),
    days=st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1),
    interval=st.integers(1, 3),
    first=st.integers(0, 40),
)
def test_whatever_0_3_0_made_is_known_by_its_wall_clock(
    zone: str, hours: set[int], minute: int, days: set[str], interval: int, first: int
) -> None:
    """S2, S10: no two instances of a series have one wall clock, and each has that which it was made for."""
    by_day, by_hour = ",".join(sorted(days)), ",".join(map(str, sorted(hours)))
    rule = f"FREQ=WEEKLY;INTERVAL={interval};BYDAY={by_day};BYHOUR={by_hour}"
    timing = SeriesTiming(START.replace(hour=min(hours), minute=minute), zone, rule, 45)
    folder = __file__.rpartition("/")[0].rpartition("/")[0] + "/zone_data/"
    was = zone_data.current()
    try:
        zone_data.use_folder(folder + "2025b")
        instances = made(timing, known=False)[first : first + 60]
        assume(instances)
        occurrences = timing.occurrences(
            after=instances[0].starts_at - timedelta(minutes=1),
            until=instances[-1].starts_at,
            limit=len(instances),
        )
        wanted = {
            one.id: occurrence.original_local for one, occurrence in zip(instances, occurrences, strict=True)
        }
        zone_data.use_folder(folder + "2026f")
        kept = keep_times(timing, instances)
    finally:
        zone_data.use(was)
    assert kept.duplicates | kept.drifting == set()
    assert {id: time.original_local for id, time in kept.times.items()} == wanted
    assert len(set(wanted.values())) == len(instances)
