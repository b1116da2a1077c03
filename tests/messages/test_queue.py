"""What waits to be told: in whose turn it is taken, and what becomes of it (`M1`–`M3`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_account
from backend.bookings.actions import book, find, leave, remove
from backend.bookings.queries import attendance
from backend.bookings.rules import Via
from backend.bookings.series import cancel_date, restore_date
from backend.messages import actions as messages
from backend.messages.queries import parked

Tell = Callable[..., Awaitable[int]]


@pytest.fixture
def tell(club: Any) -> Tell:
    """Write a message row for somebody, as an action would."""
    written = 0

    async def write(person: Any, *, account_id: int = club.id, priority: int = 0) -> int:
        nonlocal written
        written += 1
        async with db.transaction():
            return int(
                await db.value(
                    "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
                    " VALUES ($1, $2, 'removed', '{}', $3, $4, $5, $5) RETURNING id",
                    account_id,
                    person.id,
                    f"test {written}",
                    priority,
                    clock.now(),
                )
            )

    return write


async def state_of(message_id: int) -> tuple[str, int]:
    row = await db.row("SELECT state, attempts FROM messages WHERE id = $1", message_id)
    assert row is not None
    return row["state"], row["attempts"]


async def test_a_promotion_is_told_once(
    alice: Any, bob: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    """`M1`: the row is there when the seat is."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    [letter] = await messages.claim(1, limit=10)
    assert (letter.kind, letter.person.id, letter.seats) == ("promoted", bob.id, 1)
    await messages.sent(letter)
    assert await messages.claim(1, limit=10) == []


async def test_what_is_no_longer_so_is_not_told(
    alice: Any, bob: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    await leave(code, bob, via=Via.CARD)
    assert await messages.claim(1, limit=10) == []
    assert await db.value("SELECT state FROM messages WHERE user_id = $1", bob.id) == "dropped"


async def test_an_undone_cancellation_is_not_told_as_one(
    olga: Any, alice: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await cancel_date(code, olga, "A pipe burst")
    await restore_date(code, olga)
    # The first would be a lie by now, and holds nothing up.
    [letter] = await messages.claim(1, limit=10)
    assert letter.kind == "restored"


async def test_the_removed_are_told(
    olga: Any, alice: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    [comer] = await attendance((await find(code)).id)
    await remove(code, olga, comer.membership_id)
    [letter] = await messages.claim(1, limit=10)
    assert letter.kind == "removed" and letter.person.id == alice.id


async def test_one_message_at_a_time_for_each_person(alice: Any, bob: Any, tell: Tell) -> None:
    """A second one waits for its second (`M2`), behind the first."""
    first, second, other = await tell(alice), await tell(alice), await tell(bob)
    assert {letter.id for letter in await messages.claim(1, limit=10)} == {first, other}
    assert [x.id for x in await messages.claim(1, limit=10, busy=[alice.telegram_id])] == []
    assert [x.id for x in await messages.claim(1, limit=10)] == [second]


async def test_a_big_club_does_not_starve_a_small_one(
    alice: Any, bob: Any, tell: Tell, crowd: Callable[[int], Awaitable[list[Any]]]
) -> None:
    """HOUSE 4c: every club in its turn, whatever waits in others, and by priority within one."""
    for person in await crowd(30):
        await db.execute(
            "UPDATE telegram_users SET may_write_at = $2 WHERE id = $1", person.id, clock.now()
        )
        await tell(person)
    small = await create_account("Sunday Runners")
    later = await tell(alice, account_id=small.account_id, priority=5)
    sooner = await tell(bob, account_id=small.account_id, priority=3)
    letters = await messages.claim(1, limit=5)
    assert {letter.id for letter in letters} >= {sooner, later}


async def test_two_claims_at_once_take_different_messages(alice: Any, bob: Any, tell: Tell) -> None:
    for person in (alice, bob):
        await tell(person)
    claimed = await asyncio.gather(messages.claim(1, limit=1), messages.claim(1, limit=1))
    ids = [letter.id for letters in claimed for letter in letters]
    assert len(ids) == len(set(ids)) >= 1


async def test_what_a_dead_sender_had_in_hand_is_sent_by_the_next(alice: Any, tell: Tell) -> None:
    """`M1`: at least once; the old sender's late word changes nothing."""
    message_id = await tell(alice)
    [old] = await messages.claim(1, limit=10)
    assert await messages.recover(1) == 0
    assert await messages.recover(2) == 1
    [new] = await messages.claim(2, limit=10)
    assert new.id == message_id and new.attempts == 2
    await messages.park(old, "too late")
    assert (await state_of(message_id))[0] == "sending"
    await messages.sent(new)
    assert (await state_of(message_id))[0] == "sent"


async def test_ten_failures_park_it_where_an_organiser_sees_it(
    alice: Any, club: Any, tell: Tell, noon: datetime
) -> None:
    """`M2`"""
    await tell(alice)
    for nth in range(messages.ATTEMPTS_MAX):
        assert await parked(club.id) == [], nth
        [letter] = await messages.claim(1, limit=10)
        await messages.put_off(letter, clock.now() + timedelta(seconds=1), "Bad Gateway")
        clock.advance(timedelta(seconds=1))
    assert await messages.claim(1, limit=10) == []
    [seen] = await parked(club.id)
    assert (seen.name, seen.error) == ("Alice", "Bad Gateway")


async def test_being_told_to_wait_is_no_failure(alice: Any, tell: Tell, noon: datetime) -> None:
    message_id = await tell(alice)
    for _ in range(messages.ATTEMPTS_MAX + 5):
        [letter] = await messages.claim(1, limit=10)
        await messages.put_off(letter, clock.now(), "retry after 1", blameless=True)
    assert await state_of(message_id) == ("due", 0)


async def test_who_blocked_the_bot_is_not_written_to(alice: Any, bob: Any, tell: Tell) -> None:
    """`M3`: the rest of their queue goes too; others are not touched."""
    first, second = await tell(alice), await tell(alice)
    [letter] = await messages.claim(1, limit=10)
    await messages.blocked(letter)
    third, other = await tell(alice), await tell(bob)
    assert [x.id for x in await messages.claim(1, limit=10)] == [other]
    for message_id in (first, second, third):
        assert (await state_of(message_id))[0] == "blocked"
