"""What the group sees of somebody who was erased (`A7`, `C3`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.rules import Via
from backend.personal.actions import erase
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from bot.cards import draw
from tests.telegram import Telegram

Make = Callable[..., Awaitable[str]]


async def test_cards_say_that_it_was_someone(
    olga: Any, alice: Any, bob: Any, club: Any, instance: Make, noon: datetime
) -> None:
    """Of a date under way, and of a poll."""
    code = await instance()
    for person in (alice, bob):
        await book(code, person, guests=1, via=Via.CARD)
    options = (OptionDraft("Tea"), OptionDraft("Coffee"))
    poll = await create_poll(olga, club.id, PollDraft(question="Which?", options=options))
    tea = await db.value("SELECT min(id) FROM poll_options")
    await vote(poll, alice, [tea], via=Via.CARD)
    clock.advance(timedelta(days=3, hours=4, minutes=20))
    date_id = await db.value("SELECT id FROM event_instances")
    poll_id = await db.value("SELECT id FROM polls")
    before = await draw(instance_id=date_id, poll_id=None)
    assert before is not None and "Alice" in before.sheet.text
    await erase(alice)
    after = await draw(instance_id=date_id, poll_id=None)
    asked = await draw(instance_id=None, poll_id=poll_id)
    assert after is not None and asked is not None
    for sheet in (after.sheet, asked.sheet):
        assert "Alice" not in sheet.text
    assert "Someone +1" in after.sheet.text and "Bob +1" in after.sheet.text


async def test_a_word_to_the_bot_is_the_beginning_of_somebody_new(
    telegram: Telegram, alice: Any, club: Any, noon: datetime
) -> None:
    """Nothing of before is there, and they are in no club."""
    await erase(alice)
    await telegram.start("Alice")
    rows = await db.rows("SELECT id, erased_at FROM telegram_users WHERE first_name = 'Alice'")
    assert [row["erased_at"] for row in rows] == [None]
    assert rows[0]["id"] != alice.id
    assert not await db.value("SELECT true FROM memberships WHERE user_id = $1", rows[0]["id"])
