"""/seat and /remove: who has a seat, by an organiser in the chat (`B10`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest

from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.actions import book, leave, set_capacity
from backend.bookings.queries.event import event
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def yoga(instance: Make, noon: datetime, olga: Any, alice: Any, bob: Any, aino: Any) -> str:
    """Alice is in; Bob and a guest wait for two seats, and Aino behind them for the one that is free."""
    code = await instance(title="Evening yoga", capacity=2)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    return code


def shown_to_olga(telegram: Telegram) -> dict[str, Any]:
    return telegram.last(telegram.person("Olga").private)


async def test_an_organiser_seats_who_waits(telegram: Telegram, yoga: str, bob: Any) -> None:
    older = await telegram.say("Olga", "/seat yoga")
    await telegram.tap("Olga", older, "2")
    asked = await telegram.say("Olga", "/seat yoga")
    assert asked["text"] == (
        "🧘 Evening yoga · Thu 26 Nov, 18:00\n1 of 2\n\n1. Bob + 1\n2. Aino\n\n"
        "Tap a number to give them a seat; I ask before I do."
    )
    assert buttons(asked) == [["1", "2"], ["People"], ["Open in Emerald"]]
    await telegram.tap("Olga", asked, "2")
    question = shown_to_olga(telegram)
    assert question["text"] == "Give Aino a seat?\n1 party was in line before them.\nI’ll tell them."
    assert buttons(question) == [["Give a seat"], ["Back"]]
    assert (await event(yoga, bob)).booked == 1
    assert (await telegram.tap("Olga", question, "Give a seat"))["text"] == "Aino has 1 seat."
    assert "2 of 2\n\n1. Bob + 1\n" in shown_to_olga(telegram)["text"]
    [question] = [each for each in telegram.person("Olga").private.messages() if each["id"] == older["id"]]
    again = await telegram.tap("Olga", question, "Give a seat")
    assert again["text"] == "Aino is on the list already. Nothing has changed."


async def test_only_an_owner_goes_over_the_seats(
    telegram: Telegram, yoga: str, account: Any, olga: Any, alice: Any, bob: Any
) -> None:
    """`B3`"""
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    for name, choices in (("Alice", [["Back"]]), ("Olga", [["Seat them over the limit"], ["Back"]])):
        await telegram.tap(name, await telegram.say(name, "/seat yoga"), "1")
        question = telegram.last(telegram.person(name).private)
        assert (
            question["text"]
            == "Give Bob a seat?\n1 guest comes too.\nThat is 1 seat too many.\nI’ll tell them."
        )
        assert buttons(question) == choices
    answer = await telegram.tap("Olga", question, "Seat them over the limit")
    assert answer["text"] == "Bob has 2 seats." and (await event(yoga, bob)).booked == 3


async def test_who_left_the_line_meanwhile_is_not_seated(telegram: Telegram, yoga: str, aino: Any) -> None:
    await telegram.tap("Olga", await telegram.say("Olga", "/seat yoga"), "2")
    await leave(yoga, aino, via=Via.CARD)
    answer = await telegram.tap("Olga", shown_to_olga(telegram), "Give a seat")
    assert answer["text"] == "Aino isn’t in line any more." and answer["show_alert"]
    assert (await event(yoga, aino)).booked == 1


async def test_nobody_waits(telegram: Telegram, instance: Make, olga: Any) -> None:
    code = await instance(title="Evening yoga")
    assert (await telegram.say("Olga", "/seat"))["text"] == "Nobody is waiting for a seat."
    assert (await telegram.say("Olga", "/remove"))["text"] == "Nobody has booked yet."
    shown = await telegram.say("Olga", f"/seat {code}")
    assert "Nobody is waiting for a seat." in shown["text"] and buttons(shown) == [
        ["People"],
        ["Open in Emerald"],
    ]


async def test_an_organiser_takes_a_party_off_after_a_question(
    telegram: Telegram, yoga: str, olga: Any, alice: Any
) -> None:
    await set_capacity(yoga, olga, 3)
    asked = await telegram.say("Olga", "/remove yoga")
    assert "1. Alice\n2. Bob + 1\n3. Aino · in line\n\nTap a number to take them off" in asked["text"]
    await telegram.tap("Olga", asked, "2")
    question = shown_to_olga(telegram)
    assert question["text"].startswith("Take Bob off the list?\n1 guest goes with them.")
    assert buttons(question) == [["Remove from the list"], ["Back"]]
    await telegram.tap("Olga", question, "Back")
    assert shown_to_olga(telegram)["text"] == asked["text"]
    older = await telegram.say("Olga", "/remove yoga")
    await telegram.tap("Olga", older, "2")
    await telegram.say("Olga", "/remove yoga")
    await telegram.tap("Olga", shown_to_olga(telegram), "2")
    answer = await telegram.tap("Olga", shown_to_olga(telegram), "Remove from the list")
    assert answer["text"] == "Bob is off the list."
    assert "2 of 3\n\n1. Alice\n2. Aino\n" in shown_to_olga(telegram)["text"]
    again = await telegram.tap("Olga", older, "Remove from the list")
    assert again["text"] == "Bob was off the list already."


@pytest.mark.parametrize("command", ["/seat yoga", "/remove yoga", "/seat {code}", "/remove {code}"])
async def test_members_and_strangers_change_nothing(telegram: Telegram, yoga: str, command: str) -> None:
    for name in ("Alice", "Charlie"):
        reply = await telegram.say(name, command.format(code=yoga))
        assert reply["text"] == "Only organisers can do this."


@pytest.mark.parametrize("command", ["seat", "remove"])
async def test_a_group_is_sent_to_the_private_chat(telegram: Telegram, yoga: str, command: str) -> None:
    """`M7`"""
    reply = await telegram.say("Olga", f"/{command} yoga", telegram.chat())
    assert "Bob" not in reply["text"] and reply["buttons"][0][0]["url"].endswith(f"?start={command}")
    assert "1. " in (await telegram.start("Olga", command))["text"]
