"""/add: an organiser puts somebody on the list of a date, from the chat (`B10`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def yoga(instance: Make, noon: datetime, olga: Any, alice: Any) -> str:
    """Alice is in, and two seats are free."""
    await db.execute("UPDATE telegram_users SET username = 'bob_k' WHERE telegram_id = 1003")
    code = await instance(title="Evening yoga", capacity=3)
    await book(code, alice, via=Via.CARD)
    return code


def shown_to_olga(telegram: Telegram) -> dict[str, Any]:
    return telegram.last(telegram.person("Olga").private)


async def test_by_username_after_a_question(telegram: Telegram, yoga: str, olga: Any) -> None:
    question = await telegram.say("Olga", "/add yoga @Bob_K +1")
    assert question["text"] == (
        "Add Bob to Evening yoga?\nThu 26 Nov, 18:00\n1 guest comes too.\nI’ll tell them."
    )
    assert buttons(question) == [["Give a seat"], ["Open in Emerald"]]
    assert (await event(yoga, olga)).booked == 1
    assert (await telegram.tap("Olga", question, "Give a seat"))["text"] == "Bob has 2 seats."
    assert (await event(yoga, olga)).booked == 3
    again = await telegram.say("Olga", "/add yoga @bob_k")
    assert again["text"].startswith("@bob_k can’t be added")


async def test_whom_one_can_add_is_listed(telegram: Telegram, yoga: str, olga: Any) -> None:
    listed = await telegram.say("Olga", "/add yoga")
    assert "Whom do you add?\n\n1. Aino\n2. Bob\n3. Olga Lehtonen\n\n" in listed["text"]
    await telegram.tap("Olga", listed, "1")
    await telegram.tap("Olga", shown_to_olga(telegram), "Give a seat")
    assert "1. Bob\n2. Olga Lehtonen\n" in shown_to_olga(telegram)["text"]
    assert (await event(yoga, olga)).booked == 2


async def test_somebody_without_telegram_by_name(telegram: Telegram, yoga: str, olga: Any) -> None:
    question = await telegram.say("Olga", "/add yoga +Marja Virtanen +1")
    assert question["text"].startswith(
        "Add Marja Virtanen to Evening yoga?\nThu 26 Nov, 18:00\n1 guest comes"
    )
    assert question["text"].endswith("They get no messages: the club knows them by this name only.")
    older = await telegram.say("Olga", "/people yoga")
    await telegram.tap("Olga", question, "Give a seat")
    assert (await event(yoga, olga)).booked == 3
    assert "Marja" in (await telegram.say("Olga", "/people yoga"))["text"] and "Marja" not in older["text"]


async def test_a_name_that_a_member_has_is_asked_about(telegram: Telegram, yoga: str, olga: Any) -> None:
    listed = await telegram.say("Olga", "/add yoga +Bob")
    assert "Which Bob do you mean?\n\n1. Bob" in listed["text"]
    assert buttons(listed) == [["1"], ["Another Bob"], ["Open in Emerald"]]
    await telegram.tap("Olga", listed, "Another Bob")
    assert "by this name only" in shown_to_olga(telegram)["text"]


async def test_a_full_date_offers_the_line_and_owners_more(telegram: Telegram, yoga: str, olga: Any) -> None:
    """`B3`"""
    question = await telegram.say("Olga", "/add yoga @bob_k +2")
    assert "That is 1 seat too many." in question["text"]
    assert buttons(question) == [["Seat them over the limit"], ["Put in line"], ["Open in Emerald"]]
    assert (await telegram.tap("Olga", question, "Put in line"))["text"] == "Bob is in line for 3 seats."


async def test_the_date_is_asked_for_and_who_is_kept(
    telegram: Telegram, yoga: str, instance: Make, olga: Any
) -> None:
    await instance(title="Padel")
    asked = await telegram.say("Olga", "/add @bob_k")
    assert "Which one do you mean?" in asked["text"]
    await telegram.tap("Olga", asked, "Thu 26 Nov, 18:00 · Padel")
    question = shown_to_olga(telegram)
    assert question["text"].startswith("Add Bob to Padel?")
    clock.advance(timedelta(hours=1))
    late = await telegram.tap("Olga", question, "Give a seat")
    assert late["text"] == "This was too long ago. Send /add again." and late["show_alert"]


@pytest.mark.parametrize("command", ["/add yoga @bob_k", "/add {code} +Anna", "/add"])
async def test_members_and_strangers_add_nobody(telegram: Telegram, yoga: str, command: str) -> None:
    for name in ("Alice", "Charlie"):
        reply = await telegram.say(name, command.format(code=yoga))
        assert reply["text"] == "Only organisers can do this."


async def test_a_group_is_sent_to_the_private_chat(telegram: Telegram, yoga: str) -> None:
    """`M7`"""
    reply = await telegram.say("Olga", "/add yoga @bob_k", telegram.chat())
    assert "Bob" not in reply["text"] and reply["buttons"][0][0]["url"].endswith("?start=add")
    assert "Whom do you add?" in (await telegram.start("Olga", "add"))["text"]
