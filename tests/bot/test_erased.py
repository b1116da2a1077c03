"""What a group sees of an erased person (`A7`, `C3`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.queries.people import attendees
from backend.personal.actions import erase
from backend.seats.requests import Via
from bot.cards import render_card
from tests.telegram import Telegram

Make = Callable[..., Awaitable[str]]


async def test_cards_are_rendered_without_the_name_of_an_erased_person(
    alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """Before the start their seats are freed; after it they count as somebody without a name."""
    code = await instance()
    for person in (alice, bob):
        await book(code, person, guests=1, via=Via.CARD)
    date_id = await db.value("SELECT id FROM event_instances")
    before = await render_card(instance_id=date_id, poll_id=None)
    assert before is not None and "Alice +1, Bob +1" in before.message.text
    await erase(alice)
    after = await render_card(instance_id=date_id, poll_id=None)
    assert after is not None and "Alice" not in after.message.text
    assert "Bob +1" in after.message.text
    clock.advance(timedelta(days=3, hours=4, minutes=20))
    await erase(bob)
    named = [one.name for one in await attendees(date_id)]
    assert named == ["Someone"]


async def test_a_message_after_erasure_registers_a_new_person(
    telegram: Telegram, alice: Any, account: Any, noon: datetime
) -> None:
    """Nothing of before is left, and they are in no club."""
    await erase(alice)
    await telegram.start("Alice")
    rows = await db.rows("SELECT id, erased_at FROM telegram_users WHERE first_name = 'Alice'")
    assert [row["erased_at"] for row in rows] == [None]
    assert rows[0]["id"] != alice.id
    assert not await db.value("SELECT true FROM memberships WHERE user_id = $1", rows[0]["id"])
