"""An organiser's hand (`B10`, `W4`), regulars (`B11`), and who came (`B12`, `B6`)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.absences import absences, pardon
from backend.bookings.actions import answer, book, find_replacement, leave, set_capacity
from backend.bookings.attendance import (
    ListClosed,
    NotBegun,
    check_in,
    check_in_by_code,
    close_list,
    complete_ended,
    my_check_in_code,
    reopen_list,
    undo_check_in,
)
from backend.bookings.organiser import make_room, move_party, seat_by_name
from backend.bookings.queries.event import event
from backend.bookings.queries.people import attendees, waitlist
from backend.bookings.standing_seats import (
    end_own_regular,
    make_regular,
    own_standing_seats,
    standing_seats_of_series,
)
from backend.errors import Forbidden, Invalid, NotFound
from backend.events.materialization import materialize_all_series
from backend.seats.regulars import seat_regulars
from backend.seats.replies import NoRoomLeft
from backend.seats.requests import Via
from emerald.doctor import check_invariants
from tests.workers import command

Make = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
async def invariants(world: None) -> Any:
    yield
    assert await check_invariants() == []


async def member(person: Any) -> int:
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def told(person: Any) -> list[str]:
    rows = await db.rows("SELECT kind FROM messages WHERE user_id = $1 ORDER BY id", person.id)
    return [row["kind"] for row in rows]


async def test_a_party_is_brought_to_another_date_whole(
    instance: Make, olga: Any, alice: Any, bob: Any
) -> None:
    """B10: the seat it leaves goes to who waits, and it is told once."""
    here, there = await instance(capacity=2), await instance(capacity=5)
    await book(here, alice, guests=1, via=Via.CARD)
    await book(here, bob, via=Via.CARD)
    said = await move_party(here, olga, await member(alice), to=there)
    assert (said.kind, said.seats) == ("booked", 2)
    assert await told(alice) == ["brought"] and await told(bob) == ["promoted"]


async def test_where_it_does_not_fit_nothing_has_changed(
    instance: Make, olga: Any, alice: Any, bob: Any
) -> None:
    here, there = await instance(capacity=2), await instance(capacity=1)
    await book(here, alice, guests=1, via=Via.CARD)
    await book(there, bob, via=Via.CARD)
    with pytest.raises(NoRoomLeft):
        await move_party(here, olga, await member(alice), to=there)
    mine = (await event(here, alice)).mine
    assert mine is not None and mine.seats == 2 and await told(alice) == []
    with pytest.raises(Invalid):
        await move_party(here, olga, await member(alice), to=here)
    with pytest.raises(Forbidden):
        await move_party(here, bob, await member(alice), to=there)


async def test_two_bring_each_other_way_at_once(instance: Make, olga: Any, alice: Any, bob: Any) -> None:
    """Rows are locked in one order: nobody waits in a circle, and nobody is lost."""
    one, two = await instance(capacity=2), await instance(capacity=2)
    await book(one, alice, via=Via.CARD)
    await book(two, bob, via=Via.CARD)
    await asyncio.gather(
        move_party(one, olga, await member(alice), to=two), move_party(two, olga, await member(bob), to=one)
    )
    assert (await event(one, bob)).booked == (await event(two, bob)).booked == 1


async def test_the_last_seated_go_to_the_head_of_the_line(instance: Make, olga: Any, crowd: Any) -> None:
    """W4: as few as will do, in their order, told; and nobody before them."""
    code = await instance(capacity=4)
    first, second, third, fourth, waits = await crowd(5)
    for person in (first, second, third, fourth, waits):
        await book(code, person, via=Via.CARD)
    await set_capacity(code, olga, 2)
    assert await make_room(code, olga) == 2
    view = await event(code, olga)
    assert (view.booked, view.over) == (2, 0)
    assert [c.user_id for c in await waitlist(view.id)] == [third.id, fourth.id, waits.id]
    assert await told(third) == await told(fourth) == ["to-line"]
    assert await make_room(code, olga) == 0
    await set_capacity(code, olga, 3)
    assert await told(third) == ["to-line", "promoted"]


async def test_somebody_without_telegram_comes_by_name(instance: Make, olga: Any, alice: Any) -> None:
    """B10: known by that name the next time too; waits like everybody."""
    code, other = await instance(capacity=2, guests_max=1), await instance(capacity=2)
    assert (await seat_by_name(code, olga, "  Mummo  Liisa ", guests=1)).kind == "booked"
    assert (await seat_by_name(other, olga, "Mummo Liisa")).kind == "booked"
    assert await db.value("SELECT count(*) FROM memberships WHERE user_id IS NULL") == 1
    people = await attendees((await event(code, alice)).id)
    assert [c.name for c in people.comers] == ["Mummo Liisa"]
    assert (await seat_by_name(code, olga, "Ukki")).kind == "waiting"
    with pytest.raises(Invalid):
        await seat_by_name(code, olga, " ")


async def test_a_name_given_twice_at_once_is_one_person(instance: Make, olga: Any) -> None:
    code = await instance(capacity=5)
    said = await asyncio.gather(*(seat_by_name(code, olga, "Liisa") for _ in range(8)))
    assert sorted(one.kind for one in said) == ["already"] * 7 + ["booked"]


# --- regulars (B11) ---


async def test_a_regular_has_a_seat_on_every_date_and_not_this_week(
    noon: datetime, series: Any, club: Any, olga: Any, alice: Any, bob: Any
) -> None:
    made = await series(capacity=1, rule="FREQ=WEEKLY")
    assert await make_regular(olga, club.id, made.series_id, await member(alice)) == 8
    assert await make_regular(olga, club.id, made.series_id, await member(alice)) == 0
    await book(made.first_code, bob, via=Via.CARD)
    await answer(made.first_code, alice, maybe=False, via=Via.CARD)  # not this week
    mine = (await event(made.first_code, bob)).mine
    assert mine is not None and mine.seats == 1
    assert await seat_regulars() == 0  # what was said stands
    [standing] = await own_standing_seats(alice)
    assert standing.title == "Evening flow yoga" and standing.next_code == made.first_code


async def test_new_dates_are_theirs_before_anybody_can_tap(
    noon: datetime, series: Any, club: Any, olga: Any, alice: Any
) -> None:
    made = await series(capacity=1, rule="FREQ=WEEKLY")
    await make_regular(olga, club.id, made.series_id, await member(alice))
    clock.advance(timedelta(weeks=1))
    assert await materialize_all_series() == 1
    assert await seat_regulars() == 0
    row = await db.row(
        "SELECT s.booked FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id ORDER BY i.starts_at DESC"
    )
    assert row is not None and row["booked"] == 1


async def test_more_regulars_than_seats_wait_in_their_order(
    noon: datetime, series: Any, club: Any, olga: Any, alice: Any, bob: Any
) -> None:
    made = await series(capacity=1, rule="FREQ=WEEKLY;COUNT=1")
    await make_regular(olga, club.id, made.series_id, await member(bob))
    await make_regular(olga, club.id, made.series_id, await member(alice))
    assert [r.name for r in await standing_seats_of_series(made.series_id)] == ["Bob", "Alice"]
    assert [c.name for c in await waitlist((await event(made.first_code, bob)).id)] == ["Alice"]


async def test_a_regular_may_give_it_back_and_a_stranger_has_none(
    series: Any, club: Any, olga: Any, alice: Any, bob: Any
) -> None:
    made = await series(capacity=3)
    await make_regular(olga, club.id, made.series_id, await member(alice))
    with pytest.raises(NotFound):
        await end_own_regular(bob, made.series_id)
    await end_own_regular(alice, made.series_id)
    assert await standing_seats_of_series(made.series_id) == []
    mine = (await event(made.first_code, alice)).mine
    assert mine is not None and mine.seats == 1  # what is booked stays
    with pytest.raises(Forbidden):
        await make_regular(bob, club.id, made.series_id, await member(alice))


# --- who came (B12) ---


@pytest.fixture
async def class_(noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any) -> str:
    """Alice with a guest, Bob and Aino are in; leaving is free until two days before."""
    code = await instance(capacity=4, cancel_before_minutes=48 * 60)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    return code


async def test_a_helper_checks_in_by_list_and_by_scanning(
    class_: str, olga: Any, alice: Any, bob: Any, aino: Any, club: Any
) -> None:
    await change_role(olga, club.id, await member(bob), Role.HELPER)
    here = await check_in(class_, bob, await member(alice), came=1)
    assert (here.came, here.seats, here.already) == (1, 2, False)
    code = await my_check_in_code(class_, aino)
    assert (await check_in_by_code(class_, bob, code)).name == "Aino"
    assert (await check_in_by_code(class_, bob, code)).already
    await undo_check_in(class_, bob, await member(aino))
    view = await event(class_, aino)
    assert view.mine is not None and not view.mine.checked_in
    with pytest.raises(Forbidden):
        await check_in(class_, aino, await member(alice))


async def test_a_code_that_was_made_up_or_is_of_another_date_lets_nobody_in(
    class_: str, instance: Make, olga: Any, alice: Any
) -> None:
    other = await instance()
    code = await my_check_in_code(class_, alice)
    with pytest.raises(Invalid):
        await check_in_by_code(other, olga, code)
    for wrong in (code[:-1] + ("0" if code[-1] != "0" else "1"), "", "emerald:x:1:2", code + "0"):
        with pytest.raises(Invalid):
            await check_in_by_code(class_, olga, wrong)
    with pytest.raises(NotFound):
        await my_check_in_code(class_, olga)


async def test_closing_the_list_makes_no_shows_of_who_was_not_there(
    class_: str, club: Any, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    await check_in(class_, olga, await member(alice))
    with pytest.raises(NotBegun):
        await close_list(class_, olga)
    clock.advance(timedelta(days=4))
    await complete_ended()
    assert (await event(class_, olga)).came == 4  # booked, as long as nobody knows better
    assert await close_list(class_, olga) == 2
    assert await close_list(class_, olga) == 0
    assert (await event(class_, olga)).came == 2
    with pytest.raises(ListClosed):
        await check_in(class_, olga, await member(bob))
    found = await absences(club.id)
    assert {(x.name, x.kind) for x in found} == {("Bob", "no-show"), ("Aino", "no-show")}
    await pardon(olga, club.id, found[0].id)
    assert [x.pardoned for x in await absences(club.id)] == [True, False]
    await reopen_list(class_, olga)
    assert len(await absences(club.id)) == 1  # the pardoned one stays known


async def test_only_a_seat_that_nobody_took_is_a_late_cancellation(
    class_: str, club: Any, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """B6: Bob finds somebody, Alice does not."""
    clock.advance(timedelta(hours=70))
    await find_replacement(class_, alice, via=Via.MINIAPP)
    await find_replacement(class_, bob, via=Via.MINIAPP)
    assert (await book(class_, olga, via=Via.CARD)).kind == "booked"  # has Alice's guest's seat
    clock.advance(timedelta(days=2))
    assert await complete_ended() == 1
    found = await absences(club.id)
    assert {(x.name, x.kind, x.seats) for x in found} == {("Alice", "late", 1), ("Bob", "late", 1)}


async def test_who_came_from_the_line_after_the_deadline_is_never_late(
    noon: datetime, instance: Make, club: Any, alice: Any, bob: Any
) -> None:
    """B6"""
    code = await instance(capacity=1, cancel_before_minutes=48 * 60)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(hours=40))  # 36 hours before: past the deadline, seated at once
    await find_replacement(code, alice, via=Via.MINIAPP)
    await find_replacement(code, bob, via=Via.MINIAPP)
    clock.advance(timedelta(days=3))
    await complete_ended()
    assert await absences(club.id) == []


async def test_everybody_checks_in_at_once(noon: datetime, instance: Make, olga: Any, crowd: Any) -> None:
    code = await instance(capacity=None)
    people = await crowd(40)
    for person in people:
        await book(code, person, via=Via.CARD)
    ids = [await member(person) for person in people]
    await asyncio.gather(
        *(check_in(code, olga, i) for i in ids), *(leave(code, p, via=Via.CARD) for p in people[:5]),
        return_exceptions=True,
    )  # fmt: skip
    rows = await db.rows("SELECT seats, came FROM bookings")
    assert all((row["came"] or 0) <= row["seats"] for row in rows)
    assert sum(row["came"] or 0 for row in rows) == 35


# --- from the command line ---


async def emerald(*arguments: str) -> tuple[int, str]:
    """Run a command of the product beside this process, on the same database."""
    done = await command(*arguments)
    return done.returncode, done.stdout or done.stderr


async def test_seats_and_attendance_from_the_command_line(
    series: Any, club: Any, olga: Any, alice: Any
) -> None:
    """X4: the person named decides what may be done; refusals are sentences."""
    made = await series(capacity=2, rule="FREQ=WEEKLY;COUNT=2")
    code, who = made.first_code, await member(alice)
    by_olga = ("--as", str(olga.telegram_id))
    status, said = await emerald("seat", code, "--member", str(who), *by_olga, "--json")
    assert status == 0 and json.loads(said)["kind"] == "booked"
    assert (await emerald("seat", code, "--name", "Liisa", *by_olga))[0] == 0
    status, said = await emerald("people", code, *by_olga)
    assert status == 0 and "Alice" in said and "Liisa" in said
    status, said = await emerald("check-in", code, "--member", str(who), *by_olga)
    assert said.strip() == "Alice: 1 of 1 here"
    status, said = await emerald("regular", str(made.series_id), "--member", str(who), *by_olga, "--json")
    assert (status, said.strip()) == (0, "1")
    status, said = await emerald("unseat", code, "--member", str(who), "--as", str(alice.telegram_id))
    assert status == 1 and "Only organisers" in said
    assert (await emerald("unseat", code, "--member", str(who), *by_olga))[0] == 0
    assert (await emerald("absences", "--account", "Kallio Yoga", *by_olga))[1].strip() == "None."
