"""The removal of a member can be undone for a day (`A9`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import TooLateToRestore, change_role
from backend.accounts.queries import authorize, joined_accounts, removed_members
from backend.accounts.rules import Permission, Role
from backend.bookings.actions import book
from backend.bookings.standing_seats import make_regular, standing_seats_of_series
from backend.departures.former_members import finish_departures, remove_member
from backend.departures.restoring import Restored, restore_member
from backend.errors import Forbidden, NotFound
from backend.outbox.claim import claim
from backend.people.actions import allow_writing
from backend.personal.actions import erase
from backend.seats.requests import Via
from emerald.doctor import check_invariants
from tests.bookings.lookups import membership_of
from tests.departures.test_former_members import seats_of

Make = Callable[..., Awaitable[str]]


async def told(person: Any) -> list[str]:
    return [each.kind for each in await claim(1, limit=50) if each.person.id == person.id]


async def test_a_seat_that_is_free_comes_back_with_as_many_guests(
    noon: Any, olga: Any, alice: Any, bob: Any, account: Any, instance: Make
) -> None:
    """Where somebody else has it they wait, and nobody loses anything."""
    free, taken = await instance(capacity=3), await instance(capacity=1)
    await allow_writing(alice)
    await book(free, alice, guests=1, via=Via.CARD)
    await book(taken, alice, via=Via.CARD)
    member = await membership_of(alice)
    await change_role(olga, account.id, member, Role.HELPER)
    await remove_member(olga, account.id, member)
    assert await told(alice) == ["departed"]
    await book(taken, bob, via=Via.CARD)
    assert await restore_member(olga, account.id, member) == Restored(seated=1, waiting=1)
    assert (await seats_of(free, alice), await seats_of(taken, alice)) == ((2, 0), (0, 1))
    assert await seats_of(taken, bob) == (1, 0)
    assert (await authorize(alice, account.id, Permission.CHECK_IN)).role is Role.HELPER
    assert await told(alice) == ["rejoined"]  # one a second
    about = "SELECT (detail->>'waiting')::bool FROM messages WHERE kind = 'rejoined' ORDER BY id"
    assert [row[0] for row in await db.rows(about)] == [False, True]
    assert await check_invariants() == []


async def test_standing_seats_rest_for_a_day(
    noon: Any, olga: Any, alice: Any, account: Any, instance: Make
) -> None:
    """They come back with the member, and end when the removal cannot be undone any more."""
    code = await instance(rule="FREQ=WEEKLY")
    series_id = await db.value("SELECT series_id FROM event_instances WHERE code = $1", code)
    member = await membership_of(alice)
    await make_regular(olga, account.id, series_id, member)
    await remove_member(olga, account.id, member)
    assert await standing_seats_of_series(series_id) == [] and await seats_of(code, alice) == (0, 0)
    await finish_departures()
    assert await restore_member(olga, account.id, member) is not None
    assert len(await standing_seats_of_series(series_id)) == 1
    assert (await seats_of(code, alice))[0] == 1

    await remove_member(olga, account.id, member)
    clock.advance(timedelta(days=1, minutes=1))
    assert await finish_departures() == 1
    assert await db.value("SELECT count(*) FROM regulars") == 0
    assert await finish_departures() == 0
    with pytest.raises(TooLateToRestore):
        await restore_member(olga, account.id, member)
    assert await removed_members(await authorize(olga, account.id, Permission.MANAGE_MEMBERS)) == []


async def test_what_was_closed_or_cancelled_meanwhile_stays_so(
    noon: Any, olga: Any, alice: Any, bob: Any, account: Any, instance: Make
) -> None:
    """Booking that has closed does not bind an organiser, but a seat that is gone is gone."""
    free, full = (
        await instance(capacity=1, closes_before_minutes=24 * 60),
        await instance(capacity=1, closes_before_minutes=24 * 60),
    )
    for code in (free, full):
        await book(code, alice, via=Via.CARD)
    await book(full, bob, via=Via.CARD)
    member = await membership_of(alice)
    start = await db.value("SELECT starts_at FROM event_instances WHERE code = $1", free)
    clock.advance(start - clock.now() - timedelta(hours=3))
    await remove_member(olga, account.id, member)
    assert (await seats_of(full, bob))[0] == 1 or await db.value(
        "SELECT offered FROM bookings WHERE membership_id = $1", await membership_of(bob)
    )
    assert await restore_member(olga, account.id, member) == Restored(seated=1, lost=1)
    assert (await seats_of(free, alice), await seats_of(full, alice)) == ((1, 0), (0, 0))
    assert await check_invariants() == []


async def test_two_organisers_at_once_undo_it_once(
    noon: Any, olga: Any, alice: Any, bob: Any, account: Any, instance: Make
) -> None:
    codes = [await instance(capacity=1) for _ in range(3)]
    for code in codes:
        await book(code, alice, via=Via.CARD)
    await change_role(olga, account.id, await membership_of(bob), Role.ADMIN)
    member = await membership_of(alice)
    await remove_member(olga, account.id, member)
    results = await asyncio.gather(
        *(restore_member(person, account.id, member) for person in (olga, bob) * 5)
    )
    assert sorted(map(str, results)) == sorted(map(str, [Restored(seated=3), *[None] * 9]))
    assert [await seats_of(code, alice) for code in codes] == [(1, 0)] * 3
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'restore membership'") == 1


async def test_removing_and_undoing_at_once_leaves_one_or_the_other(
    noon: Any, olga: Any, alice: Any, bob: Any, account: Any, instance: Make
) -> None:
    """A member keeps all seats or none: the seats of whoever is a member again are not given back."""
    codes = [await instance(capacity=1) for _ in range(3)]
    for code in codes:
        await book(code, alice, via=Via.CARD)
    await change_role(olga, account.id, await membership_of(bob), Role.ADMIN)
    member = await membership_of(alice)

    async def undo() -> None:
        while await restore_member(bob, account.id, member) is None:
            pass

    for _ in range(5):
        await asyncio.gather(remove_member(olga, account.id, member), undo())
        assert [await seats_of(code, alice) for code in codes] == [(1, 0)] * 3
    assert await check_invariants() == []


async def test_whoever_is_invited_meanwhile_stays_as_they_are(
    noon: Any, olga: Any, alice: Any, account: Any, instance: Make
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    member = await membership_of(alice)
    await change_role(olga, account.id, member, Role.ADMIN)
    await remove_member(olga, account.id, member)
    await bind_key(alice, await create_key(olga, account.id, label="Again", role=Role.MEMBER))
    assert await restore_member(olga, account.id, member) is None
    assert (await joined_accounts(alice))[0].role is Role.MEMBER
    assert await seats_of(code, alice) == (0, 0)


async def test_only_a_removal_is_undone_and_an_owner_only_by_an_owner(
    noon: Any, olga: Any, alice: Any, bob: Any, people: Any, account: Any
) -> None:
    aino = people["aino"]
    owner, own = await membership_of(bob), await membership_of(aino)
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    await change_role(olga, account.id, owner, Role.OWNER)
    await remove_member(olga, account.id, owner)
    with pytest.raises(Forbidden):
        await restore_member(alice, account.id, owner)
    await remove_member(aino, account.id, own)
    for who, member in ((alice, own), (aino, owner), (olga, 10**9)):
        with pytest.raises(NotFound):
            await restore_member(who, account.id, member)
    await restore_member(olga, account.id, owner)
    assert (await joined_accounts(bob))[0].role is Role.OWNER
    await remove_member(olga, account.id, owner)
    await erase(bob)
    with pytest.raises(NotFound):
        await restore_member(olga, account.id, owner)
