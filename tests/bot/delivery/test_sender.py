"""Messages to people through the sandbox: at least once, within Telegram's limits, and not to people who
blocked the bot (`M1`–`M3`)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, leave, set_capacity
from backend.events.cancel import cancel_instance, restore_instance
from backend.outbox.parked import parked_messages
from backend.people.actions import TelegramIdentity, register_person
from backend.seats.requests import Via
from bot.delivery.rate_limit import ALL
from bot.delivery.sender import LEASE_TTL, Sender
from tests.telegram import Telegram, buttons

Run = Callable[..., Awaitable[int]]
Make = Callable[..., Awaitable[str]]


async def states() -> list[str]:
    return [row["state"] for row in await db.rows("SELECT state FROM messages ORDER BY id")]


async def started(telegram: Telegram, *names: str) -> None:
    """These people have pressed START, so the bot may write to them."""
    for name in names:
        await telegram.start(name)


async def promoted(telegram: Telegram, alice: Any, bob: Any, instance: Make) -> str:
    """Alice leaves the one seat to Bob, for whom a message is due; the instance's code."""
    await started(telegram, "Alice", "Bob")
    code = await instance(capacity=1, title="Evening <flow> & yoga")
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    return code


async def test_a_promotion_is_sent_with_what_can_be_done_next(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`M1`: rendered when it is sent, with its markup escaped."""
    await promoted(telegram, alice, bob, instance)
    assert await run() == 1
    message = telegram.last(telegram.person("Bob").private)
    assert message["text"] == (
        "✅ You’re in: Evening <flow> & yoga, Thu 26 Nov, 18:00. There was room, and you were first in line."
    )
    assert buttons(message) == [["Open in Emerald", "I can’t come"]]
    assert await states() == ["sent"]
    assert await run(5) == 0

    answer = await telegram.tap("Bob", message, "I can’t come")
    assert answer["text"] == "Noted: you can’t come this time."
    message = telegram.last(telegram.person("Bob").private)
    assert message["text"].endswith("You said you can’t come.")
    assert buttons(message) == [["Join"], ["Maybe"], ["Open in Emerald"]]


async def test_a_message_is_in_the_readers_language(
    telegram: Telegram, olga: Any, instance: Make, run: Run
) -> None:
    """`M5`: as it is when the message is sent. Väinö reads Finnish."""
    await started(telegram, "Väinö")
    vaino = await register_person(TelegramIdentity(1005, "Väinö", language_code="fi"))
    code = await instance(capacity=1, visibility="link")
    await book(code, olga, via=Via.CARD)
    await book(code, vaino, via=Via.CARD)
    await set_capacity(code, olga, 2)
    await run()
    message = telegram.last(telegram.person("Väinö").private)
    assert "to 26.11." in message["text"] and "18.00" in message["text"]


async def test_a_cancellation_and_its_undoing_are_sent(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`S5`: to everybody booked or waiting, with the reason and the next instance."""
    await started(telegram, "Alice", "Bob")
    code = await instance(capacity=1, rule="FREQ=WEEKLY")
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await cancel_instance(code, olga, "A <pipe> burst.")
    await run()
    for name in ("Alice", "Bob"):
        message = telegram.last(telegram.person(name).private)
        assert message["text"] == (
            "🚫 Evening flow yoga on Thu 26 Nov is cancelled: “A <pipe> burst.” Nothing counts against you."
            " Next: Thu 3 Dec, 1 free."
        )
        assert buttons(message) == [["See Thu 3 Dec"]]
    await restore_instance(code, olga)
    await run(2)
    message = telegram.last(telegram.person("Alice").private)
    assert "is on again: Thu 26 Nov, 18:00. Your seat is yours, as before." in message["text"]
    assert "Everything is as it was." in telegram.last(telegram.person("Bob").private)["text"]


async def test_waits_when_telegram_says_so(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`M2`: a 429 stops that chat for as long as it says."""
    await promoted(telegram, alice, bob, instance)
    telegram.sandbox.fault(method="sendMessage", chat_id=1003, error_code=429, retry_after=9)
    await run()
    assert await run(8.9) == 0
    assert await run(0.1) == 1
    assert await states() == ["sent"]


async def test_two_refusals_at_once_stop_everything(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`M2`: then it is the bot that is limited, not one chat."""
    await started(telegram, "Alice", "Bob", "Olga")
    code = await instance()
    for person in (alice, bob):
        await book(code, person, via=Via.CARD)
    await cancel_instance(code, olga, "Ill")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=30, times=2)
    await run()
    other = await instance()
    await book(other, olga, via=Via.CARD)
    await cancel_instance(other, olga, "Ill too")
    assert await run(29) == 0
    assert await run(1) >= 1
    await run(2)
    assert await states() == ["sent"] * 3


async def test_a_person_who_blocked_the_bot_gets_no_more(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`M3`"""
    await promoted(telegram, alice, bob, instance)
    telegram.person("Bob").block()
    await run()
    assert await states() == ["blocked"]
    assert await db.value("SELECT blocked_at IS NOT NULL FROM telegram_users WHERE id = $1", bob.id)


async def test_failures_back_off_until_the_message_arrives(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`M2`: later each time."""
    await promoted(telegram, alice, bob, instance)
    telegram.sandbox.fault(method="sendMessage", error_code=502, times=3)
    await run()
    assert await run(0.5) == 0
    for seconds in (2, 4, 8):
        assert await run(seconds) == 1
    assert await states() == ["sent"]


async def test_a_message_that_may_have_arrived_is_sent_again(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """`M1`: at least once; a repeated "you're in" harms nobody, a missing one does."""
    await promoted(telegram, alice, bob, instance)
    telegram.sandbox.fault(method="sendMessage", drop_after_apply=True)
    await run()
    await run(2)
    sent = [m for m in telegram.person("Bob").private.messages() if "first in line" in m["text"]]
    assert len(sent) == 2 and await states() == ["sent"]


async def test_a_message_that_telegram_refuses_is_parked(
    telegram: Telegram, alice: Any, bob: Any, account: Any, instance: Make, run: Run
) -> None:
    await promoted(telegram, alice, bob, instance)
    telegram.sandbox.fault(method="sendMessage", error_code=400, description="Bad Request: no")
    await run()
    [seen] = await parked_messages(account.id)
    assert (seen.name, seen.error, seen.title) == (
        "Bob",
        "Bad Request: no",
        "Evening <flow> & yoga",
    )


async def test_a_wrong_token_costs_no_attempt(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, run: Run
) -> None:
    """The message waits until somebody has corrected the token."""
    await promoted(telegram, alice, bob, instance)
    telegram.sandbox.fault(method="sendMessage", error_code=401, description="Unauthorized")
    await run()
    assert await db.value("SELECT attempts FROM messages") == 0
    await run(61)
    assert await states() == ["sent"]


async def test_a_fault_in_rendering_is_logged_and_parks_the_message(
    telegram: Telegram,
    alice: Any,
    bob: Any,
    instance: Make,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`X9`: also one of a kind that Python's look-ups raise."""

    async def faulty(delivery: object) -> None:
        raise KeyError("seats")

    await promoted(telegram, alice, bob, instance)
    monkeypatch.setattr("bot.delivery.sender.render_message", faulty)
    await run()
    assert await states() == ["parked"]
    assert await db.value("SELECT error FROM messages") == "KeyError"
    written = capsys.readouterr().out + caplog.text
    assert "message failed" in written and "KeyError: 'seats'" in written


async def test_keeps_within_telegrams_limits(
    telegram: Telegram, olga: Any, instance: Make, run: Run, crowd: Any
) -> None:
    """`M2`: 25 a second over all, and the sandbox's own limits never once refuse."""
    code = await instance(capacity=None)
    for person in await crowd(60):
        await db.execute("UPDATE telegram_users SET may_write_at = $2 WHERE id = $1", person.id, clock.now())
        await book(code, person, via=Via.CARD)
    await cancel_instance(code, olga, "Ill")
    assert [await run() for _ in range(3)] == [ALL[0], 0, 0]
    assert await run(1) == ALL[0]
    assert await run(1) == 10


async def test_one_sender_at_a_time(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, sender: Sender, run: Run
) -> None:
    """Decision 0009: the second waits until the first is gone, and no longer than its lease."""
    await run()
    second = Sender(telegram.sending)
    await promoted(telegram, alice, bob, instance)
    assert await second.step() == 0
    clock.advance(LEASE_TTL + timedelta(seconds=1))
    assert await second.step() == 1
    await second.settle()
    assert await sender.step() == 0 and sender.epoch is None
    assert await states() == ["sent"]


async def test_a_sender_that_stops_releases_the_lease_at_once(
    telegram: Telegram, alice: Any, bob: Any, instance: Make, sender: Sender, run: Run
) -> None:
    await run()
    await sender.stop()
    await promoted(telegram, alice, bob, instance)
    second = Sender(telegram.sending)
    # What the first wrote in its last second counts for the second too (`M2`).
    assert await second.step() == 0
    clock.advance(timedelta(seconds=1))
    assert await second.step() == 1
    await second.settle()


async def test_cards_that_cannot_be_looked_for_hold_up_no_message(
    telegram: Telegram,
    alice: Any,
    bob: Any,
    instance: Make,
    run: Run,
    sender: Sender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`X9`"""

    async def fails(_: int) -> Any:
        raise ValueError("a card that cannot be")

    await promoted(telegram, alice, bob, instance)
    monkeypatch.setattr(sender.cards, "work", fails)
    assert await run() == 1
    assert await states() == ["sent"]
