"""Shared cards are kept true wherever they are, and forgotten when they are gone (`C9`, `C2`)."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, leave
from backend.cards.actions import announce_due
from backend.cards.shared import share_instance
from backend.events.cancel import cancel_instance
from backend.events.queries import find_instance
from backend.seats.requests import Via
from sandbox.client import SandboxChat
from tests.telegram import Telegram

Run = Callable[..., Awaitable[int]]
Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def padel(telegram: Telegram) -> SandboxChat:
    return telegram.sandbox.make_chat("Padel", creator="Alice", with_bot=False)


@pytest.fixture
def shared(
    telegram: Telegram, padel: SandboxChat, instance: Make, alice: Any, run: Run
) -> Callable[..., Awaitable[str]]:
    async def send(**fields: Any) -> str:
        code = await instance(**fields)
        person = telegram.person("Alice")
        answer = await telegram.during(person.ask_inline, "", padel)
        await telegram.during(person.choose, answer, f"e_{code}", padel)
        await run()
        return code

    return send


def card(chat: SandboxChat) -> dict[str, Any]:
    return [message for message in chat.messages() if message["via_bot"]][-1]


async def test_becomes_a_card_at_once_and_follows(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, alice: Any, bob: Any
) -> None:
    code = await shared(capacity=2)
    assert "2 free · 0 of 2" in card(padel)["text"] and "📍" not in card(padel)["text"]
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    await run(3)
    assert "Full · 2 of 2" in card(padel)["text"] and card(padel)["edits"] == 2
    assert "Alice" not in card(padel)["text"] and "Bob" not in card(padel)["text"]


async def test_many_changes_are_one_edit_and_none_when_nothing_changed(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, alice: Any, bob: Any
) -> None:
    """`C2`."""
    code = await shared()
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await run(2.9)
    assert card(padel)["edits"] == 1
    await run(0.2)
    assert card(padel)["edits"] == 2
    await leave(code, bob, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await run(3)
    assert card(padel)["edits"] == 2
    assert await run(3) == 0


async def test_a_cancelled_date_says_so_and_names_nobody(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, olga: Any
) -> None:
    code = await shared()
    await cancel_instance(code, olga, reason="The hall is Olga’s no more")
    await run(3)
    text = card(padel)["text"]
    assert "Cancelled" in text and "Olga" not in text and "hall" not in text and "“" not in text


async def test_of_an_open_date_the_reason_is_told(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, olga: Any
) -> None:
    code = await shared(visibility="link")
    await cancel_instance(code, olga, reason="The heating is broken")
    await run(3)
    text = card(padel)["text"]
    assert "The heating is broken" in text and "Olga" not in text


async def test_a_deleted_message_is_forgotten(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, alice: Any
) -> None:
    """Nobody is told: it was Alice's own message."""
    code = await shared()
    padel.delete(card(padel)["id"])
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    assert await db.value("SELECT count(*) FROM shared_cards") == 0
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'card-lost'") == 0


@pytest.mark.parametrize("trouble", [{"error_code": 500}, {"error_code": 429, "retry_after": 4}])
async def test_a_passing_trouble_is_tried_again(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, alice: Any, trouble: dict[str, Any]
) -> None:
    code = await shared()
    telegram.sandbox.fault(method="editMessageText", **trouble)
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    assert "0 of" in card(padel)["text"]
    assert await run(0.5) == 0
    await run(5)
    assert "1 of 12" in card(padel)["text"]


async def test_is_forgotten_when_it_shows_its_last_state(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat
) -> None:
    await shared()
    clock.advance(timedelta(days=11))
    await run()
    assert "Ended" in card(padel)["text"]
    assert await db.value("SELECT count(*) FROM shared_cards") == 0


async def test_does_not_take_the_place_of_the_card_in_the_group(
    telegram: Telegram, shared: Any, run: Run
) -> None:
    """`C1`: the club announces its date all the same."""
    await shared(announce_before_minutes=4 * 24 * 60)
    assert await announce_due() == 1


async def test_one_bad_card_holds_up_no_other(
    telegram: Telegram, shared: Any, run: Run, padel: SandboxChat, alice: Any, monkeypatch: Any
) -> None:
    """`X9`."""
    code = await shared()
    other = await find_instance(code)
    await share_instance(other, "a message that is gone")
    await book(code, alice, via=Via.MINIAPP)
    await run(3)
    assert "1 of 12" in card(padel)["text"]
    assert await db.value("SELECT count(*) FROM shared_cards") == 1
