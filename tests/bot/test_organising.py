"""/list and /people: what organisers and helpers do from the chat."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

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
    assert buttons(shown) == [["People", "Post the card"], ["Open in Emerald"], ["Back"]]
    answer = await telegram.tap("Olga", shown, "Post the card")
    assert answer["text"] == "The card will be in the group in a moment."
    await telegram.tap("Olga", telegram.last(telegram.person("Olga").private), "People")
    people = telegram.last(telegram.person("Olga").private)["text"]
    assert "1. Alice + Anna" in people and "1 in line\n\n1. Bob" in people
    await telegram.tap("Olga", telegram.last(telegram.person("Olga").private), "Back")
    assert telegram.last(telegram.person("Olga").private)["text"] == listed["text"]
    assert len(telegram.calls("answerCallbackQuery")) == 4  # each tap once


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
