"""A date as a document in the private chat, where the Mini App cannot save a file (`S5`)."""

import base64
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import vobject

from backend import clock, db
from backend.accounts.memberships import end_membership
from backend.bookings.actions import book
from backend.bookings.calendar_entries import CannotWrite, send_calendar_entry
from backend.errors import NotFound
from backend.seats.requests import Via
from tests.telegram import Telegram

Run = Callable[..., Awaitable[int]]
Make = Callable[..., Awaitable[str]]


def documents(telegram: Telegram, who: str) -> list[dict[str, Any]]:
    chat = telegram.person(who).private
    return [message for message in chat.messages() if message.get("document")]


async def test_a_file_is_sent_once_however_often_the_button_is_tapped(
    telegram: Telegram, alice: Any, instance: Make, run: Run, noon: datetime
) -> None:
    await telegram.start("Alice")
    code = await instance()
    await book(code, alice, via=Via.MINIAPP)
    for _ in range(3):
        await send_calendar_entry(code, alice)
    await run()
    [message] = documents(telegram, "Alice")
    assert message["document"]["file_name"] == f"{code}.ics"
    calendar = vobject.readOne(base64.b64decode(message["document"]["content"]).decode())
    assert calendar.vevent.uid.value == f"{code}@emerald.example"
    assert message["text"].endswith("Open the file, and it goes into your calendar.")
    clock.advance(timedelta(minutes=1))
    await send_calendar_entry(code, alice)
    await run()
    assert len(documents(telegram, "Alice")) == 2


async def test_an_unreachable_person_is_refused_at_once(
    olga: Any, charlie: Any, account: Any, instance: Make, noon: datetime
) -> None:
    """`M3`, `A1`"""
    with pytest.raises(NotFound):
        await send_calendar_entry(await instance(), charlie)
    with pytest.raises(CannotWrite):
        await send_calendar_entry(await instance(visibility="link"), charlie)


async def test_a_member_who_has_left_gets_no_file(
    telegram: Telegram, alice: Any, account: Any, instance: Make, run: Run, noon: datetime
) -> None:
    """`A1`"""
    await telegram.start("Alice")
    await send_calendar_entry(await instance(), alice)
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await end_membership(alice, account.id, member)
    await run()
    assert documents(telegram, "Alice") == []
    assert await db.value("SELECT state FROM messages") == "parked"
