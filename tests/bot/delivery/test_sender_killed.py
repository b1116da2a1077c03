"""Real workers, killed with -9 between every two steps of sending, and followed by another (`M1`, `M2`,
decision 0009)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import clock, db
from backend.announcements.actions import create_announcement, schedule_announcement
from backend.announcements.drafts import AnnouncementDraft
from backend.announcements.fan_out import fan_out
from backend.announcements.queries import progress
from backend.bookings.actions import book, leave
from backend.seats.requests import Via
from tests.telegram import Telegram
from tests.workers import emerald, ended, wait_for

Make = Callable[..., Awaitable[str]]
# Where it dies: how often Bob reads "first in line" in the end, and the group its announcement. What became
# of the announcement then: it was taken, so it may have arrived, unless it is known that it did.
STEPS = {
    "sender.claimed": (1, 0),
    "sender.calling": (1, 0),
    "sender.sent": (2, 1),
    "sender.recorded": (1, 1),
}
TAKEOVER = 10.0  # seconds
PATIENCE = 120.0  # for processes to start on a busy machine; only a hanging test ever waits so long


async def promoted(telegram: Telegram, alice: Any, bob: Any, instance: Make) -> None:
    await telegram.start("Bob")
    code = await instance(capacity=1)
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)


async def announced(olga: Any, account: Any) -> int:
    draft = AnnouncementDraft(text="The hall is closed.", all_groups=True, maintenance=True)
    number = await create_announcement(olga, account.id, draft)
    await schedule_announcement(olga, number)
    await fan_out()
    return number


def count_messages(telegram: Telegram, chat: Any, text: str) -> int:
    return sum(text in m["text"] for m in chat.messages())


async def dies(at: str, telegram: Telegram) -> None:
    """Run a worker that kills itself by SIGKILL when it first reaches this failpoint."""
    with emerald("work", telegram, failpoints=f"{at}=die") as worker:
        assert await ended(worker, PATIENCE) == -9


async def emptied(within: float = PATIENCE) -> None:
    """Wait until another worker has sent everything."""
    async with asyncio.timeout(within):
        # Another process does the work, so only the database shows it.
        while await db.value("SELECT count(*) FROM messages WHERE state IN ('due', 'sending')"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def follows(epoch: int) -> int:
    """Wait until the sender's lease has this epoch; the process id of its holder."""
    async with asyncio.timeout(PATIENCE):
        while True:
            row = await db.row("SELECT holder, epoch FROM leases WHERE name = 'sender 42'")
            if row is not None and row["epoch"] >= epoch:
                return int(row["holder"].split(":")[1])
            await asyncio.sleep(0.05)


async def started(workers: int) -> None:
    """Wait until this many workers have connected: each opens two connections at once."""
    async with asyncio.timeout(PATIENCE):
        # As above.
        while 2 * workers - 1 > await db.value(  # noqa: ASYNC110
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'emerald-worker'"
        ):
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("at", STEPS)
async def test_after_a_kill_messages_arrive_and_announcements_not_twice(
    at: str, telegram: Telegram, olga: Any, alice: Any, bob: Any, account: Any, instance: Make
) -> None:
    """`M1`: at least once for a confirmation, at most once for an announcement; none is forgotten."""
    times, arrived = STEPS[at]
    await promoted(telegram, alice, bob, instance)
    await dies(at, telegram)
    async with db.transaction():  # the lease of the dead runs out
        await db.execute("UPDATE leases SET until = $1", clock.now())
    with emerald("work", telegram) as second:
        await follows(2)
        await emptied()
        second.terminate()
        assert await ended(second) == 0
    assert count_messages(telegram, telegram.person("Bob").private, "first in line") == times
    assert await db.value("SELECT state FROM messages") == "sent"

    number = await announced(olga, account)
    await dies(at, telegram)
    async with db.transaction():
        await db.execute("UPDATE leases SET until = $1", clock.now())
    with emerald("work", telegram) as third:
        await follows(4)
        await emptied()
        third.terminate()
        assert await ended(third) == 0
    assert count_messages(telegram, telegram.chat(), "The hall is closed.") == arrived
    now = await progress(olga, number)
    known = at == "sender.recorded"
    assert (now.delivered, now.perhaps, now.waiting) == ((1, 0, 0) if known else (0, 1, 0))


async def test_a_killed_worker_is_followed_within_ten_seconds(
    telegram: Telegram, alice: Any, bob: Any, instance: Make
) -> None:
    """Decision 0009: the other worker waits for the lease by itself."""
    with emerald("work", telegram) as one, emerald("work", telegram) as other:
        holder = await follows(1)
        first, second = (one, other) if holder == one.pid else (other, one)
        await started(2)
        await promoted(telegram, alice, bob, instance)
        first.kill()
        begun = time.monotonic()
        assert await follows(2) == second.pid
        assert time.monotonic() - begun < TAKEOVER
        await wait_for(telegram, 1003, text="first in line")
        second.terminate()
        assert await ended(second) == 0


async def test_two_workers_break_no_limit(telegram: Telegram, olga: Any, account: Any, crowd: Any) -> None:
    """`M2`: as counted by the sandbox with its limits on: only who holds the lease sends."""
    for name in ("Alice", "Bob", "Olga"):
        await telegram.start(name)
    # Only from here on: the greeting was sent by the bot, and the workers' first message may follow it within a second.
    telegram.sandbox.flood(True)
    async with db.transaction():
        await db.execute("UPDATE telegram_users SET may_write_at = NULL WHERE telegram_id > 1003")
    for n in range(5):
        draft = AnnouncementDraft(text=f"News {n}", all_groups=True, to_members=True, maintenance=True)
        await schedule_announcement(olga, await create_announcement(olga, account.id, draft))
    await fan_out()
    total = await db.value("SELECT count(*) FROM messages")
    assert total == 5 * 4
    with emerald("work", telegram) as first, emerald("work", telegram) as second:
        await emptied()
        for worker in (first, second):
            worker.terminate()
            assert await ended(worker) == 0
    counters = telegram.sandbox.counters()
    assert counters["flood_refused"] == 0
    assert await db.value("SELECT count(*) FROM messages WHERE state = 'sent'") == total
    assert await db.value("SELECT count(DISTINCT epoch) FROM messages") == 1
    assert len(telegram.calls("sendMessage", account.chat_id)) == 5
