"""Newer zone data are installed while clubs run (`S10`): made with 2025b, served under 2026f."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db, zone_data
from backend.bookings.actions import book, leave
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.bookings.reminders import remind_due
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.materialization import materialize_all_series
from backend.events.pause import pause_series, resume_series
from backend.events.queries import series_by_id
from backend.events.reschedule import move_instance
from backend.events.split import edit_following
from backend.events.zone_changes import keep_wall_clocks
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats.requests import Via
from backend.zones import wall_clock
from emerald.doctor import check_invariants
from tests.processes import worker

Make = Callable[..., Awaitable[Any]]
Release = Callable[[str], None]
VANCOUVER = "America/Vancouver"
TUESDAY = datetime(2026, 11, 24, 18, 0)
HOUR = timedelta(hours=1)
SHIFTS = {
    VANCOUVER: -HOUR,
    "America/Edmonton": -HOUR,
    "America/Winnipeg": -HOUR,
    "Africa/Casablanca": HOUR,
    "Europe/Helsinki": timedelta(),
}


@pytest.fixture
async def class_in(series: Make, zones_of: Release, noon: datetime) -> Make:
    """Make a Tuesday class with the data of 2025b, at 18:00 in a zone."""

    async def make(zone: str = VANCOUVER, **fields: Any) -> Any:
        zones_of("2025b")
        return await series(**{"zone": zone, "starts_local": TUESDAY, "rule": "FREQ=WEEKLY", **fields})

    return make


async def starts(series_id: int) -> list[datetime]:
    rows = await db.rows(
        "SELECT starts_at FROM event_instances WHERE series_id = $1 ORDER BY starts_at", series_id
    )
    return [row["starts_at"] for row in rows]


async def hours(series_id: int, zone: str = VANCOUVER) -> set[int]:
    return {wall_clock(at, zone).hour for at in await starts(series_id)}


async def told(kind: Kind = Kind.CLOCKS_CHANGED) -> list[dict[str, Any]]:
    return [
        json.loads(row["detail"])
        for row in await db.rows("SELECT detail FROM messages WHERE kind = $1 ORDER BY id", kind)
    ]


@pytest.mark.parametrize("zone", SHIFTS)
async def test_dates_keep_their_wall_clock(
    class_in: Make, zones_of: Release, olga: Person, alice: Person, zone: str
) -> None:
    """S10: before, change, after. S2: nothing is made a second time, whatever is done then. S6: nobody is
    asked."""
    made = await class_in(zone)
    await book(made.first_code, alice, via=Via.CARD)
    before = await starts(made.series_id)
    zones_of("2026f")
    assert await hours(made.series_id, zone) == {18 - SHIFTS[zone] // HOUR}, "wrong until they are moved"
    assert await keep_wall_clocks() == 1
    after = await starts(made.series_id)
    assert await hours(made.series_id, zone) == {18}
    assert after == [at + SHIFTS[zone] for at in before]
    view = await event(made.first_code, alice)
    assert view.ends_at - view.starts_at == timedelta(minutes=75)
    assert view.original_start == view.starts_at
    assert view.mine and view.mine.seats == 1 and not view.mine.needs_move_answer
    assert await told(Kind.MOVED) == []

    clock.advance(timedelta(weeks=1))
    assert await materialize_all_series() == 1
    found = await series_by_id(view.account_id, made.series_id)
    assert found
    await edit_series(olga, view.account_id, made.series_id, found.draft)
    await pause_series(olga, view.account_id, made.series_id)
    await resume_series(olga, view.account_id, made.series_id)
    assert len(await starts(made.series_id)) == 9
    assert await hours(made.series_id, zone) == {18}
    assert await drifted_instances(view.account_id) == []
    assert await check_invariants() == []


async def test_running_twice_does_nothing(class_in: Make, zones_of: Release, olga: Person) -> None:
    made = await class_in()
    zones_of("2026f")
    assert [await keep_wall_clocks(), await keep_wall_clocks()] == [1, 0]
    rows = await db.rows(
        "SELECT sequence, starts_at, zone FROM event_instances WHERE series_id = $1", made.series_id
    )
    assert {row["sequence"] for row in rows} == {1}
    assert len(await told()) == 1


async def test_organisers_are_told_which_dates_moved_by_how_much(
    class_in: Make, zones_of: Release, olga: Person, alice: Person
) -> None:
    made = await class_in()
    second = (await series_instances(made.series_id, olga))[1].code
    await move_instance(second, olga, datetime(2026, 12, 1, 20, 0))
    third = (await series_instances(made.series_id, olga))[2].code
    await edit_instance(third, olga, InstanceChanges(title="Yin"))
    await cancel_instance((await series_instances(made.series_id, olga))[3].code, olga, "Ill")
    zones_of("2026f")
    await keep_wall_clocks()
    [detail] = await told()
    assert (detail["title"], detail["zone"], detail["version"]) == ("Evening flow yoga", VANCOUVER, "2026f")
    [moves] = detail["moves"]
    assert (moves["minutes"], moves["count"]) == (-60, 5), "of eight two are edited and one is cancelled"
    assert moves["starts"][0] == "2026-11-25T01:00:00+00:00"
    assert detail["edited"] == 2
    assert detail["edits"] == [
        {"at": "2026-12-02T04:00:00+00:00", "known": "2026-12-01T20:00:00"},
        {"at": "2026-12-09T02:00:00+00:00", "known": "2026-12-08T18:00:00"},
    ]
    assert (await event(second, alice)).starts_at == datetime(2026, 12, 2, 4, 0, tzinfo=UTC), "stays"
    moved_from = (await event(second, alice)).moved_from
    assert moved_from and wall_clock(moved_from, VANCOUVER) == datetime(2026, 12, 1, 18, 0), "as it was said"
    to = await db.rows("SELECT user_id FROM messages WHERE kind = 'clocks-changed'")
    assert [row["user_id"] for row in to] == [olga.id]
    # The next release moves nothing that it does not concern.
    await db.execute("UPDATE event_series SET zone_data = '2026a'")
    assert await keep_wall_clocks() == 1
    assert len(await told()) == 1


async def test_a_cancelled_date_comes_back_at_its_hour(
    class_in: Make, zones_of: Release, olga: Person, alice: Person
) -> None:
    """S5."""
    made = await class_in()
    await cancel_instance(made.first_code, olga, "Ill")
    zones_of("2026f")
    await keep_wall_clocks()
    await restore_instance(made.first_code, olga)
    assert wall_clock((await event(made.first_code, alice)).starts_at, VANCOUVER) == TUESDAY


async def test_first_claims_end_with_the_start(class_in: Make, zones_of: Release, olga: Person) -> None:
    """P4: and not after it."""
    await class_in()
    await db.execute("UPDATE event_instances SET claim_until = starts_at - interval '30 minutes' * (id % 2)")
    zones_of("2026f")
    await keep_wall_clocks()
    assert await db.value("SELECT bool_and(claim_until = starts_at) FROM event_instances")


async def test_cards_and_calendars_follow(
    class_in: Make, zones_of: Release, olga: Person, alice: Person
) -> None:
    """C2, S6: cards are drawn again, and SEQUENCE rises, so that calendars replace what they hold."""
    made = await class_in()
    before = await event(made.first_code, alice)
    zones_of("2026f")
    clock.advance(HOUR)
    await keep_wall_clocks()
    after = await event(made.first_code, alice)
    assert after.version > before.version
    assert after.sequence == before.sequence + 1
    changed_at = await db.value("SELECT changed_at FROM event_instances WHERE code = $1", made.first_code)
    assert changed_at == clock.now()


@pytest.mark.parametrize("zone", [VANCOUVER, "Africa/Casablanca"])
@pytest.mark.parametrize("sent_before", [True, False])
async def test_nobody_is_reminded_twice_or_not_at_all(
    class_in: Make, zones_of: Release, alice: Person, zone: str, sent_before: bool
) -> None:
    """M4: whether a reminder was written before the change or comes after it, and whether the date is earlier
    or later now."""
    made = await class_in(zone, remind_before_minutes=(24 * 60, 120))
    await book(made.first_code, alice, via=Via.CARD)
    start = (await event(made.first_code, alice)).starts_at
    new_start = start + SHIFTS[zone]
    day_before = max(start, new_start) - timedelta(days=1)
    with clock.stopped(day_before):
        if sent_before:
            assert await remind_due() == 1
        zones_of("2026f")
        await keep_wall_clocks()
        assert await remind_due() == (0 if sent_before else 1)
    with clock.stopped(new_start - 2 * HOUR):
        assert await remind_due() == 1
        assert await remind_due() == 0
    reminders = await told(Kind.REMINDER)
    assert [detail["lead"] for detail in reminders] == [1440, 120]
    assert {detail["starts_at"] for detail in reminders} == {new_start.timestamp()}, "each is still true"


async def test_an_offer_lasts_at_least_as_long_as_was_promised(
    class_in: Make, zones_of: Release, alice: Person, bob: Person
) -> None:
    """W3: whichever clocks its reader goes by; and what is not sent yet says the new end."""
    for zone, longer in ((VANCOUVER, timedelta()), ("Africa/Casablanca", HOUR)):
        made = await class_in(zone, capacity=1, offers_before_minutes=6 * 24 * 60, title=zone)
        await book(made.first_code, alice, via=Via.CARD)
        await book(made.first_code, bob, via=Via.CARD)
        await leave(made.first_code, alice, via=Via.CARD)
        before = (await event(made.first_code, bob)).mine
        assert before and before.held == 1 and before.offer_until
        zones_of("2026f")
        assert await keep_wall_clocks() == 1
        after = (await event(made.first_code, bob)).mine
        assert after and after.held == 1
        assert after.offer_until == before.offer_until + longer
        said = await db.value(
            "SELECT detail->>'until' FROM messages WHERE kind = 'offer' ORDER BY id DESC LIMIT 1"
        )
        assert datetime.fromisoformat(said) == after.offer_until
    assert await check_invariants() == []


async def test_an_offer_does_not_outlive_the_start(
    class_in: Make, zones_of: Release, alice: Person, bob: Person
) -> None:
    made = await class_in(
        capacity=1, offers_before_minutes=24 * 60, offer_minutes=8 * 60, first_tap_before_minutes=0
    )
    start = (await event(made.first_code, alice)).starts_at
    await book(made.first_code, alice, via=Via.CARD)
    await book(made.first_code, bob, via=Via.CARD)
    with clock.stopped(start - timedelta(hours=8, minutes=20)):
        await leave(made.first_code, alice, via=Via.CARD)
        mine = (await event(made.first_code, bob)).mine
        assert mine and mine.held == 1
        zones_of("2026f")
        await keep_wall_clocks()
        mine = (await event(made.first_code, bob)).mine
        assert mine and mine.offer_until == start - HOUR


async def test_who_changes_a_series_first_brings_it_to_the_new_data(
    class_in: Make, zones_of: Release, olga: Person, account: Any, alice: Person
) -> None:
    """S2, S4: before the job has run; the change then meets dates where they belong."""
    made = await class_in()
    await book(made.first_code, alice, via=Via.CARD)
    found = await series_by_id(account.id, made.series_id)
    assert found
    zones_of("2026f")
    await edit_series(olga, account.id, made.series_id, found.draft)
    assert await hours(made.series_id) == {18}
    assert len(await starts(made.series_id)) == 8
    assert await drifted_instances(account.id) == []
    assert await keep_wall_clocks() == 0
    assert len(await told()) == 1


async def test_a_split_goes_on_at_the_same_date(
    class_in: Make, zones_of: Release, olga: Person, account: Any, alice: Person
) -> None:
    """S4: the bounds of both parts are wall clocks."""
    made = await class_in()
    third = (await series_instances(made.series_id, olga))[2].code
    found = await series_by_id(account.id, made.series_id)
    assert found
    other_id = await edit_following(third, olga, found.draft)
    zones_of("2026f")
    assert await keep_wall_clocks() == 2
    for series_id in (made.series_id, other_id):
        await pause_series(olga, account.id, series_id)
        await resume_series(olga, account.id, series_id)
    assert [len(await starts(made.series_id)), len(await starts(other_id))] == [2, 6]
    assert await hours(made.series_id) == await hours(other_id) == {18}
    old, new = await series_by_id(account.id, made.series_id), await series_by_id(account.id, other_id)
    assert old and new
    assert old.part.before == new.part.since == (await event(third, olga)).original_start


async def test_another_zone_leaves_booked_dates_where_they_are(
    class_in: Make, zones_of: Release, olga: Person, account: Any, alice: Person
) -> None:
    """S4: 18:00 in Vancouver is 20:00 in Winnipeg; the booked one drifts there, and keeps that wall clock."""
    made = await class_in()
    await book(made.first_code, alice, via=Via.CARD)
    found = await series_by_id(account.id, made.series_id)
    assert found
    await edit_series(olga, account.id, made.series_id, replace(found.draft, zone="America/Winnipeg"))
    assert [view.code for view in await drifted_instances(account.id)] == [made.first_code]
    assert len(await starts(made.series_id)) == 9
    zones_of("2026f")
    await keep_wall_clocks()
    assert await hours(made.series_id, "America/Winnipeg") == {18, 20}
    assert len(await starts(made.series_id)) == 9


async def test_a_process_with_older_data_moves_nothing_and_its_dates_are_looked_at_again(
    class_in: Make, zones_of: Release, olga: Person, account: Any
) -> None:
    """During an update processes with both releases run."""
    made = await class_in()
    zones_of("2026f")
    await keep_wall_clocks()
    right = await starts(made.series_id)
    zones_of("2025b")
    assert await keep_wall_clocks() == 0
    clock.advance(timedelta(weeks=1))
    assert await materialize_all_series() == 1
    assert (await starts(made.series_id))[:8] == right
    zones_of("2026f")
    assert await hours(made.series_id) == {18, 19}
    assert await keep_wall_clocks() == 1
    assert await hours(made.series_id) == {18}
    assert len(await starts(made.series_id)) == 9


AS_0_3_0 = """
INSERT INTO event_instances (account_id, series_id, code, original_start, starts_at, ends_at, created_at)
SELECT i.account_id, i.series_id, 'old' || i.id, i.original_start + interval '1 hour',
    i.starts_at + interval '1 hour', i.ends_at + interval '1 hour', i.created_at
FROM event_instances i WHERE i.series_id = $1
ON CONFLICT ON CONSTRAINT event_instances_series_id_original_start_key DO NOTHING RETURNING id
"""


async def test_what_0_3_0_makes_meanwhile_becomes_one_with_what_is_there(
    class_in: Make, zones_of: Release, olga: Person
) -> None:
    """S2: it knows its own statement, constraint included, and goes by the older data: each date is an hour
    later to it."""
    made = await class_in()
    zones_of("2026f")
    await keep_wall_clocks()
    right = await starts(made.series_id)
    async with db.transaction():
        ids = [row["id"] for row in await db.rows(AS_0_3_0, made.series_id)]
        await db.execute(
            "INSERT INTO instance_seats (instance_id, account_id) SELECT unnest($1::bigint[]), 1", ids
        )
    assert len(await starts(made.series_id)) == 16
    assert await keep_wall_clocks() == 1
    assert await starts(made.series_id) == right


async def test_a_series_that_cannot_be_read_holds_up_no_other(
    class_in: Make, zones_of: Release, olga: Person
) -> None:
    """X9: neither one whose rule nor one whose zone is not understood."""
    bad, odd, good = await class_in(), await class_in(), await class_in()
    await db.execute("UPDATE event_series SET rule = 'FREQ=SOMETIMES' WHERE id = $1", bad.series_id)
    await db.execute("UPDATE event_series SET zone = 'localtime' WHERE id = $1", odd.series_id)
    zones_of("2026f")
    assert await keep_wall_clocks() == 1
    assert await hours(good.series_id) == {18}


async def test_data_that_do_not_say_their_version_are_compared_with_every_date(
    class_in: Make, zones_of: Release, olga: Person
) -> None:
    """Whoever names a folder of zones in PYTHONTZPATH may leave out the file that says which they are."""
    made = await class_in()
    await db.execute("UPDATE event_series SET zone_data = ''")
    zones_of("2026f")
    zone_data.use(replace(zone_data.current(), version=zone_data.UNKNOWN))
    assert await keep_wall_clocks() == 1
    assert await hours(made.series_id) == {18}
    assert await keep_wall_clocks() == 1, "looked at again"
    assert await hours(made.series_id) == {18}
    assert len(await told()) == 1


async def test_two_processes_at_once_move_each_date_once(
    class_in: Make, zones_of: Release, olga: Person
) -> None:
    made = await class_in()
    before = await starts(made.series_id)
    zones_of("2026f")
    async with worker(__file__, "keep") as one, worker(__file__, "keep") as other:
        await asyncio.gather(one.run(clock.now().isoformat()), other.run(clock.now().isoformat()))
    assert await starts(made.series_id) == [at - HOUR for at in before]
    sequences = await db.rows("SELECT DISTINCT sequence FROM event_instances")
    assert [row["sequence"] for row in sequences] == [1]
    assert len(await told()) == 1


async def keep(at: str) -> int:
    """In a process of its own, which goes by the newest data there is."""
    with clock.stopped(datetime.fromisoformat(at)):
        return await keep_wall_clocks()
