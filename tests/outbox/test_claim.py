"""Messages that are due: which are claimed first, and what becomes of them (`M1`–`M3`)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db, leases
from backend.accounts.actions import create_account
from backend.bookings.actions import book, leave, remove
from backend.bookings.queries.people import attendance
from backend.errors import Forbidden
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.groups.rules import GroupHealth
from backend.messages.results import record_result
from backend.outbox.claim import ATTEMPTS_MAX, CLAIM, WINDOW, claim, recover
from backend.outbox.deliveries import Delivery, GroupChat
from backend.outbox.kinds import Priority
from backend.outbox.parked import parked_messages, send_parked_again
from backend.outbox.sending import RETRY_PAUSE_MAX, park, put_off
from backend.outbox.states import CallResult, SendResult
from backend.people.actions import choose_zone
from backend.people.preferences import mute
from backend.seats.requests import Via

Enqueue = Callable[..., Awaitable[int]]


@pytest.fixture
def enqueue(account: Any) -> Enqueue:
    """Write a message row for somebody, as an action would."""
    written = 0

    async def write(
        person: Any = None,
        *,
        account_id: int = account.id,
        priority: int = 0,
        kind: str = "removed",
        group_id: int | None = None,
    ) -> int:
        nonlocal written
        written += 1
        async with db.transaction():
            return int(
                await db.value(
                    "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at, group_id)"
                    " VALUES ($1, $2, $6, '{}', $3, $4, $5, $5, $7) RETURNING id",
                    account_id,
                    person.id if person else None,
                    f"test {written}",
                    priority,
                    clock.now(),
                    kind,
                    group_id,
                )
            )

    return write


async def record_sent(delivery: Delivery) -> None:
    await record_result(delivery, CallResult(SendResult.DONE), clock.now())


async def state_of(message_id: int) -> tuple[str, int]:
    row = await db.row("SELECT state, attempts FROM messages WHERE id = $1", message_id)
    assert row is not None
    return row["state"], row["attempts"]


async def test_a_promotion_is_sent_once(
    alice: Any, bob: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    """`M1`: the row is there when the seat is."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    [delivery] = await claim(1, limit=10)
    assert (delivery.kind, delivery.person.id, delivery.situation.seats) == ("promoted", bob.id, 1)
    await record_sent(delivery)
    assert await claim(1, limit=10) == []


async def test_a_stale_message_is_not_sent(
    alice: Any, bob: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    await leave(code, bob, via=Via.CARD)
    assert await claim(1, limit=10) == []
    assert await db.value("SELECT state FROM messages WHERE user_id = $1", bob.id) == "dropped"


async def test_a_cancellation_that_was_undone_is_not_sent(
    olga: Any, alice: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await cancel_instance(code, olga, "A pipe burst")
    await restore_instance(code, olga)
    # The first would be a lie by now, and holds nothing up.
    [delivery] = await claim(1, limit=10)
    assert delivery.kind == "restored"


async def test_a_removed_member_gets_a_message(
    olga: Any, alice: Any, instance: Callable[..., Awaitable[str]]
) -> None:
    code = await instance()
    await book(code, alice, via=Via.CARD)
    [comer] = await attendance((await find_instance(code)).id)
    await remove(code, olga, comer.membership_id)
    [delivery] = await claim(1, limit=10)
    assert delivery.kind == "removed" and delivery.person.id == alice.id


async def test_one_message_at_a_time_for_each_person(alice: Any, bob: Any, enqueue: Enqueue) -> None:
    """The second message waits a second (`M2`), behind the first."""
    first, second, other = await enqueue(alice), await enqueue(alice), await enqueue(bob)
    assert {delivery.id for delivery in await claim(1, limit=10)} == {first, other}
    assert [x.id for x in await claim(1, limit=10, busy=[alice.telegram_id])] == []
    assert [x.id for x in await claim(1, limit=10)] == [second]


async def test_a_big_club_does_not_starve_a_small_one(
    alice: Any,
    bob: Any,
    enqueue: Enqueue,
    crowd: Callable[[int], Awaitable[list[Any]]],
    noon: datetime,
) -> None:
    """Decision 0009: every account has its turn, however much others have, and its messages go by
    priority."""
    for person in await crowd(30):
        await db.execute("UPDATE telegram_users SET may_write_at = $2 WHERE id = $1", person.id, clock.now())
        await enqueue(person)
    small = await create_account("Sunday Runners")
    later = await enqueue(alice, account_id=small.account_id, priority=5)
    sooner = await enqueue(bob, account_id=small.account_id, priority=3)
    deliveries = await claim(1, limit=5)
    assert {delivery.id for delivery in deliveries} >= {sooner, later}


async def test_the_recipient_of_most_messages_is_not_left_for_the_end(
    alice: Any, bob: Any, enqueue: Enqueue, noon: datetime
) -> None:
    """M2: a chat takes a limited number of messages in a time, so of those due at once the recipient with the
    most comes first; a message that is due sooner still goes before them."""
    many = [await enqueue(alice), await enqueue(alice), await enqueue(alice)]
    few = [await enqueue(bob), await enqueue(bob)]
    clock.advance(timedelta(seconds=-1))
    sooner = await enqueue(bob)
    clock.advance(timedelta(seconds=1))
    taken = []
    while deliveries := await claim(1, limit=1):
        await record_sent(deliveries[0])
        taken.append(deliveries[0].id)
    assert taken == [sooner, many[0], many[1], few[0], many[2], few[1]]


async def test_two_claims_at_once_take_different_messages(alice: Any, bob: Any, enqueue: Enqueue) -> None:
    for person in (alice, bob):
        await enqueue(person)
    claimed = await asyncio.gather(claim(1, limit=1), claim(1, limit=1))
    ids = [delivery.id for deliveries in claimed for delivery in deliveries]
    assert len(ids) == len(set(ids)) >= 1


async def test_what_a_dead_sender_was_sending_is_sent_by_the_next(alice: Any, enqueue: Enqueue) -> None:
    """`M1`: at least once; what the old sender records late changes nothing."""
    message_id = await enqueue(alice)
    [old] = await claim(1, limit=10)
    assert await recover(1) == 0
    assert await recover(2) == 1
    [new] = await claim(2, limit=10)
    assert new.id == message_id and new.attempts == 2
    await park(old, "too late")
    assert (await state_of(message_id))[0] == "sending"
    await record_sent(new)
    assert (await state_of(message_id))[0] == "sent"


async def test_ten_failures_park_a_message_where_an_organiser_sees_it(
    alice: Any, account: Any, enqueue: Enqueue, noon: datetime
) -> None:
    """`M2`"""
    await enqueue(alice)
    for nth in range(ATTEMPTS_MAX):
        assert await parked_messages(account.id) == [], nth
        [delivery] = await claim(1, limit=10)
        await record_result(delivery, CallResult(SendResult.UNKNOWN, "Bad Gateway"), clock.now())
        clock.advance(timedelta(seconds=RETRY_PAUSE_MAX))
    assert await claim(1, limit=10) == []
    [seen] = await parked_messages(account.id)
    assert (seen.name, seen.error) == ("Alice", "Bad Gateway")


async def test_having_to_wait_is_no_failure(alice: Any, enqueue: Enqueue, noon: datetime) -> None:
    message_id = await enqueue(alice)
    for _ in range(ATTEMPTS_MAX + 5):
        [delivery] = await claim(1, limit=10)
        await record_result(delivery, CallResult(SendResult.RATE_LIMITED, "retry after 1"), clock.now())
    assert await state_of(message_id) == ("due", 0)


async def test_a_person_who_blocked_the_bot_is_not_written_to(alice: Any, bob: Any, enqueue: Enqueue) -> None:
    """`M3`: their other messages are not sent either; nobody else's are touched."""
    first, second = await enqueue(alice), await enqueue(alice)
    [delivery] = await claim(1, limit=10)
    await record_result(delivery, CallResult(SendResult.GONE), clock.now())
    third, other = await enqueue(alice), await enqueue(bob)
    assert [x.id for x in await claim(1, limit=10)] == [other]
    for message_id in (first, second, third):
        assert (await state_of(message_id))[0] == "blocked"


async def test_a_group_is_written_to_like_a_person(
    noon: datetime, alice: Any, account: Any, enqueue: Enqueue
) -> None:
    """One at a time, and not while it is busy."""
    first = await enqueue(group_id=account.group_id, kind="announcement", priority=Priority.ANNOUNCEMENT)
    await enqueue(group_id=account.group_id, kind="announcement", priority=Priority.ANNOUNCEMENT)
    person = await enqueue(alice)
    deliveries = await claim(1, limit=10)
    assert [delivery.id for delivery in deliveries] == [person, first]
    assert deliveries[1].to == GroupChat(account.group_id, account.chat_id, None, GroupHealth.WELL)
    assert await claim(1, limit=10, busy=[account.chat_id]) == []
    assert len(await claim(1, limit=10)) == 1


async def test_a_message_goes_to_one_person_or_to_one_group(
    alice: Any, account: Any, enqueue: Enqueue
) -> None:
    with pytest.raises(db.CheckViolation, match="messages_recipient_check"):
        await enqueue(alice, group_id=account.group_id)
    with pytest.raises(db.CheckViolation, match="messages_recipient_check"):
        await enqueue()


async def test_an_announcement_that_was_being_sent_may_have_arrived(
    noon: datetime, alice: Any, enqueue: Enqueue
) -> None:
    """Decision 0009: it is recorded as perhaps sent and not sent again; what the dead sender records late
    changes nothing."""
    message_id = await enqueue(alice, kind="announcement", priority=Priority.ANNOUNCEMENT)
    [old] = await claim(1, limit=10)
    assert await recover(2) == 1
    assert await state_of(message_id) == ("perhaps", 1)
    await record_sent(old)
    await put_off(old, clock.now())
    assert await state_of(message_id) == ("perhaps", 1)
    assert await claim(2, limit=10) == []


async def test_a_message_that_ends_its_sender_every_time_is_parked(
    alice: Any, account: Any, enqueue: Enqueue
) -> None:
    """`M2`: after ten senders that died over it."""
    await enqueue(alice)
    for epoch in range(1, ATTEMPTS_MAX + 1):
        assert len(await claim(epoch, limit=10)) == 1
        await recover(epoch + 1)
    assert await claim(20, limit=10) == []
    assert len(await parked_messages(account.id)) == 1


async def test_a_sender_without_the_lease_claims_nothing(
    alice: Any, enqueue: Enqueue, noon: datetime
) -> None:
    """Decision 0009: the epoch fences it off, also when it slept between checking its lease and claiming."""
    await enqueue(alice)
    assert await leases.take("sender 42", "first", timedelta(seconds=8)) == 1
    clock.advance(timedelta(seconds=9))
    assert await leases.take("sender 42", "second", timedelta(seconds=8)) == 2
    assert await claim(1, limit=10, lease="sender 42") == []
    assert len(await claim(2, limit=10, lease="sender 42")) == 1


async def test_a_lease_changes_hands_before_or_after_a_claim(
    alice: Any, bob: Any, enqueue: Enqueue, noon: datetime
) -> None:
    """Never in between: the new holder recovers what the old one claimed."""
    for person in (alice, bob):
        await enqueue(person)
    await leases.take("sender 42", "first", timedelta(seconds=8))
    clock.advance(timedelta(seconds=9))

    async def take_over() -> int:
        epoch = await leases.take("sender 42", "second", timedelta(seconds=8))
        assert epoch == 2
        return await recover(epoch)

    taken, recovered = await asyncio.gather(claim(1, limit=10, lease="sender 42"), take_over())
    assert len(taken) == recovered
    assert len(await claim(2, limit=10, lease="sender 42")) == 2


# --- what its reader wants (`M5`) ---


async def test_muted_messages_are_not_sent(noon: datetime, alice: Any, bob: Any, enqueue: Enqueue) -> None:
    """`M5`: checked when they are claimed, so muting also counts for messages that are due already."""
    unwanted = await enqueue(alice, kind="announcement", priority=Priority.ANNOUNCEMENT)
    always = await enqueue(alice, kind="removed")
    other = await enqueue(bob, kind="announcement", priority=Priority.ANNOUNCEMENT)
    await mute(alice, "announcements", on=True)
    assert {x.id for x in await claim(1, limit=10)} == {always, other}
    assert await claim(1, limit=10) == []
    assert await state_of(unwanted) == ("dropped", 0)


@pytest.fixture
def night() -> Any:
    """Half past ten in the evening in Helsinki."""
    with clock.stopped(datetime.fromisoformat("2026-11-23T20:30:00+00:00")):
        yield


async def test_what_can_wait_waits_for_the_morning(
    alice: Any, bob: Any, account: Any, enqueue: Enqueue, night: None
) -> None:
    """Quiet hours: on the club's clock, and on the reader's own if they chose one. It costs no attempt."""
    await choose_zone(bob, "America/New_York")
    waits = [
        await enqueue(alice, kind="announcement", priority=Priority.ANNOUNCEMENT),
        await enqueue(group_id=account.group_id, kind="announcement", priority=Priority.ANNOUNCEMENT),
    ]
    goes = [
        await enqueue(alice, priority=Priority.ANSWER),
        await enqueue(bob, kind="announcement", priority=5),
    ]
    assert [x.id for x in await claim(1, limit=10)] == goes
    assert await claim(1, limit=10) == []
    assert [await state_of(message_id) for message_id in waits] == [("due", 0)] * 2
    clock.advance(timedelta(hours=9, minutes=29, seconds=59))
    assert await claim(1, limit=10) == []
    clock.advance(timedelta(seconds=1))
    assert {x.id for x in await claim(1, limit=10)} == set(waits)


# --- many (`M2`, decision 0009) ---


async def crowd_of(n: int, account_id: int, *, kind: str = "announcement") -> None:
    """Create `n` members with a message each."""
    async with db.transaction():
        await db.execute(
            "WITH met AS (INSERT INTO telegram_users (telegram_id, first_name, created_at, seen_at, may_write_at)"
            " SELECT 700000 + $1::int * 100000 + g, 'Member', $3, $3, $3 FROM generate_series(1, $2::int) g RETURNING id),"
            " joined AS (INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)"
            " SELECT $1, id, 'MEMBER', 'hand', $3, $3 FROM met)"
            " INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
            " SELECT $1, id, $4, '{}', 'many:' || id, $5, $3, $3 FROM met",
            account_id,
            n,
            clock.now(),
            kind,
            Priority.ANNOUNCEMENT,
        )


async def test_fifty_thousand_announcements_hold_up_nobody_elses_reminder(
    alice: Any, bob: Any, account: Any, enqueue: Enqueue, noon: datetime
) -> None:
    """Decision 0009: another account's answer and reminder, and the account's own answer, are in the next
    claim of five; and a claim reads a few hundred rows, however many are due."""
    await crowd_of(50_000, account.id)
    for table in ("messages", "telegram_users", "memberships"):
        await db.execute(f"ANALYZE {table}")
    small = await create_account("Sunday Runners")
    assert len(await claim(1, limit=5)) == 5
    answer = await enqueue(alice, account_id=small.account_id, priority=Priority.ANSWER)
    own = await enqueue(bob, priority=Priority.ANSWER)
    aino = await db.value("SELECT id FROM telegram_users WHERE telegram_id = 1005")
    reminder = await enqueue(_Id(aino), account_id=small.account_id, priority=Priority.REMINDER)
    taken = {delivery.id for delivery in await claim(1, limit=5)}
    assert {answer, own, reminder} <= taken

    async with db.transaction():
        plan = await db.value(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {CLAIM}",
            clock.now(), [alice.telegram_id], 25, 1, max(Priority), WINDOW,
        )  # fmt: skip
        await db.execute("UPDATE messages SET state = 'due' WHERE state = 'sending'")
    assert _rows_read(json.loads(plan)[0]["Plan"]) < 1_000


async def test_what_waits_for_the_morning_holds_nothing_up(
    alice: Any, account: Any, enqueue: Enqueue, night: None
) -> None:
    """Hundreds of announcements are put off in one step, and an answer behind them is still claimed in it."""
    await crowd_of(300, account.id)
    answer = await enqueue(alice)
    assert [x.id for x in await claim(1, limit=25)] == [answer]
    assert await claim(1, limit=25) == []
    left = await db.value("SELECT count(*) FROM messages WHERE due_at <= $1", clock.now())
    assert left <= 1


class _Id:
    def __init__(self, number: int) -> None:
        self.id = number


def _rows_read(plan: dict[str, Any]) -> int:
    """Rows of messages that scans returned or filtered out, over all loops."""
    own = 0
    if plan.get("Relation Name") == "messages" and "Scan" in plan["Node Type"]:
        thrown = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        own = int((plan["Actual Rows"] + thrown) * plan["Actual Loops"])
    return own + sum(_rows_read(child) for child in plan.get("Plans", ()))


# --- what was given up ---


async def test_an_organiser_has_what_was_parked_sent_again(
    olga: Any, alice: Any, account: Any, enqueue: Enqueue
) -> None:
    """`M2`: with all its attempts; a member may not."""
    message_id = await enqueue(alice)
    [delivery] = await claim(1, limit=10)
    await park(delivery, "Bad Request: no")
    with pytest.raises(Forbidden):
        await send_parked_again(alice, account.id)
    assert await send_parked_again(olga, account.id) == 1
    assert await send_parked_again(olga, account.id) == 0
    assert await state_of(message_id) == ("due", 0)
    assert len(await claim(1, limit=10)) == 1
