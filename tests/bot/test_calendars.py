"""`/calendar`: an instance as a file for one's own calendar."""

import base64
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar

from backend.bookings.actions import book
from backend.events.cancel import cancel_instance
from backend.events.reschedule import move_instance
from backend.seats.requests import Via
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


def read(reply: dict[str, Any]) -> Any:
    [event] = Calendar.from_ical(base64.b64decode(reply["document"]["content"])).walk("VEVENT")
    return event


async def test_calendar_sends_an_instance_as_a_file_and_again_after_a_change(
    telegram: Telegram, olga: Any, alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """`S5`, `S6`: the same UID, a rising SEQUENCE; tentative for a waitlisted party."""
    code = await instance(capacity=1, description="Bring a mat.")
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    reply = await telegram.say("Alice", f"/calendar {code}")
    assert reply["document"]["file_name"] == f"{code}.ics"
    event = read(reply)
    assert (event["UID"], event["SEQUENCE"]) == (f"{code}@emerald.example", 0)
    assert (event["STATUS"], event["SUMMARY"]) == ("CONFIRMED", "🧘 Evening flow yoga")
    assert event["DTSTART"].dt == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
    assert event["URL"] == f"https://t.me/emerald_test_bot/app?startapp=e_{code}"
    assert read(await telegram.say("Bob", "/calendar 1"))["STATUS"] == "TENTATIVE"
    assert read(await telegram.say("Alice", "/calendar flow thursday")) == event
    await move_instance(code, olga, datetime(2026, 11, 27, 18, 0))
    event = read(await telegram.say("Alice", "/calendar 1"))
    assert (event["UID"], event["SEQUENCE"]) == (f"{code}@emerald.example", 1)
    assert event["DTSTART"].dt == datetime(2026, 11, 27, 16, 0, tzinfo=UTC)
    await cancel_instance(code, olga, "Ill")
    event = read(await telegram.say("Alice", f"/calendar {code}"))
    assert (event["SEQUENCE"], event["STATUS"]) == (2, "CANCELLED")


async def test_calendar_without_a_number_sends_the_only_booking_or_lists_them(
    telegram: Telegram, alice: Any, instance: Make, noon: datetime
) -> None:
    reply = await telegram.say("Alice", "/calendar")
    assert reply["text"].startswith("You have no bookings yet.")
    code = await instance()
    await book(code, alice, via=Via.MINIAPP)
    assert "SUMMARY" in read(await telegram.say("Alice", "/calendar"))
    await book(await instance(title="Sauna"), alice, via=Via.MINIAPP)
    reply = await telegram.say("Alice", "/calendar")
    assert reply["text"].startswith("Which one goes to your calendar?") and "2. " in reply["text"]
    assert reply["text"].endswith("Send /calendar with its number or name: /calendar 1.")
    assert "SUMMARY" in read(await telegram.say("Alice", "/calendar 2"))


async def test_calendar_refuses_instances_of_others(
    telegram: Telegram, alice: Any, instance: Make, noon: datetime
) -> None:
    """`A1`"""
    code = await instance()
    reply = await telegram.say("Charlie", f"/calendar {code}")
    assert reply["text"] == "Not found, or you don’t have access."


async def test_calendar_in_a_group_leads_to_the_private_chat(
    telegram: Telegram, alice: Any, instance: Make, noon: datetime
) -> None:
    code = await instance()
    reply = await telegram.say("Alice", f"/calendar {code}", telegram.chat())
    assert buttons(reply) == [["Ask me there"]]
