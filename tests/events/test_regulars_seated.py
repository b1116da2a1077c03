"""Whatever makes instances seats the regulars of the series in the same transaction (`B11`).

A new series has no regulars yet; neither has the one that a poll makes when it closes.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.standing_seats import make_regular
from backend.events.archive import archive_series, restore_series
from backend.events.drafts import SeriesDraft
from backend.events.edit import edit_series
from backend.events.materialization import materialize_all_series
from backend.events.pause import pause_series, resume_series
from backend.events.queries import series_by_id
from backend.events.split import edit_following
from backend.people.queries import Person
from backend.seats.regulars import seat_all_regulars
from emerald.doctor import check_invariants
from tests.workers import command

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)


async def draft_of(account: Any, series_id: int) -> SeriesDraft:
    view = await series_by_id(account.id, series_id)
    assert view is not None
    return view.draft


async def give_standing_seat(olga: Person, account: Any, series_id: int, person: Person) -> int:
    """Returns the membership's id."""
    membership_id = int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))
    await make_regular(olga, account.id, series_id, membership_id)
    return membership_id


async def resume(olga: Person, account: Any, series_id: int) -> None:
    await pause_series(olga, account.id, series_id)
    clock.advance(timedelta(weeks=3))
    await resume_series(olga, account.id, series_id)


async def restore_from_archive(olga: Person, account: Any, series_id: int) -> None:
    await archive_series(olga, account.id, series_id, "The hall is being painted.")
    clock.advance(timedelta(weeks=3))
    await restore_series(olga, account.id, series_id)


async def change_the_rule(olga: Person, account: Any, series_id: int) -> None:
    draft = await draft_of(account, series_id)
    await edit_series(olga, account.id, series_id, replace(draft, rule="FREQ=WEEKLY;BYDAY=TU,TH"))


async def split(olga: Person, account: Any, series_id: int) -> None:
    code = await db.value(
        "SELECT code FROM event_instances WHERE series_id = $1 ORDER BY starts_at OFFSET 2 LIMIT 1", series_id
    )
    draft = await draft_of(account, series_id)
    await edit_following(code, olga, replace(draft, rule="FREQ=WEEKLY;BYDAY=TU,SA"))


async def let_weeks_pass(_olga: Person, _account: Any, _series_id: int) -> None:
    clock.advance(timedelta(weeks=2))
    await materialize_all_series()


@pytest.mark.parametrize("make_more", [resume, restore_from_archive, change_the_rule, split, let_weeks_pass])
async def test_a_regular_has_a_seat_on_each_new_instance_from_its_first_moment(
    series: Make,
    account: Any,
    olga: Person,
    alice: Person,
    noon: datetime,
    make_more: Callable[[Person, Any, int], Awaitable[None]],
) -> None:
    """B11: instance and booking are rows of one transaction, so that nobody can be faster."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    membership_id = await give_standing_seat(olga, account, new_series.series_id, alice)
    newest = await db.value("SELECT max(id) FROM event_instances")
    await make_more(olga, account, new_series.series_id)
    new = await db.rows(
        "SELECT b.seats, b.xmin = i.xmin AS in_one_transaction FROM event_instances i"
        " LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = $2 WHERE i.id > $1",
        newest,
        membership_id,
    )
    assert new
    assert {(row["seats"], row["in_one_transaction"]) for row in new} == {(1, True)}
    assert await seat_all_regulars() == 0
    assert await check_invariants() == []


async def test_regulars_beyond_the_capacity_wait_in_the_order_of_their_standing_seats(
    series: Make, account: Any, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """B11, W1: the longest-standing first."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY", capacity=1)
    memberships = []
    for person in (bob, alice):
        memberships.append(await give_standing_seat(olga, account, new_series.series_id, person))
        clock.advance(timedelta(minutes=1))
    newest = await db.value("SELECT max(id) FROM event_instances")
    await let_weeks_pass(olga, account, new_series.series_id)
    rows = await db.rows(
        "SELECT membership_id, seats, waiting FROM bookings WHERE instance_id > $1"
        " ORDER BY instance_id, seats DESC",
        newest,
    )
    bobs, alices = memberships
    assert [(row["membership_id"], row["seats"], row["waiting"]) for row in rows] == [
        (bobs, 1, 0),
        (alices, 0, 1),
    ] * 2


async def test_resuming_by_command_seats_the_regulars(
    series: Make, account: Any, olga: Person, alice: Person
) -> None:
    """B11: `emerald series resume` works in a process of its own, without the jobs."""
    new_series = await series(rule="FREQ=WEEKLY")
    await pause_series(olga, account.id, new_series.series_id)
    draft = await draft_of(account, new_series.series_id)
    later = replace(draft, starts_local=draft.starts_local + timedelta(hours=1))
    await edit_series(olga, account.id, new_series.series_id, later)
    assert not await db.value("SELECT count(*) FROM event_instances")
    membership_id = await give_standing_seat(olga, account, new_series.series_id, alice)
    done = await command("series", "resume", str(new_series.series_id), "--as", "1001")
    assert (done.returncode, done.stdout.strip()) == (0, "Resumed. New dates: 8."), done.stderr
    assert await db.value("SELECT sum(seats) FROM bookings WHERE membership_id = $1", membership_id) == 8
