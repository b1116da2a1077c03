"""Taps on a card: answered at once, by the outcome of the action, in one sentence (`B9`, `C2`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from backend import db, failpoints
from backend.accounts.queries import joined_accounts
from backend.bookings.actions import book
from backend.bookings.queries.people import attendance
from backend.cards.actions import post_card
from backend.cards.posting import claim_due
from backend.cards.posting import record_posted as note_posted
from backend.cards.rules import UNSCHEDULED
from backend.errors import Unavailable
from backend.events.cancel import cancel_instance
from backend.events.queries import find_instance
from backend.linking.actions import unlink_group
from backend.people.queries import person_of_telegram
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture
def card(
    telegram: Telegram, olga: Any, account: Any, instance: Make
) -> Callable[..., Awaitable[tuple[str, dict[str, Any]]]]:
    """An instance and its card in the group, as the worker posts it."""

    async def make(**fields: Any) -> tuple[str, dict[str, Any]]:
        from bot.cards import render_card
        from bot.delivery.client import post

        code = await instance(**fields)
        await post_card(olga, code)
        job = await claim_due([])
        assert job is not None
        drawing = await render_card(instance_id=job.instance_id, poll_id=None)
        assert drawing is not None
        answer = await post(telegram.bot, job.chat_id, drawing.message)
        await note_posted(job, answer.message_id, drawing.message.digest, UNSCHEDULED)
        return code, telegram.last(telegram.chat())

    return make


async def seats_of(code: str) -> dict[str, tuple[int, int]]:
    found = await attendance((await find_instance(code)).id)
    return {c.first_name: (c.seats, c.waiting) for c in found}


async def test_joins_brings_a_guest_and_leaves(telegram: Telegram, noon: datetime, card: Any) -> None:
    code, message = await card()
    assert await telegram.tap("Alice", message, "Join") == {
        "text": "You’re in. See you Thu 26 Nov at 18:00.",
        "show_alert": False,
    }
    assert await telegram.tap("Alice", message, "+1") == {
        "text": "You’re in, with 1 guest. See you Thu 26 Nov at 18:00.",
        "show_alert": False,
    }
    assert await seats_of(code) == {"Alice": (2, 0)}


async def test_the_place_on_the_waitlist_is_an_alert(telegram: Telegram, card: Any) -> None:
    """An answer that must be read to the end is an alert."""
    await telegram.start("Bob")
    _, message = await card(capacity=1)
    await telegram.tap("Alice", message, "Join")
    answer = await telegram.tap("Bob", message, "Join")
    assert answer["show_alert"] and "You’re 1st in line" in answer["text"]
    again = await telegram.tap("Bob", message, "Join")
    assert not again["show_alert"] and "in line already" in again["text"]


async def test_the_answer_says_that_the_bot_cannot_send_messages(telegram: Telegram, card: Any) -> None:
    """`M3`: a message is promised only to people the bot may write to."""
    _, message = await card(capacity=1)
    await telegram.tap("Alice", message, "Join")
    await telegram.during(telegram.person("Charlie").join, telegram.chat())
    answer = await telegram.tap("Charlie", message, "Join")
    assert "we’ll tell you" in answer["text"]
    assert answer["text"].endswith("Press Start in a chat with me so I can tell you.")
    assert answer["show_alert"]


async def test_a_tap_in_the_group_makes_a_member(telegram: Telegram, card: Any) -> None:
    """`A4`: Mikko was in the group all along; his first tap registers him."""
    code, message = await card()
    assert await person_of_telegram(1007) is None
    await telegram.tap("Mikko", message, "Join")
    mikko = await person_of_telegram(1007)
    assert mikko is not None
    assert [account.name for account in await joined_accounts(mikko)] == ["Kallio Yoga"]
    assert await seats_of(code) == {"Mikko": (1, 0)}


async def test_a_stranger_learns_the_club_of_a_card(
    telegram: Telegram, olga: Any, account: Any, card: Any
) -> None:
    """The group is not linked any more, so nobody becomes a member by being in it."""
    _, message = await card()
    keep = await db.row("SELECT * FROM cards")
    assert keep is not None
    async with db.transaction():
        await db.execute("UPDATE event_series SET visibility = 'group', group_id = NULL")
        # A card in a chat that now belongs to another club.
        other = await db.value(
            "INSERT INTO accounts (name, zone, language, created_at)"
            " VALUES ('Other', 'UTC', 'en', now()) RETURNING id"
        )
        await db.execute("UPDATE groups SET account_id = $1", other)
    telegram.person("Charlie").join(telegram.chat())
    answer = await telegram.tap("Charlie", message, "Join")
    assert answer["show_alert"]
    assert answer["text"] == ("This is for members of Kallio Yoga. Ask an organiser for an invite.")


async def test_an_instance_of_another_club_is_not_found_without_its_card(
    telegram: Telegram, olga: Any, account: Any, card: Any
) -> None:
    """`A1`: callback data can be forged; without the card in that chat, not even the club's name is shown."""
    _, message = await card()
    await unlink_group(olga, account.id, account.group_id)
    telegram.person("Charlie").join(telegram.chat())
    answer = await telegram.tap("Charlie", message, "Join")
    assert answer["text"] == "This group is no longer linked to a club, so this card no longer works."


async def test_a_card_in_a_group_that_was_unlinked_books_nothing(
    telegram: Telegram, olga: Any, alice: Any, account: Any, card: Any
) -> None:
    """Members too: the first tap is answered by the reason, and takes the buttons away."""
    _, message = await card()
    await unlink_group(olga, account.id, account.group_id)
    answer = await telegram.tap("Alice", message, "Join")
    assert answer["text"].startswith("This group is no longer linked to a club")
    assert await db.value("SELECT count(*) FROM bookings") == 0
    shown = [each for each in telegram.chat().messages() if each["id"] == message["id"]]
    assert [buttons(each) for each in shown] == [[]]


async def test_a_refusal_says_why(telegram: Telegram, olga: Any, card: Any) -> None:
    """`B5`, `S5`"""
    code, message = await card(guests_max=0)
    await telegram.tap("Alice", message, "Join")
    await cancel_instance(code, olga, "A pipe burst.")
    answer = await telegram.tap("Bob", message, "Join")
    assert answer == {
        "text": "Cancelled: “A pipe burst.” Nothing counts against you.",
        "show_alert": True,
    }


async def test_long_answers_fit(telegram: Telegram, olga: Any, card: Any) -> None:
    """Telegram takes 200 characters; longer answers are cut after a word."""
    code, message = await card()
    await cancel_instance(code, olga, "Täynnä 🧘 " * 30)
    answer = await telegram.tap("Bob", message, "Join")
    assert answer["text"].endswith("…")
    assert len(answer["text"].encode("utf-16-le")) // 2 <= 200


async def test_a_tap_is_answered_while_the_database_is_away(telegram: Telegram, card: Any) -> None:
    """`C2`: the answer is a toast."""
    code, message = await card()
    where = await find_instance(code)

    async def away() -> None:
        raise Unavailable("connection refused")

    failpoints.set_hook("allocator.loaded", away)
    try:
        answer = await telegram.tap("Alice", message, "Join")
    finally:
        failpoints.set_hook("allocator.loaded", None)
    assert not answer["show_alert"] and "Nothing is lost" in answer["text"]
    assert await attendance(where.id) == []


async def test_an_internal_error_is_answered_without_its_details(
    telegram: Telegram,
    card: Any,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """`X5`"""
    _, message = await card()

    async def broken() -> None:
        raise RuntimeError("secret detail")

    failpoints.set_hook("allocator.loaded", broken)
    try:
        answer = await telegram.tap("Alice", message, "Join")
    finally:
        failpoints.set_hook("allocator.loaded", None)
    assert answer["show_alert"] and "our side" in answer["text"]
    assert "secret" not in answer["text"]
    # Logged by structlog itself or, once a web application exists in this process, by the standard library.
    assert "secret detail" in capsys.readouterr().out + caplog.text, "it is logged"


async def test_a_button_of_another_version_is_answered(telegram: Telegram, world: None) -> None:
    from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

    await telegram.start("Alice")
    old = InlineKeyboardButton(text="Old", callback_data="zz:what:was:this")
    rows = InlineKeyboardMarkup(inline_keyboard=[[old]])
    await telegram.bot.send_message(1002, "From before", reply_markup=rows)
    message = telegram.last(telegram.person("Alice").private)
    answer = await telegram.tap("Alice", message, "Old")
    assert answer == {"text": "This button is too old. Open the app instead.", "show_alert": True}


async def test_two_hundred_taps_at_once_give_out_each_seat_once(
    telegram: Telegram, card: Any, account: Any
) -> None:
    """`B3`: concurrently, as polling handles them."""
    from aiogram.types import Update

    code, message = await card(capacity=20, guests_max=0)
    data = message["buttons"][0][0]["callback_data"]

    def tap(n: int) -> Update:
        return Update.model_validate(
            {
                "update_id": 10_000 + n,
                "callback_query": {
                    "id": str(n),
                    "from": {"id": 70_000 + n, "is_bot": False, "first_name": f"Tapper {n}"},
                    "chat_instance": "1",
                    "data": data,
                    "message": {
                        "message_id": message["id"],
                        "date": 1,
                        "chat": {"id": account.chat_id, "type": "supergroup", "title": "Kallio"},
                    },
                },
            },
            context={"bot": telegram.bot},
        )

    await asyncio.gather(*(telegram.dispatcher.feed_update(telegram.bot, tap(n)) for n in range(200)))
    seats = await seats_of(code)
    assert sum(s for s, _ in seats.values()) == 20
    assert sum(bool(w) for _, w in seats.values()) == 180


async def test_private_messages_show_the_readers_own_seat(
    telegram: Telegram, alice: Any, instance: Make
) -> None:
    """An instance opened in the private chat is rendered anew for its reader at once."""
    code = await instance()
    message = await telegram.start("Alice", f"e_{code}")
    afresh = [["Join", "+1"], ["Maybe", "I can’t come"], ["Open in Emerald"]]
    assert buttons(message) == afresh
    await telegram.tap("Alice", message, "Join")
    message = telegram.last(telegram.person("Alice").private)
    assert message["text"].endswith("You’re in.") and message["edits"] == 1
    assert buttons(message) == [["+1", "Leave"], ["Open in Emerald"]]
    await telegram.tap("Alice", message, "Leave")
    message = telegram.last(telegram.person("Alice").private)
    assert "You’re in" not in message["text"] and buttons(message) == afresh


async def test_a_link_in_private_names_nobody_until_its_reader_takes_part(
    telegram: Telegram, alice: Any, charlie: Any, instance: Make
) -> None:
    """A10."""
    code = await instance(visibility="link")
    await book(code, alice, via=Via.CARD)
    message = await telegram.start("Charlie", f"e_{code}")
    assert "Evening flow yoga" in message["text"]
    assert "Alice" not in message["text"]
    await telegram.tap("Charlie", message, "Join")
    message = telegram.last(telegram.person("Charlie").private)
    assert "Alice" in message["text"]
    assert message["text"].endswith("You’re in.")


async def test_maybe_and_cannot_come_are_answers(telegram: Telegram, alice: Any, instance: Make) -> None:
    """`B13`: they hold no seat, and can be changed."""
    code = await instance()
    message = await telegram.start("Alice", f"e_{code}")
    answer = await telegram.tap("Alice", message, "Maybe")
    assert answer == {"text": "Maybe, then. No seat is held for you.", "show_alert": False}
    message = telegram.last(telegram.person("Alice").private)
    assert message["text"].endswith("You said maybe. No seat is held for you.")
    assert buttons(message)[1] == ["I can’t come"]
    await telegram.tap("Alice", message, "I can’t come")
    message = telegram.last(telegram.person("Alice").private)
    assert message["text"].endswith("You said you can’t come.")
    await telegram.tap("Alice", message, "Join")
    assert await seats_of(code) == {"Alice": (1, 0)}


@pytest.mark.parametrize("data", ["s:dance:abcdefghjk", "v:abcdefghjk:seven"])
async def test_a_malformed_button_in_a_group_is_answered_once(
    telegram: Telegram, account: Any, capsys: pytest.CaptureFixture[str], data: str
) -> None:
    """The data looks like that of a card's button, but no card has such a button."""
    from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

    button = InlineKeyboardButton(text="Old", callback_data=data)
    rows = InlineKeyboardMarkup(inline_keyboard=[[button]])
    await telegram.bot.send_message(account.chat_id, "From before", reply_markup=rows)
    answer = await telegram.tap("Alice", telegram.last(telegram.chat()), "Old")
    assert answer["text"] == "This button is too old. Open the app instead."
    [call] = telegram.calls("answerCallbackQuery")
    assert call["error"] is None
    assert "update failed" not in capsys.readouterr().out
