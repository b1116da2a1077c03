"""The worker and the polling bot as processes, killed and stopped (`C1`, `M1`)."""

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

from backend import clock, db, leases
from backend.bookings.actions import book, leave
from backend.cards.actions import post_card
from backend.cards.queries import cards_of, lost_cards
from backend.events.queries import find_instance
from backend.seats.requests import Via
from emerald.health_report import report
from emerald.pollers import poller_lease, waiting_lease
from tests.telegram import Telegram, buttons
from tests.workers import emerald, ended, until, wait_for

Make = Callable[..., Awaitable[str]]


async def test_a_killed_worker_repeats_what_must_arrive_and_posts_no_card_twice(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, account: Any, instance: Make
) -> None:
    """`M1`, `C1`: killed while Telegram processes both and has answered neither."""
    await telegram.start("Bob")
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
    await post_card(olga, code)
    telegram.sandbox.fault(method="sendMessage", drop_after_apply=True, hang=True, times=2)
    with emerald("work", telegram) as first:
        await wait_for(telegram, account.chat_id, text="Evening flow yoga")
        message = await wait_for(telegram, 1003, text="first in line")
        first.kill()
        await ended(first)
    async with db.transaction():  # the lease of the killed worker runs out
        await db.execute("UPDATE leases SET until = $1", clock.now())
    with emerald("work", telegram) as second:
        again = await wait_for(telegram, 1003, text="first in line", after=message["id"])
        assert again["id"] > message["id"]
        second.terminate()
        assert await ended(second) == 0
    cards = [m for m in telegram.chat().messages() if m["from"]["is_bot"]]
    assert len(cards) == 1
    [card] = await cards_of(instance_id=(await find_instance(code)).id)
    assert (card.state, card.error) == ("lost", "may have been posted")
    states = await db.rows("SELECT state, epoch FROM messages WHERE kind = 'promoted'")
    assert [(row["state"], row["epoch"]) for row in states] == [("sent", 2)]


# Between every two steps of posting a card: where the worker is killed, how many messages Telegram has then,
# and the state of the card for the next worker. A card that may be in the chat is never posted again by
# itself: an organiser is notified.
STEPS = [
    ("cards.claimed", 0, "lost"),  # marked as being posted
    ("cards.posting", 0, "lost"),  # rendered, and about to be sent
    ("cards.posted", 1, "lost"),  # in the chat, and not recorded
    ("cards.recorded", 1, "live"),
    ("cards.looking", 0, "live"),  # the row exists, and no worker has claimed it
]


def titled(step: str) -> str:
    """A title that names the step; without its dot, which a message would keep from being a link."""
    return f"Killed at {step.replace('.', ' ')}"


async def test_a_card_is_posted_once_wherever_the_worker_is_killed(
    telegram: Telegram, olga: Any, alice: Any, account: Any, instance: Make
) -> None:
    """`C1`: kill -9 between every two steps; another real worker takes over each time, and is killed at the
    next."""
    await telegram.start("Olga")

    def count_messages(title: str) -> int:
        return sum(title in message["text"] for message in telegram.chat().messages())

    codes = {step: await instance(title=titled(step)) for step, *_ in STEPS}
    for step, posted, _ in STEPS:
        await post_card(olga, codes[step])
        with emerald("work", telegram, failpoints=f"{step}=die") as dying:
            assert await ended(dying, 20) == -signal.SIGKILL
        assert count_messages(titled(step)) == posted
        async with db.transaction():  # the lease of the killed worker runs out
            await db.execute("UPDATE leases SET until = $1", clock.now())
    with emerald("work", telegram) as last:
        await until("SELECT every(state IN ('live', 'lost')) FROM cards")
        for step, posted, then in STEPS:
            [card] = await cards_of(instance_id=(await find_instance(codes[step])).id)
            assert card.state == then, step
            if then == "live":  # and from now on it is edited
                await book(codes[step], alice, via=Via.MINIAPP)
                await wait_for(telegram, account.chat_id, text=titled(step), edits=1)
            else:
                message = await wait_for(telegram, 1001, text=titled(step), button="Post it again")
                assert "may not have reached" in message["text"]
            assert count_messages(titled(step)) == (1 if then == "live" else posted), step
        last.terminate()
        assert await ended(last) == 0
    assert {card.trouble for card in await lost_cards(account.id)} == {"unknown"}


async def test_a_killed_worker_is_followed_by_the_other_within_ten_seconds(
    telegram: Telegram, olga: Any, alice: Any, account: Any, instance: Make
) -> None:
    """Decision 0009: two workers from the start; the lease of the killed one runs out."""
    code = await instance()
    with emerald("work", telegram) as first:
        await until("SELECT epoch = 1 FROM leases WHERE name = 'sender 42'")
        with emerald("work", telegram) as second:
            at_work = (
                "SELECT count(DISTINCT pid) > 1 FROM pg_stat_activity"
                " WHERE application_name = 'emerald-worker'"
            )
            await until(at_work)
            await post_card(olga, code)
            card = await wait_for(telegram, account.chat_id, text="12 free")
            await until("SELECT state = 'live' FROM cards")
            first.kill()
            await ended(first)
            died = time.monotonic()
            await book(code, alice, via=Via.MINIAPP)
            await wait_for(telegram, account.chat_id, text="Alice", message_id=card["id"])
            assert time.monotonic() - died < 10
            second.terminate()
            assert await ended(second) == 0
    assert len([m for m in telegram.chat().messages() if m["from"]["is_bot"]]) == 1


async def test_a_worker_announces_edits_and_stops_in_order(
    telegram: Telegram, alice: Any, account: Any, instance: Make
) -> None:
    """A job announces an instance, its card is posted, a tap is shown on it; then SIGTERM."""
    code = await instance(announce_before_minutes=7 * 24 * 60)
    with emerald("work", telegram) as worker:
        card = await wait_for(telegram, account.chat_id, text="12 free", button="Join")
        assert buttons(card)[0] == ["Join", "+1"]
        await book(code, alice, via=Via.CARD)
        edited = await wait_for(telegram, account.chat_id, text="Alice", message_id=card["id"])
        assert "11 free" in edited["text"]
        assert await leases.is_held("worker")
        worker.terminate()
        assert await ended(worker) == 0
    # The next worker can take the lease at once.
    assert await leases.take("sender 42", "next", leases.JOB_CLAIM) == 2


async def test_the_polling_bot_sets_itself_up_and_answers(telegram: Telegram, alice: Any) -> None:
    with emerald("bot", telegram) as bot:
        alice_there = telegram.person("Alice")
        await asyncio.to_thread(alice_there.start)
        await wait_for(telegram, 1002, text="Hello, Alice.")
        await asyncio.to_thread(alice_there.say, "/id")
        await wait_for(telegram, 1002, text="You: 1002")
        bot.terminate()
        assert await ended(bot) == 0
    # The next one can take the lease at once.
    assert not await leases.is_held(poller_lease())
    scopes = [
        (json.loads(call["params"]["scope"])["type"], call["params"].get("language_code"))
        for call in telegram.calls("setMyCommands")
    ]
    assert ("all_private_chats", None) in scopes and ("all_group_chats", "fi") in scopes
    [menu] = telegram.calls("setChatMenuButton")
    button = json.loads(menu["params"]["menu_button"])
    assert button["web_app"]["url"] == "https://emerald.example/app/"


async def test_a_second_bot_on_one_token_waits_and_takes_over(telegram: Telegram, alice: Any) -> None:
    """Telegram gives each update to one of two pollers, and refuses the other."""
    with emerald("bot", telegram) as first:
        alice_there = telegram.person("Alice")
        await asyncio.to_thread(alice_there.start)
        await wait_for(telegram, 1002, text="Hello, Alice.")
        with emerald("bot", telegram):
            await until("SELECT EXISTS (SELECT FROM leases WHERE name = $1)", waiting_lease())
            assert [line for line in await report(invariants=False) if "A second `emerald bot` waits" in line]
            first.kill()
            await asyncio.to_thread(alice_there.say, "/id")
            await wait_for(telegram, 1002, text="You: 1002")
