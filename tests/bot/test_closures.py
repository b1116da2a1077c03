"""/close and /reopen: the attendance list of a date that is over, from the chat (`B12`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.actions import book
from backend.bookings.attendance import check_in
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]
HELD = timedelta(days=4)  # after noon the first date is over
MISSED = """🧘 Evening yoga · Thu 26 Nov, 18:00
The list is open

1 counts as missed

1. Bob + 1

They were booked but not checked in. No one gets a message, and you can open the list again."""


async def no_shows() -> int:
    return int(await db.value("SELECT count(*) FROM absences WHERE kind = 'no-show' AND pardoned_at IS NULL"))


@pytest.fixture
async def yoga(instance: Make, noon: datetime, olga: Any, alice: Any, bob: Any) -> str:
    """Bob and a guest did not come, Alice did; their evening is over."""
    code = await instance(title="Evening yoga", capacity=5)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await check_in(code, olga, await membership_of(alice))
    clock.advance(HELD)
    return code


async def test_an_organiser_closes_a_list_and_opens_it_again(telegram: Telegram, yoga: str) -> None:
    shown = await telegram.say("Olga", "/close yoga")
    assert shown["text"] == MISSED
    assert buttons(shown) == [["Close the list"], ["Open in Emerald"]]
    assert await no_shows() == 0
    assert (await telegram.tap("Olga", shown, "Close the list"))["text"] == "The list is closed."
    assert await no_shows() == 1

    closed = telegram.last(telegram.person("Olga").private)
    assert "The list is closed\n\n1 did not come\n\n1. Bob + 1\n\nIt’s on their record." in closed["text"]
    assert "no list to close" in (await telegram.say("Olga", "/close yoga"))["text"]

    again = await telegram.say("Olga", "/reopen")
    assert buttons(again) == [["Open it again"], ["Open in Emerald"]]
    answer = await telegram.tap("Olga", again, "Open it again")
    assert answer["text"] == "The list is open again, and nobody counts as missed."
    assert await no_shows() == 0
    assert telegram.last(telegram.person("Olga").private)["text"] == MISSED
    assert (await telegram.say("Olga", "/reopen"))["text"] == "No list has been closed lately."


async def test_of_several_dates_the_last_one_of_a_title_is_meant(
    telegram: Telegram, instance: Make, noon: datetime, olga: Any
) -> None:
    await instance(title="Padel", rule="FREQ=DAILY")
    await instance(title="Chess")
    clock.advance(timedelta(days=5))
    asked = await telegram.say("Olga", "/close")
    assert "Which one do you mean?" in asked["text"]
    assert [row[0] for row in buttons(asked)[:3]] == [
        "Fri 27 Nov, 18:00 · Padel",
        "Thu 26 Nov, 18:00 · Chess",
        "Thu 26 Nov, 18:00 · Padel",
    ]
    await telegram.tap("Olga", asked, "Thu 26 Nov, 18:00 · Chess")
    chosen = telegram.last(telegram.person("Olga").private)
    assert "Chess · Thu 26 Nov, 18:00\nThe list is open\n\nNobody was booked" in chosen["text"]
    assert "Padel · Fri 27 Nov, 18:00" in (await telegram.say("Olga", "/close padel"))["text"]
    assert "Padel · Thu 26 Nov, 18:00" in (await telegram.say("Olga", "/close padel thursday"))["text"]


async def test_a_number_counts_the_dates_that_can_be_closed(
    telegram: Telegram, yoga: str, instance: Make
) -> None:
    await instance(title="Padel")
    await telegram.say("Olga", "/events")
    shown = await telegram.say("Olga", "/close 1")
    assert shown["text"] == MISSED
    assert (await telegram.say("Olga", "/close 2"))["text"] == "There is no such number in the list."
    await telegram.tap("Olga", shown, "Close the list")
    assert "The list is closed" in (await telegram.say("Olga", "/reopen 1"))["text"]


async def test_a_date_that_is_not_over_keeps_its_list_open(
    telegram: Telegram, instance: Make, noon: datetime, olga: Any
) -> None:
    code = await instance()
    assert (await telegram.say("Olga", "/close"))["text"] == "There is no list to close right now."
    refused = await telegram.say("Olga", f"/close {code}")
    assert refused["text"] == "The list can be closed once the date is over."


@pytest.mark.parametrize("command", ["/close yoga", "/reopen yoga", "/close {code}"])
async def test_members_and_strangers_close_nothing(telegram: Telegram, yoga: str, command: str) -> None:
    for name in ("Alice", "Charlie"):
        reply = await telegram.say(name, command.format(code=yoga))
        assert reply["text"] == "Only organisers can do this."
    assert await no_shows() == 0


async def test_who_is_no_organiser_any_more_closes_nothing(
    telegram: Telegram, yoga: str, olga: Any, bob: Any, account: Any
) -> None:
    """The button stays under their message."""
    await change_role(olga, account.id, await membership_of(bob), Role.ADMIN)
    shown = await telegram.say("Bob", "/close yoga")
    await change_role(olga, account.id, await membership_of(bob), Role.HELPER)
    assert (await telegram.tap("Bob", shown, "Close the list"))["text"].startswith("Only organisers")
    assert await no_shows() == 0


async def test_a_group_is_sent_to_the_private_chat(telegram: Telegram, yoga: str) -> None:
    """`M7`"""
    reply = await telegram.say("Olga", "/close yoga", telegram.chat())
    assert "Bob" not in reply["text"] and reply["buttons"][0][0]["url"].endswith("?start=close")
    assert (await telegram.start("Olga", "close"))["text"] == MISSED
