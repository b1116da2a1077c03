"""Guests with names (`B1`): kept with the party, seen by its member, organisers and helpers, and by nobody
else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import db, failpoints
from backend.bookings.actions import add_guest, book, leave, name_guests, set_guests, set_guests_of
from backend.bookings.organiser import authorized_attendance, move_party
from backend.bookings.queries.event import event
from backend.bookings.queries.people import attendees, waitlist
from backend.errors import Invalid
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[str]]
Crowd = Callable[[int], Awaitable[list[Person]]]


async def names(code: str, person: Person) -> tuple[str, ...]:
    mine = (await event(code, person)).mine
    assert mine is not None
    return mine.guest_names


async def test_organisers_see_them_and_other_members_do_not(
    instance: Make, olga: Person, alice: Person, bob: Person
) -> None:
    """B1: wherever members look, and in the log that is never rewritten, guests are a number."""
    code = await instance(capacity=3)
    await book(code, alice, guests=2, names=("Mum", ""), via=Via.MINIAPP)
    await book(code, bob, guests=1, names=("Dad",), via=Via.MINIAPP)
    assert await names(code, alice) == ("Mum",)
    assert [one.guest_names for one in await authorized_attendance(code, olga)] == [("Mum",), ("Dad",)]
    where = await find_instance(code)
    seated, waits = await attendees(where.id), await waitlist(where.id)
    assert [one.guest_names for one in (*seated, *waits)] == [(), ()]
    log = await db.rows("SELECT l::text FROM event_participation_log l")
    assert len(log) == 2
    assert not [row for row in log if "Mum" in row[0] or "Dad" in row[0]]


async def test_they_are_given_later_and_last_as_long_as_the_guests(
    instance: Make, account: Any, olga: Person, alice: Person
) -> None:
    """B1, B7: by whatever hand the number changes."""
    code, other = await instance(capacity=5, guests_max=3), await instance(capacity=5, guests_max=3)
    await book(code, alice, via=Via.CARD)
    await add_guest(code, alice, via=Via.CARD)
    assert await names(code, alice) == ()
    named = await name_guests(code, alice, ["Mum", "", ""], via=Via.MINIAPP)
    assert (named.kind, await names(code, alice)) == ("named", ("Mum",))
    await set_guests(code, alice, guests=3, names=("Mum", "", "Dad"), via=Via.MINIAPP)
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await set_guests_of(code, olga, member, guests=2)
    assert await names(code, alice) == ("Mum", "Dad")
    await move_party(code, olga, member, to=other)
    assert (await names(code, alice), await names(other, alice)) == ((), ("Mum", "Dad"))
    await leave(other, alice, via=Via.CARD)
    assert await names(other, alice) == ()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Anna \n Maria\t", "Anna Maria"),
        ("No\x00body", "No body"),
        ("Half \ud83d", "Half"),
        ("Светлана 👩‍👧", "Светлана 👩‍👧"),
        ("x" * 80, "x" * 80),
    ],
)
async def test_a_name_is_kept_as_a_line_of_text(instance: Make, alice: Person, typed: str, kept: str) -> None:
    """X5"""
    code = await instance(guests_max=2)
    await book(code, alice, guests=2, names=(typed, "Bob"), via=Via.MINIAPP)
    assert await names(code, alice) == (kept, "Bob")


async def test_a_name_that_is_too_long_books_nothing(instance: Make, alice: Person) -> None:
    """X5"""
    code = await instance(guests_max=2)
    with pytest.raises(Invalid) as no:
        await book(code, alice, guests=1, names=("x" * 81,), via=Via.MINIAPP)
    assert no.value.field == "name"
    assert (await event(code, alice)).mine is None


async def test_more_names_than_guests_are_refused(instance: Make, olga: Person, alice: Person) -> None:
    """B1, X8: also when the event takes fewer guests than others, and whatever the names are for."""
    code = await instance(guests_max=2)
    with pytest.raises(Invalid, match="at most"):
        await book(code, alice, guests=2, names=("A", "B", "C"), via=Via.MINIAPP)
    await book(code, alice, guests=2, names=("A", "B"), via=Via.MINIAPP)
    for names_given in (("A",) * 3, ("",) * 3):
        with pytest.raises(Invalid, match="at most"):
            await name_guests(code, alice, names_given, via=Via.MINIAPP)
        with pytest.raises(Invalid, match="at most"):
            await set_guests(code, alice, guests=1, names=names_given, via=Via.MINIAPP)
    assert await names(code, alice) == ("A", "B")


async def test_names_of_fewer_guests_than_before_are_taken(instance: Make, alice: Person) -> None:
    """B1: the form has a field for each guest of before, when one comes less."""
    code = await instance(guests_max=2)
    await book(code, alice, guests=2, names=("A", "B"), via=Via.MINIAPP)
    await set_guests(code, alice, guests=1, names=("", "B"), via=Via.MINIAPP)
    assert await names(code, alice) == ("B",)


async def test_a_crowd_of_names_does_not_come_to_the_allocator(
    instance: Make, alice: Person, monkeypatch: pytest.MonkeyPatch, switch_off: Callable[[str], None]
) -> None:
    """X8: refused before a transaction begins; with the guard off, the transaction has them."""
    code, loaded = await instance(guests_max=9), []

    async def count() -> None:
        loaded.append(code)

    monkeypatch.setitem(failpoints._hooks, "allocator.loaded", count)
    for act in (book, name_guests_only):
        with pytest.raises(Invalid, match="at most"):
            await act(code, alice, names=["x"] * 30_000, via=Via.MINIAPP)
    assert loaded == []
    switch_off("names.any-number")
    with pytest.raises(Invalid, match="at most"):
        await book(code, alice, names=["x"] * 30_000, via=Via.MINIAPP)
    assert loaded == [code]


async def name_guests_only(code: str, person: Person, *, names: list[str], via: Via) -> None:
    await name_guests(code, person, names, via=via)


async def test_many_name_their_guests_at_once_and_each_has_their_own(instance: Make, crowd: Crowd) -> None:
    """B1, B8: booked, renamed and changed in one rush, in line or not; nobody has the guests of another."""
    code = await instance(capacity=40, guests_max=3)
    people = await crowd(30)

    async def come(n: int, person: Person) -> None:
        mine = tuple(f"{n}-{k}" for k in range(3))
        await book(code, person, guests=2, names=mine, via=Via.MINIAPP)
        await name_guests(code, person, mine[1:], via=Via.MINIAPP)
        await set_guests(code, person, guests=1, via=Via.CARD)

    await asyncio.gather(*(come(n, person) for n, person in enumerate(people)))
    assert [await names(code, person) for person in people] == [(f"{n}-1",) for n in range(30)]
    assert await check_invariants() == []
