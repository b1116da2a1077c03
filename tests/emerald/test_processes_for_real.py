"""The worker and the polling bot as processes, killed and stopped (`C1`, `M1`)."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from backend import clock, db
from backend.bookings.actions import book, find, leave
from backend.bookings.rules import Via
from backend.cards.actions import post_card
from backend.cards.queries import cards_of
from backend.messages import leases
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@contextmanager
def emerald(command: str, telegram: Telegram) -> Iterator[subprocess.Popen[bytes]]:
    """`emerald <command>` on the tests' database and sandbox."""
    environ = {**os.environ, "TELEGRAM_API_URL": telegram.url, "DATABASE_POOL_SIZE": "2"}
    process = subprocess.Popen([sys.executable, "-m", "emerald", command], env=environ)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def ended(process: subprocess.Popen[bytes], within: float = 10) -> int:
    return await asyncio.to_thread(process.wait, within)


async def wait_for(telegram: Telegram, chat_id: int, **wanted: Any) -> dict[str, Any]:
    return await asyncio.to_thread(telegram.sandbox.wait, chat_id, timeout=20, **wanted)


async def test_a_killed_worker_repeats_what_must_arrive_and_posts_no_card_twice(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, club: Any, instance: Make
) -> None:
    """`M1`, `C1`: killed while Telegram has both in hand and has answered neither."""
    await telegram.start("Bob")
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
    await post_card(olga, code)
    telegram.sandbox.fault(method="sendMessage", drop_after_apply=True, hang=True, times=2)
    with emerald("work", telegram) as first:
        await wait_for(telegram, club.chat_id, text="Evening flow yoga")
        told = await wait_for(telegram, 1003, text="first in line")
        first.send_signal(signal.SIGKILL)
        await ended(first)
    async with db.transaction():  # the lease of the dead runs out
        await db.execute("UPDATE leases SET until = $1", clock.now())
    with emerald("work", telegram) as second:
        again = await wait_for(telegram, 1003, text="first in line", after=told["id"])
        assert again["id"] > told["id"]
        second.terminate()
        assert await ended(second) == 0
    cards = [m for m in telegram.room().messages() if m["from"]["is_bot"]]
    assert len(cards) == 1
    [card] = await cards_of(instance_id=(await find(code)).id)
    assert (card.state, card.error) == ("lost", "may have been posted")
    states = await db.rows("SELECT state, epoch FROM messages")
    assert [(row["state"], row["epoch"]) for row in states] == [("sent", 2)]


async def test_a_worker_announces_edits_and_stops_in_peace(
    telegram: Telegram, alice: Any, club: Any, instance: Make
) -> None:
    """From an empty start: the ticker finds what is near, the poster posts, a tap is shown; then SIGTERM."""
    code = await instance(announce_before_minutes=7 * 24 * 60)
    with emerald("work", telegram) as worker:
        card = await wait_for(telegram, club.chat_id, text="12 free", button="Join")
        assert buttons(card)[0] == ["Join", "+1"]
        await book(code, alice, via=Via.CARD)
        edited = await wait_for(telegram, club.chat_id, text="Alice", message_id=card["id"])
        assert "11 free" in edited["text"]
        assert await leases.held("worker")
        worker.terminate()
        assert await ended(worker) == 0
    # The lease is free at once for the next.
    assert await leases.take("sender 42", "next", leases.AT_MOST) == 2


async def test_the_polling_bot_introduces_itself_and_answers(
    telegram: Telegram, alice: Any
) -> None:
    with emerald("bot", telegram) as bot:
        alice_there = telegram.person("Alice")
        await asyncio.to_thread(alice_there.start)
        await wait_for(telegram, 1002, text="Hello, Alice.")
        await asyncio.to_thread(alice_there.say, "/id")
        await wait_for(telegram, 1002, text="You: 1002")
        bot.terminate()
        assert await ended(bot) == 0
    scopes = [
        (json.loads(call["params"]["scope"])["type"], call["params"].get("language_code"))
        for call in telegram.calls("setMyCommands")
    ]
    assert ("all_private_chats", None) in scopes and ("all_group_chats", "fi") in scopes
    [menu] = telegram.calls("setChatMenuButton")
    button = json.loads(menu["params"]["menu_button"])
    assert button["web_app"]["url"] == "https://emerald.example/app/"
