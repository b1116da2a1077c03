"""A card in a group, from its posting to its end: the walking of the whole way, through the sandbox."""

from typing import Any

from backend.cards.actions import post_card
from backend.cards.queries import cards_of
from backend.bookings.actions import find
from emerald.sender import Sender
from tests.telegram import Telegram, buttons


async def run(sender: Sender) -> None:
    """One step, to its end."""
    await sender.step()
    await sender.settle()


async def test_shows_who_joined(telegram: Telegram, olga: Any, instance: Any, club: Any) -> None:
    """`C2`, `C3`: Alice taps Join; the toast says so at once, the card a moment later."""
    code = await instance(capacity=2)
    await post_card(olga, code)
    sender = Sender(telegram.bot)
    await run(sender)
    card = telegram.last(telegram.room())
    assert "Evening flow yoga" in card["text"] and "2 free · 0 of 2" in card["text"]
    assert buttons(card) == [["Join", "+1"], ["Open in Emerald ↗"]]

    answer = await telegram.tap("Alice", card, "Join")
    assert answer["text"].startswith("You’re in. See you") and not answer["show_alert"]
    sender.poster._not_before.clear()
    await run(sender)
    card = telegram.last(telegram.room())
    assert "1 free · 1 of 2" in card["text"] and "Alice" in card["text"]
    assert card["edits"] == 1
    [kept] = await cards_of(instance_id=(await find(code)).instance_id)
    assert kept.state == "live" and kept.link.endswith(f"/{card['id']}")
