"""What becomes of an answer that Telegram refuses with a 429 (`M1`, `M2`, X8): nobody waits for it in a process."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from backend import clock, db
from backend.outbox import replies
from bot.delivery.sender import Sender
from tests.telegram import Telegram

Later = Callable[[float], Awaitable[int]]


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that handlers slept."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("bot.delivery.client.asyncio", SimpleNamespace(sleep=sleep))
    return slept


@pytest.fixture
def later(
    telegram: Telegram, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[[float], Awaitable[int]]:
    """Let so many seconds pass, for us and for the sandbox, and let the sender send; how many replies still wait."""
    sender = Sender(telegram.sending)

    async def pass_time(seconds: float) -> int:
        clock.advance(timedelta(seconds=seconds))
        telegram.sandbox.advance(seconds)
        await sender.step()
        await sender.settle()
        return await waiting()

    return pass_time


async def waiting() -> int:
    return int(await db.value("SELECT count(*) FROM held_replies"))


async def test_an_answer_that_telegram_refuses_is_sent_later(
    telegram: Telegram, later: Later, alice: Any
) -> None:
    await telegram.start("Alice")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=20)
    asked = await telegram.say("Alice", "/help")
    assert asked["text"] == "/help", "nothing was sent yet"
    assert await later(19) == 1
    assert await later(1.1) == 0
    answer = telegram.last(telegram.person("Alice").private)
    assert "/events" in answer["text"] and not answer.get("outgoing")


async def test_nobody_waits_in_the_process(
    telegram: Telegram, later: Later, seconds: list[float], switch_off: Any
) -> None:
    """The handler is done at once; the control waits it out."""
    await telegram.start("Alice")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=20)
    await telegram.say("Alice", "/help")
    assert seconds == []
    switch_off("bot.replies-wait")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=20)
    await telegram.say("Alice", "/help")
    assert seconds == [20]


async def test_answers_are_read_in_their_order(telegram: Telegram, later: Later) -> None:
    await telegram.start("Alice")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=5, times=2)
    await telegram.say("Alice", "/help")
    await telegram.say("Alice", "/language")
    assert await later(5.1) == 1
    assert await later(1.1) == 0
    first, second = [one["text"] for one in telegram.person("Alice").private.messages()][-2:]
    assert "/events" in first and "/events" not in second


async def test_an_answer_is_dropped_when_it_is_stale(telegram: Telegram, later: Later) -> None:
    """Nobody would know what it answers; and one that would be too late is not kept at all."""
    await telegram.start("Alice")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=20)
    await telegram.say("Alice", "/help")
    assert await later(replies.STALE_AFTER.total_seconds() + 1) == 0
    assert telegram.last(telegram.person("Alice").private)["text"] == "/help"
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=3600)
    await telegram.say("Alice", "/help")
    assert await waiting() == 0


async def test_one_chat_makes_only_so_many_wait(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    """X8: whoever goes on asking gets no longer queue."""
    monkeypatch.setattr("backend.outbox.replies.HELD_MAX", 2)
    await telegram.start("Alice")
    telegram.sandbox.fault(method="sendMessage", error_code=429, retry_after=20, times=4)
    for _ in range(4):
        await telegram.say("Alice", "/help")
    assert await waiting() == 2


async def test_a_message_that_was_to_change_does_so_later(telegram: Telegram, later: Later) -> None:
    """Of two edits of a message only the newest is kept."""
    await telegram.start("Alice")
    shown = await telegram.say("Alice", "/settings")
    telegram.sandbox.fault(method="editMessageText", error_code=429, retry_after=5, times=2)
    for _ in range(2):
        await telegram.tap("Alice", shown, "🔔 Announcements")
    assert await waiting() == 1
    assert await later(5.1) == 0
    edited = [call["params"] for call in telegram.calls("editMessageText")]
    assert edited[-1] == edited[-2]


async def test_an_answer_to_a_tap_is_dropped(telegram: Telegram, monkeypatch: pytest.MonkeyPatch) -> None:
    """After fifteen seconds Telegram takes none: one line in the log, and the rest of the handler goes on."""
    monkeypatch.setattr("bot.delivery.client.log", structlog.get_logger())
    await telegram.start("Alice")
    shown = await telegram.say("Alice", "/settings")
    telegram.sandbox.fault(method="answerCallbackQuery", error_code=429, retry_after=5)
    edits = len(telegram.calls("editMessageText"))
    with capture_logs() as logs:
        done = await telegram.during(telegram.person("Alice").tap, shown, "🔔 Announcements", timeout=0.1)
    assert done["answer"] is None
    assert [line["event"] for line in logs if line["event"] != "update"] == ["answer to a tap dropped"]
    assert len(telegram.calls("editMessageText")) == edits + 1
    assert await waiting() == 0
