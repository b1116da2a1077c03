"""/list and /people: what organisers and helpers do from the chat."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from backend import db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.actions import book
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def yoga(instance: Make, noon: datetime, alice: Any, bob: Any) -> str:
    code = await instance(title="Evening yoga", capacity=2)
    await book(code, alice, guests=1, names=["Anna"], via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    return code


async def test_the_list_leads_to_people_and_card(telegram: Telegram, olga: Any, yoga: str) -> None:
    listed = await telegram.say("Olga", "/list")
    assert "1. Thu 26 Nov, 18:00 · 🧘 Evening yoga\n2 of 2 · 1 in line" in listed["text"]
    await telegram.tap("Olga", listed, "1")
    shown = telegram.last(telegram.person("Olga").private)
    assert buttons(shown) == [
        *(
            ["People", "Post the card"],
            ["Name", "Seats", "Place"],
            ["Move", "Cancel this date"],
            ["Open in Emerald"],
            ["Back"],
        )
    ]
    answer = await telegram.tap("Olga", shown, "Post the card")
    assert answer["text"] == "The card will be in the group in a moment."
    await telegram.tap("Olga", telegram.last(telegram.person("Olga").private), "People")
    people = telegram.last(telegram.person("Olga").private)["text"]
    assert "1. Alice + Anna" in people and "1 in line\n\n1. Bob" in people
    for text in (shown["text"], listed["text"]):
        await telegram.tap("Olga", telegram.last(telegram.person("Olga").private), "Back")
        assert telegram.last(telegram.person("Olga").private)["text"] == text
    assert len(telegram.calls("answerCallbackQuery")) == 5  # each tap once


async def test_a_number_is_that_of_the_list_of_organisers(
    telegram: Telegram, instance: Make, olga: Any, alice: Any, yoga: str
) -> None:
    """/list has no dates of clubs that they are only members of, and /events has."""
    await instance(title="Padel", capacity=5, starts_local=datetime(2026, 11, 24, 18))
    await telegram.say("Olga", "/list")
    await telegram.say("Olga", "/events yoga")
    assert "Padel" in (await telegram.say("Olga", "/people 1"))["text"]
    assert "Evening yoga" in (await telegram.say("Olga", "/people 2"))["text"]


async def test_a_helper_reads_people_and_is_offered_nothing_else(
    telegram: Telegram, account: Any, olga: Any, bob: Any, yoga: str
) -> None:
    """A tap on a button of somebody else's list shows no date either."""
    membership_id = await db.value("SELECT id FROM memberships WHERE user_id = $1", bob.id)
    await change_role(olga, account.id, membership_id, Role.HELPER)
    people = await telegram.say("Bob", "/people yoga")
    assert "1. Alice + Anna" in people["text"] and buttons(people) == [["Open in Emerald"]]
    await change_role(olga, account.id, membership_id, Role.ADMIN)
    listed = await telegram.say("Bob", "/list")
    await telegram.tap("Bob", listed, "1")
    shown = telegram.last(telegram.person("Bob").private)
    await change_role(olga, account.id, membership_id, Role.HELPER)
    await telegram.tap("Bob", shown, "People")
    assert buttons(telegram.last(telegram.person("Bob").private)) == [["Open in Emerald"]]
    await change_role(olga, account.id, membership_id, Role.ADMIN)
    listed = await telegram.say("Bob", "/list")
    await change_role(olga, account.id, membership_id, Role.HELPER)
    assert (await telegram.tap("Bob", listed, "1"))["text"].startswith("Only organisers")


async def test_people_by_a_word(telegram: Telegram, olga: Any, yoga: str) -> None:
    assert "1. Alice + Anna" in (await telegram.say("Olga", "/people yoga"))["text"]
    assert "Which one do you mean?" in (await telegram.say("Olga", "/people padel"))["text"]


@pytest.mark.parametrize("command", ["/list", "/people yoga"])
async def test_members_and_strangers_read_nothing(telegram: Telegram, yoga: str, command: str) -> None:
    for name in ("Alice", "Charlie"):
        reply = await telegram.say(name, command)
        assert reply["text"] == "Only organisers can do this."


async def test_a_group_is_sent_to_the_private_chat(telegram: Telegram, olga: Any, yoga: str) -> None:
    """`M7`"""
    reply = await telegram.say("Olga", "/people yoga", telegram.chat())
    assert "Alice" not in reply["text"] and reply["buttons"][0][0]["url"].endswith("?start=list")
