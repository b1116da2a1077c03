"""What organisers do with seats: move a party, make room, book by name (`B10`, `W4`)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import db
from backend.bookings.actions import book, set_capacity
from backend.bookings.organiser import make_room, move_party, seat_by_name
from backend.bookings.queries.event import event
from backend.bookings.queries.people import attendees, waitlist
from backend.errors import Forbidden, Invalid
from backend.seats.refusals import NoRoomLeft
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of, messages_to

Make = Callable[..., Awaitable[str]]


pytestmark = pytest.mark.usefixtures("invariants")


async def test_a_party_is_moved_to_another_instance_whole(
    instance: Make, olga: Any, alice: Any, bob: Any
) -> None:
    """B10: the waitlist gets the seat it leaves, and its member is notified once."""
    here, there = await instance(capacity=2), await instance(capacity=5)
    await book(here, alice, guests=1, via=Via.CARD)
    await book(here, bob, via=Via.CARD)
    outcome = await move_party(here, olga, await membership_of(alice), to=there)
    assert (outcome.kind, outcome.seats) == ("booked", 2)
    assert await messages_to(alice) == ["brought"] and await messages_to(bob) == ["promoted"]


async def test_a_move_that_does_not_fit_changes_nothing(
    instance: Make, olga: Any, alice: Any, bob: Any
) -> None:
    here, there = await instance(capacity=2), await instance(capacity=1)
    await book(here, alice, guests=1, via=Via.CARD)
    await book(there, bob, via=Via.CARD)
    with pytest.raises(NoRoomLeft):
        await move_party(here, olga, await membership_of(alice), to=there)
    mine = (await event(here, alice)).mine
    assert mine is not None and mine.seats == 2 and await messages_to(alice) == []
    with pytest.raises(Invalid):
        await move_party(here, olga, await membership_of(alice), to=here)
    with pytest.raises(Forbidden):
        await move_party(here, bob, await membership_of(alice), to=there)


async def test_two_parties_swap_instances_at_once(instance: Make, olga: Any, alice: Any, bob: Any) -> None:
    """The seats rows are locked in one order, so there is no deadlock, and no party is lost."""
    one, two = await instance(capacity=2), await instance(capacity=2)
    await book(one, alice, via=Via.CARD)
    await book(two, bob, via=Via.CARD)
    await asyncio.gather(
        move_party(one, olga, await membership_of(alice), to=two),
        move_party(two, olga, await membership_of(bob), to=one),
    )
    assert (await event(one, bob)).booked == (await event(two, bob)).booked == 1


async def test_the_parties_seated_last_go_to_the_head_of_the_waitlist(
    instance: Make, olga: Any, crowd: Any
) -> None:
    """W4: as few as necessary, in their order and before all others, and notified."""
    code = await instance(capacity=4)
    first, second, third, fourth, waits = await crowd(5)
    for person in (first, second, third, fourth, waits):
        await book(code, person, via=Via.CARD)
    await set_capacity(code, olga, 2)
    assert await make_room(code, olga) == 2
    view = await event(code, olga)
    assert (view.booked, view.over) == (2, 0)
    assert [c.user_id for c in await waitlist(view.id)] == [third.id, fourth.id, waits.id]
    assert await messages_to(third) == await messages_to(fourth) == ["to-line"]
    assert await make_room(code, olga) == 0
    await set_capacity(code, olga, 3)
    assert await messages_to(third) == ["to-line", "promoted"]


async def test_books_by_name_for_a_person_without_telegram(instance: Make, olga: Any, alice: Any) -> None:
    """B10: the club knows the name the next time, too; the party waits like any other."""
    code, other = await instance(capacity=2, guests_max=1), await instance(capacity=2)
    assert (await seat_by_name(code, olga, "  Mummo  Liisa ", guests=1)).kind == "booked"
    assert (await seat_by_name(other, olga, "Mummo Liisa")).kind == "booked"
    assert await db.value("SELECT count(*) FROM memberships WHERE user_id IS NULL") == 1
    people = await attendees((await event(code, alice)).id)
    assert [c.name for c in people] == ["Mummo Liisa"]
    assert (await seat_by_name(code, olga, "Ukki")).kind == "waiting"
    with pytest.raises(Invalid):
        await seat_by_name(code, olga, " ")


async def test_one_name_at_once_is_one_member(instance: Make, olga: Any) -> None:
    code = await instance(capacity=5)
    outcomes = await asyncio.gather(*(seat_by_name(code, olga, "Liisa") for _ in range(8)))
    assert sorted(outcome.kind for outcome in outcomes) == ["already"] * 7 + ["booked"]
