"""What is sent about polls: the card of a poll about dates, the seat claim, and the reminder (`P3`–`P5`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import db
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.cards.actions import announce_due, post_poll_card
from backend.events.cancel import cancel_instance
from backend.polls.actions import create_poll, vote
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.non_voters import remind_non_voters
from backend.polls.queries import poll
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Run = Callable[..., Awaitable[int]]
Ask = Callable[..., Awaitable[str]]


@pytest.fixture
def dates(olga: Any, account: Any, noon: datetime) -> Ask:
    """Ask about three evenings from 24 November on."""

    async def ask(**fields: Any) -> str:
        evenings = (noon + timedelta(days=1 + i, hours=4) for i in range(3))
        options = tuple(OptionDraft("", None, at) for at in evenings)
        fields = {"group_id": account.group_id, **fields}
        draft = PollDraft(question="When do we <meet>?", kind="dates", options=options, **fields)
        return await create_poll(olga, account.id, draft)

    return ask


def private(telegram: Telegram, who: str) -> dict[str, Any]:
    return telegram.last(telegram.person(who).private)


async def states() -> list[str]:
    return [row["state"] for row in await db.rows("SELECT state FROM messages ORDER BY id")]


async def test_the_card_follows_taps_commands_and_the_end(
    telegram: Telegram, olga: Any, alice: Any, dates: Ask, run: Run
) -> None:
    """P3, P4: whatever is used to vote, the card shows it within seconds; when it is over, it leads to the
    date."""
    code = await dates()
    await post_poll_card(olga, code)
    await run()
    card = telegram.last(telegram.chat())
    assert buttons(card)[0] == ["Tue 24 Nov, 18:00 · 0"]
    await telegram.tap("Alice", card, "Tue 24")
    await telegram.say("Bob", f"/vote {code} 1 2?")
    second = (await poll(code, olga)).options[1].id
    await vote(code, olga, [second], via=Via.MINIAPP)
    await run(3)
    [card] = [m for m in telegram.chat().messages() if m["buttons"]]
    assert "1. Tue 24 Nov, 18:00 · ▰▰▰▰▰▱▱▱ 2 yes" in card["text"]
    assert "2. Wed 25 Nov, 18:00 · ▰▰▰▱▱▱▱▱ 1 yes, 1 if need be" in card["text"]
    await close_poll(code, olga)
    await run(3)
    [card] = [m for m in telegram.chat().messages() if m["buttons"]]
    assert "Closed" in card["text"] and buttons(card) == [["Open in Emerald ↗"]]
    await close_poll(code, olga, make=EventDetails(capacity=4))  # what was closed first is made later
    await run(3)
    [card] = [m for m in telegram.chat().messages() if m["buttons"]]
    assert "🗓 The date is set: Tue 24 Nov, 18:00" in card["text"]
    assert buttons(card) == [["See Tue 24 Nov ↗"], ["Open in Emerald ↗"]]
    assert await announce_due() == 1
    await run(3)
    assert "When do we <meet>?" in telegram.last(telegram.chat())["text"]


async def claimed(telegram: Telegram, olga: Any, alice: Any, dates: Ask, **making: Any) -> str:
    """Alice said yes to the date that was chosen; the code of its instance."""
    await telegram.start("Alice")
    code = await dates()
    await vote(code, alice, [(await poll(code, alice)).options[0].id], via=Via.CARD)
    closing = await close_poll(code, olga, make=EventDetails(**making))
    assert closing.made is not None
    return closing.made.code


async def test_whoever_said_yes_gets_a_seat_claim(
    telegram: Telegram, olga: Any, alice: Any, dates: Ask, run: Run
) -> None:
    """P4: until when, with a button that takes the seat."""
    code = await claimed(telegram, olga, alice, dates, capacity=1)
    await run()
    message = private(telegram, "Alice")
    assert message["text"] == (
        "🗓 When do we <meet>?: the date is set, Tue 24 Nov, 18:00."
        " Until tomorrow at 14:00, its seats are reserved for you and the others who said yes."
    )
    assert buttons(message) == [["Join", "Open in Emerald"]]
    await telegram.tap("Alice", message, "Join")
    mine = (await event(code, alice)).mine
    assert mine is not None and mine.seats == 1


async def test_whoever_said_yes_gets_a_message_where_there_is_room_for_all(
    telegram: Telegram, olga: Any, alice: Any, dates: Ask, run: Run
) -> None:
    await claimed(telegram, olga, alice, dates)
    await run()
    assert private(telegram, "Alice")["text"].endswith(" You said yes: now join to get your seat.")


async def test_a_claim_that_is_void_is_not_sent(
    telegram: Telegram, olga: Any, alice: Any, dates: Ask, run: Run
) -> None:
    """M1: used already, expired, or the instance is cancelled."""
    code = await claimed(telegram, olga, alice, dates, capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await run()
    await claimed(telegram, olga, alice, dates, capacity=1, claim_minutes=30)
    await run(31 * 60)
    code = await claimed(telegram, olga, alice, dates, capacity=1)
    await cancel_instance(code, olga, reason="A pipe burst.")
    await run(5)
    assert await states() == ["dropped"] * 3


async def test_non_voters_are_reminded_with_a_button(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, dates: Ask, run: Run, noon: datetime
) -> None:
    """P5: and those who have answered or may vote no longer are not."""
    for name in ("Alice", "Bob"):
        await telegram.start(name)
    code = await dates(group_id=None, closes_at=noon + timedelta(days=1))
    shown = await telegram.start("Olga", f"p_{code}")
    answer = await telegram.tap("Olga", shown, "Remind those who haven’t voted")
    assert answer["text"] == "4 people will be reminded." and not answer["show_alert"]
    again = await telegram.tap("Olga", shown, "Remind those who haven’t voted")
    assert again["show_alert"] and "You can remind them again tomorrow at 14:00." in again["text"]

    await telegram.say("Bob", f"/vote {code} 3-")
    before = private(telegram, "Bob")
    for _ in range(4):
        await run(2)
    assert private(telegram, "Bob") == before, "who said no is left alone"
    message = private(telegram, "Alice")
    assert message["text"] == (
        "📊 Kallio Yoga asks: When do we <meet>? Your answer is still missing."
        " You can vote until tomorrow at 14:00."
    )
    assert buttons(message) == [["Vote"], ["Open in Emerald"]]
    await telegram.tap("Alice", message, "Vote")
    assert "3. Thu 26 Nov, 18:00" in private(telegram, "Alice")["text"]


async def test_a_reminder_of_a_closed_poll_is_dropped(
    telegram: Telegram, olga: Any, alice: Any, dates: Ask, run: Run
) -> None:
    await telegram.start("Alice")
    code = await dates(group_id=None)
    await remind_non_voters(code, olga)
    await close_poll(code, olga)
    await run()
    assert set(await states()) == {"dropped"}
