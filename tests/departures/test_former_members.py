"""Who leaves, or is removed, gives their seats back (`A9`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db, failpoints
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import end_membership
from backend.accounts.queries import joined_accounts
from backend.accounts.rules import Role
from backend.bookings.actions import admit_to_event, book
from backend.bookings.queries.event import event
from backend.departures.former_members import finish_departures, leave_group, remove_member
from backend.errors import NotFound
from backend.groups.presence import mark_present
from backend.groups.queries import group
from backend.linking.actions import link_group
from backend.outbox.claim import claim
from backend.people.actions import TelegramIdentity, allow_writing, register_person
from backend.seats.requests import Via
from emerald.doctor import check_invariants
from tests.bookings.lookups import membership_of

Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def charlie(people: dict[str, Any], account: Any, noon: datetime) -> Any:
    """A member because he is in the club's group."""
    where = await group(account.group_id)
    assert where is not None
    await allow_writing(people["charlie"])
    await mark_present(people["charlie"], where)
    return people["charlie"]


async def seats_of(code: str, person: Any) -> tuple[int, int]:
    row = await db.row(
        "SELECT b.seats, b.waiting FROM bookings b JOIN event_instances i ON i.id = b.instance_id"
        " JOIN memberships m ON m.id = b.membership_id WHERE i.code = $1 AND m.user_id = $2",
        code,
        person.id,
    )
    return (row["seats"], row["waiting"]) if row else (0, 0)


async def words() -> dict[str, list[str]]:
    """What is sent now: the kinds for each person."""
    found: dict[str, list[str]] = {}
    for each in await claim(1, limit=50):
        found.setdefault(each.person.first_name, []).append(each.kind)
    return found


async def leave_the_group(person: Any, group_id: int) -> None:
    where = await group(group_id)
    assert where is not None
    await leave_group(person, where)


async def test_leaving_the_last_group_gives_seats_back(
    charlie: Any, bob: Any, account: Any, instance: Make
) -> None:
    """The waitlist is served, both are told, and doing it again changes nothing."""
    full, roomy, waits = await instance(capacity=1), await instance(), await instance(capacity=1)
    await book(full, charlie, via=Via.CARD)
    await book(full, bob, via=Via.CARD)
    await book(roomy, charlie, guests=1, via=Via.CARD)
    await book(waits, bob, via=Via.CARD)
    await book(waits, charlie, via=Via.CARD)
    await leave_the_group(charlie, account.group_id)
    for code in (full, roomy, waits):
        assert await seats_of(code, charlie) == (0, 0)
    assert await seats_of(full, bob) == (1, 0)
    assert await db.value("SELECT detail->>'others' FROM messages WHERE kind = 'departed'") == "2"
    assert await words() == {"Charlie": ["departed"], "Bob": ["promoted"]}
    await leave_the_group(charlie, account.group_id)
    assert await finish_departures() == 0
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'departed'") == 1
    assert await check_invariants() == []


async def test_another_group_of_the_club_keeps_the_seats(
    charlie: Any, olga: Any, account: Any, instance: Make
) -> None:
    code = await instance()
    await book(code, charlie, via=Via.CARD)
    other = await link_group(olga, account.id, chat_id=-1001000000002, title="Kallio Runners")
    await mark_present(charlie, other)
    await leave_the_group(charlie, account.group_id)
    assert await seats_of(code, charlie) == (1, 0)
    await leave_the_group(charlie, other.id)
    assert await seats_of(code, charlie) == (0, 0)


async def test_who_was_invited_otherwise_keeps_the_seats(alice: Any, account: Any, instance: Make) -> None:
    """`A5`: an organiser let Alice in, not the group."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await leave_the_group(alice, account.group_id)
    assert await seats_of(code, alice) == (1, 0)


async def test_after_the_deadline_the_seat_goes_to_whoever_takes_it(
    charlie: Any, bob: Any, account: Any, instance: Make
) -> None:
    """`B6`: the ordinary rules."""
    code = await instance(capacity=1, cancel_before_minutes=7 * 24 * 60)
    await book(code, charlie, via=Via.CARD)
    clock.advance(timedelta(minutes=6))  # now it can no longer be undone
    await leave_the_group(charlie, account.group_id)
    assert await seats_of(code, charlie) == (1, 0)
    assert await db.value("SELECT (detail->>'kept')::bool FROM messages WHERE kind = 'departed'")
    assert await finish_departures() == 0
    await book(code, bob, via=Via.CARD)
    assert (await seats_of(code, charlie), await seats_of(code, bob)) == ((0, 0), (1, 0))


async def test_whom_an_organiser_removes_stays_out_until_invited(
    charlie: Any, olga: Any, bob: Any, account: Any, instance: Make
) -> None:
    late = await instance(capacity=1, cancel_before_minutes=7 * 24 * 60)
    await book(late, charlie, via=Via.CARD)
    await book(late, bob, via=Via.CARD)
    await remove_member(olga, account.id, await membership_of(charlie))
    assert (await seats_of(late, charlie), await seats_of(late, bob)) == ((0, 0), (1, 0))
    assert (await words())["Charlie"] == ["departed"]
    where = await group(account.group_id)
    assert where is not None
    clock.advance(timedelta(hours=1))
    await mark_present(charlie, where)
    open_to_all = await instance(visibility="link")
    for code in (late, open_to_all):
        with pytest.raises(NotFound):
            await admit_to_event(code, charlie)
        with pytest.raises(NotFound):
            await book(code, charlie, via=Via.CARD)
    assert await joined_accounts(charlie) == []

    key = await create_key(olga, account.id, label="Charlie again", role=Role.MEMBER)
    await bind_key(charlie, key)
    await book(open_to_all, charlie, via=Via.CARD)
    assert (await event(open_to_all, charlie)).account_name == "Kallio Yoga"


async def test_who_leaves_of_themselves_may_come_back(charlie: Any, account: Any, instance: Make) -> None:
    await end_membership(charlie, account.id, await membership_of(charlie))
    where = await group(account.group_id)
    assert where is not None
    clock.advance(timedelta(hours=1))
    await mark_present(charlie, where)
    assert [each.id for each in await joined_accounts(charlie)] == [account.id]


async def test_an_interrupted_departure_is_finished(charlie: Any, account: Any, instance: Make) -> None:
    """The membership ended, and the process with it."""
    code = await instance()
    await book(code, charlie, via=Via.CARD)
    await end_membership(charlie, account.id, await membership_of(charlie))
    assert await seats_of(code, charlie) == (1, 0)
    assert await finish_departures() == 1
    assert await seats_of(code, charlie) == (0, 0)
    assert await finish_departures() == 0


async def test_an_interrupted_departure_is_finished_with_its_message(
    charlie: Any, bob: Any, account: Any, instance: Make
) -> None:
    """`A9`, `M1`: the seat and the word about it go together, whenever it is interrupted."""
    code = await instance(capacity=1)
    await book(code, charlie, via=Via.CARD)
    await book(code, bob, via=Via.CARD)

    async def fail() -> None:
        raise RuntimeError("interrupted")

    failpoints.set_hook("departures.given-back", fail)
    try:
        with pytest.raises(RuntimeError):
            await leave_the_group(charlie, account.group_id)
    finally:
        failpoints.set_hook("departures.given-back", None)
    assert (await seats_of(code, charlie), await seats_of(code, bob)) == ((1, 0), (0, 1))
    assert "Charlie" not in await words()
    assert await finish_departures() == 1
    assert (await seats_of(code, charlie), await seats_of(code, bob)) == ((0, 0), (1, 0))
    assert (await words())["Charlie"] == ["departed"]
    assert await finish_departures() == 0
    assert await check_invariants() == []


async def test_many_leave_the_group_at_once_while_others_tap(
    crowd: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`A9`, `B3`: on two dates, in whatever order: all their seats go to who waits, and each reads of it once."""
    codes = [await instance(capacity=10) for _ in range(2)]
    where = await group(account.group_id)
    assert where is not None
    leaving = [await register_person(TelegramIdentity(600_000 + n, f"Guest {n}")) for n in range(10)]
    for person in leaving:
        await mark_present(person, where)
    people = [*leaving, *await crowd(10)]
    await asyncio.gather(*(book(code, person, via=Via.CARD) for code in codes for person in people))
    taps = [book(code, person, via=Via.CARD) for code in codes for person in people[10:]]
    await asyncio.gather(*(leave_the_group(person, account.group_id) for person in leaving), *taps)
    while await finish_departures():
        pass
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'departed'") == 10
    for code in codes:
        assert {await seats_of(code, person) for person in leaving} == {(0, 0)}
        assert {await seats_of(code, person) for person in people[10:]} == {(1, 0)}
    assert await check_invariants() == []
