"""Cancelling and moving a date from /list, with its consequences first (`S5`, `S6`)."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.conversations.actions import ConversationKind, conversation
from backend.errors import Busy
from backend.events.edit import edit_series
from backend.seats.requests import Via
from bot.dispatcher import make_dispatcher
from bot.handlers import date_changes
from bot.organiser_callbacks import ChangeDateAction, ChangeDateCallback
from tests.telegram import Telegram, buttons

Make = Callable[..., Awaitable[str]]


@pytest.fixture
async def yoga(telegram: Telegram, instance: Make, noon: datetime, olga: Any, alice: Any, bob: Any) -> str:
    """Alice is in, Bob waits."""
    await telegram.start("Olga")
    code = await instance(title="Evening yoga", capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    return code


def shown_to_olga(telegram: Telegram) -> dict[str, Any]:
    return telegram.last(telegram.person("Olga").private)


async def messages(kind: str) -> int:
    return int(await db.value("SELECT count(*) FROM messages WHERE kind = $1", kind))


async def tapped(telegram: Telegram, *labels: str) -> str:
    """Tap these under the newest message, one after another; what the last answer says."""
    answer = {}
    for label in labels:
        answer = await telegram.tap("Olga", shown_to_olga(telegram), label)
    return str(answer.get("text") or "")


async def test_cancelled_after_its_consequences_and_restored(
    telegram: Telegram, yoga: str, olga: Any
) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Cancel this date", "The instructor is ill.")
    preview = shown_to_olga(telegram)
    assert preview["text"].startswith("Cancel Evening yoga?\nThu 26 Nov, 18:00\n“The instructor is ill.”\n\n")
    assert "They will be told that it is cancelled – At once: Alice and Bob." in preview["text"]
    assert buttons(preview) == [["Cancel this date"], ["Back"]]
    assert (await event(yoga, olga)).phase == "open" and await messages("cancelled") == 0
    assert (await tapped(telegram, "Cancel this date")).startswith("Cancelled. Everyone booked")
    view = await event(yoga, olga)
    assert (view.phase, await messages("cancelled")) == ("cancelled", 2)
    assert buttons(shown_to_olga(telegram))[1] == ["It takes place after all"]
    await tapped(telegram, "It takes place after all")
    assert (await event(yoga, olga)).phase == "open"


async def test_a_reason_is_typed(telegram: Telegram, yoga: str, olga: Any) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Cancel this date")
    assert "At most 300 characters" in (await telegram.say("Olga", "x" * 400))["text"]
    preview = await telegram.say("Olga", "The <b> pipes burst")
    assert "“The <b> pipes burst”" in preview["text"]
    await tapped(telegram, "Cancel this date")
    reason = await db.value("SELECT cancel_reason FROM event_instances WHERE code = $1", yoga)
    assert reason == "The <b> pipes burst"
    assert "Commands" in (await telegram.say("Olga", "and more"))["text"]


async def test_moved_by_a_tap(telegram: Telegram, yoga: str, olga: Any) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Move")
    assert buttons(shown_to_olga(telegram)) == [
        *(["−1 h", "−30 min", "+30 min", "+1 h"], ["+1 day", "+1 week"], ["Back"])
    ]
    await tapped(telegram, "+1 h")
    preview = shown_to_olga(telegram)["text"]
    assert preview.startswith("Move Evening yoga?\nThu 26 Nov, 18:00 → Thu 26 Nov, 19:00\n\n")
    assert "asked whether they still come – At once: Alice" in preview
    before = (await event(yoga, olga)).starts_at
    assert (await tapped(telegram, "Move it")).startswith("Moved. Everyone who is booked")
    assert (await event(yoga, olga)).starts_at == before + timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("19:30", "Thu 26 Nov, 19:30"),
        ("27.11.", "Fri 27 Nov, 18:00"),
        ("friday 20:15", "Fri 27 Nov, 20:15"),
        ("5 december 9:00", "Sat 5 Dec, 9:00"),
    ],
)
async def test_a_time_is_typed(telegram: Telegram, yoga: str, text: str, when: str) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Move")
    assert f"→ {when}" in (await telegram.say("Olga", text))["text"].replace(", 09:00", ", 9:00")


async def test_what_is_no_time_is_asked_again(telegram: Telegram, yoga: str) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Move")
    for text, why in (("soon", "Which day?"), ("31.2. 18:00", "There is no such day."), ("25:61", "At what")):
        said = (await telegram.say("Olga", text))["text"]
        assert said.startswith(why) and "To when?" in said
    assert (await telegram.say("Olga", "23.11.2026 6:00"))["text"].startswith("That is in the past")
    await tapped(telegram, "Back")
    assert "Commands" in (await telegram.say("Olga", "friday"))["text"]


async def test_more_seats_by_a_tap_and_who_gets_them(telegram: Telegram, yoga: str, olga: Any) -> None:
    """`W4`"""
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Seats")
    assert buttons(shown_to_olga(telegram)) == [["2", "3", "6"], ["No limit"], ["Back"]]
    assert (await telegram.say("Olga", "many"))["text"].startswith("How many seats?")
    await tapped(telegram, "2")
    preview = shown_to_olga(telegram)["text"]
    assert preview.startswith("2 seats for Evening yoga?\nThu 26 Nov, 18:00\n\n")
    assert "• 1 person gets a seat – Bob" in preview and (await event(yoga, olga)).capacity == 1
    assert await tapped(telegram, "Save") == "Saved."
    view = await event(yoga, olga)
    assert (view.capacity, view.booked) == (2, 2)
    await tapped(telegram, "Seats", "No limit", "Save")
    assert (await event(yoga, olga)).capacity is None


async def test_one_date_gets_another_name(telegram: Telegram, yoga: str, olga: Any) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Name")
    preview = await telegram.say("Olga", "Yoga <i> outdoors")
    assert preview["text"].startswith("Rename Evening yoga?\nThu 26 Nov, 18:00\n“Yoga <i> outdoors”\n\n")
    await tapped(telegram, "Save")
    assert (await event(yoga, olga)).title == "Yoga <i> outdoors"


async def test_a_preview_that_is_old_changes_nothing(telegram: Telegram, yoga: str, olga: Any) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Move", "+1 day")
    clock.advance(timedelta(hours=1))
    assert (await tapped(telegram, "Move it")).startswith("This was too long ago")
    assert (await event(yoga, olga)).starts_at.day == 26


async def test_who_is_no_organiser_any_more_changes_nothing(
    telegram: Telegram, yoga: str, account: Any, olga: Any, alice: Any
) -> None:
    membership_id = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await change_role(olga, account.id, membership_id, Role.ADMIN)
    await telegram.start("Alice")
    room = telegram.person("Alice").private
    await telegram.say("Alice", "/list")
    for label in ("1", "Cancel this date"):
        await telegram.tap("Alice", telegram.last(room), label)
    await change_role(olga, account.id, membership_id, Role.MEMBER)
    answer = await telegram.tap("Alice", telegram.last(room), "The instructor is ill.")
    assert answer["text"] == "Only organisers can do this."
    assert (await telegram.say("Alice", "Rain"))["text"] == "Only organisers can do this."
    assert (await event(yoga, olga)).phase == "open"


# --- the place, and more dates than one ---


@pytest.fixture
async def weekly(telegram: Telegram, series: Any, noon: datetime, olga: Any) -> list[str]:
    """Three Thursdays of yoga from 26 November on, and more; their codes."""
    await telegram.start("Olga")
    made = await series(
        title="Yoga", place="Hall", map_url="https://maps.example/hall", rule="FREQ=WEEKLY", capacity=8
    )
    await telegram.say("Olga", "/list")
    return [
        row["code"]
        for row in await db.rows(
            "SELECT code FROM event_instances WHERE series_id = $1 ORDER BY starts_at LIMIT 3", made.series_id
        )
    ]


async def shown_of(codes: list[str], olga: Any, *names: str) -> list[Any]:
    views = [await event(code, olga) for code in codes]
    return [tuple(getattr(view, name) for name in names) for view in views]


async def test_a_date_gets_another_place(telegram: Telegram, weekly: list[str], olga: Any) -> None:
    await tapped(telegram, "1", "Place")
    question = shown_to_olga(telegram)
    assert "Send the place; now it is Hall. Its map link will be removed." in question["text"]
    assert "At most 160 characters" in (await telegram.say("Olga", "x" * 161))["text"]
    preview = await telegram.say("Olga", "The <b> park")
    assert preview["text"].startswith(
        "Change the place of Yoga?\nThu 26 Nov, 18:00\n“The <b> park”\nFor: This date only\n\n"
    )
    await tapped(telegram, "Save")
    places = await shown_of(weekly, olga, "place", "map_url")
    assert places == [("The <b> park", ""), *[("Hall", "https://maps.example/hall")] * 2]
    await tapped(telegram, "Place", "No place")
    assert "No place" in shown_to_olga(telegram)["text"]
    await tapped(telegram, "Save", "Place")
    assert "Send the place." in shown_to_olga(telegram)["text"]
    assert buttons(shown_to_olga(telegram)) == [["Back"]]
    assert (await event(weekly[0], olga)).place == ""


@pytest.mark.parametrize(
    ("scope", "titles"),
    [
        ("This date and all that follow", ["Yoga", "Pilates", "Pilates"]),
        ("The whole series", ["Pilates", "Pilates", "Pilates"]),
    ],
)
async def test_more_dates_get_another_name(
    telegram: Telegram, weekly: list[str], olga: Any, scope: str, titles: list[str]
) -> None:
    """`S4`: which dates it reaches is chosen below what it does."""
    others = {"This date only", "This date and all that follow", "The whole series"}
    await tapped(telegram, "2", "Name")
    preview = await telegram.say("Olga", "Pilates")
    assert "\n“Pilates”\nFor: This date only\n\n" in preview["text"]
    assert {row[0] for row in buttons(preview)} == {"Save", "Back", *others - {"This date only"}}
    await tapped(telegram, scope)
    preview = shown_to_olga(telegram)
    assert f"For: {scope}\n" in preview["text"]
    assert {row[0] for row in buttons(preview)} == {"Save", "Back", *others - {scope}}
    assert [title for (title,) in await shown_of(weekly, olga, "title")] == ["Yoga"] * 3, "a preview"
    assert await tapped(telegram, "Save") == "Saved."
    assert [title for (title,) in await shown_of(weekly, olga, "title")] == titles
    assert "Pilates" in shown_to_olga(telegram)["text"]


async def test_a_series_moves_to_another_hour_with_its_consequences(
    telegram: Telegram, weekly: list[str], olga: Any, alice: Any
) -> None:
    """`S3`, `S4`: a date with a booking stays, and is named before."""
    await book(weekly[2], alice, via=Via.CARD)
    await tapped(telegram, "1", "Move", "+1 h", "The whole series")
    preview = shown_to_olga(telegram)["text"]
    assert "1 date no longer fits the rule" in preview and "They stay until you move" in preview
    assert await tapped(telegram, "Move it") == "Saved."
    assert shown_to_olga(telegram)["text"].startswith("The next dates of your clubs"), "it was made anew"
    assert await hours_of_scheduled() == ["26 19:00", "03 19:00", "10 18:00"]


async def test_a_series_that_was_changed_meanwhile_is_not_written_over(
    telegram: Telegram, weekly: list[str], olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another organiser saves between reading the series and writing it."""
    read = date_changes._series_draft

    async def read_before_another_saves(view: Any) -> Any:
        draft = await read(view)
        await edit_series(olga, view.account_id, view.series_id, replace(draft, place="Sali 2"))
        return draft

    await tapped(telegram, "1", "Name")
    await telegram.say("Olga", "Pilates")
    await tapped(telegram, "The whole series")
    monkeypatch.setattr(date_changes, "_series_draft", read_before_another_saves)
    assert "meanwhile" in await tapped(telegram, "Save")
    assert await shown_of(weekly, olga, "title", "place") == [("Yoga", "Sali 2")] * 3


async def hours_of_scheduled() -> list[str]:
    """Day and hour of the next three dates on the wall."""
    rows = await db.rows(
        "SELECT starts_at FROM event_instances WHERE state = 'SCHEDULED' ORDER BY starts_at LIMIT 3"
    )
    return [f"{row['starts_at'].astimezone(ZoneInfo('Europe/Helsinki')):%d %H:%M}" for row in rows]


async def test_the_dates_that_follow_move_to_another_hour(
    telegram: Telegram, weekly: list[str], olga: Any
) -> None:
    await tapped(telegram, "2", "Move", "+30 min", "This date and all that follow", "Move it")
    assert await hours_of_scheduled() == ["26 18:00", "03 18:30", "10 18:30"]


async def test_to_another_day_moves_one_date(telegram: Telegram, weekly: list[str]) -> None:
    """Another day may not be one of the rule."""
    await tapped(telegram, "1", "Move", "+1 day")
    assert buttons(shown_to_olga(telegram)) == [["Move it"], ["Back"]]
    assert "For:" not in shown_to_olga(telegram)["text"]
    await tapped(telegram, "Move it", "Move", "+1 h")
    assert buttons(shown_to_olga(telegram)) == [["Move it"], ["Back"]], (
        "nor does it take the others along later"
    )


async def test_what_reaches_more_dates_is_refused_in_words(
    telegram: Telegram, series: Make, noon: datetime, olga: Any
) -> None:
    """The series needs eight to run; there is no field to mark."""
    await telegram.start("Olga")
    await series(title="Yoga", rule="FREQ=WEEKLY", min_to_run=8)
    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Seats")
    await telegram.say("Olga", "4")
    answer = await tapped(telegram, "The whole series")
    assert answer and "what is marked" not in answer
    assert await db.value("SELECT capacity FROM event_series") == 12


async def test_cancel_ends_it_and_old_buttons_change_nothing(
    telegram: Telegram, weekly: list[str], olga: Any
) -> None:
    await tapped(telegram, "1", "Name")
    await telegram.say("Olga", "Pilates")
    preview = shown_to_olga(telegram)
    assert (await telegram.say("Olga", "/cancel"))["text"] == "Stopped. Nothing was saved."
    for label in ("The whole series", "Save"):
        assert (await telegram.tap("Olga", preview, label))["text"].startswith("This was too long ago")
    assert await shown_of(weekly, olga, "title") == [("Yoga",)] * 3


AT_ONCE = 6
_ids = itertools.count(930_000_000)


async def tapped_at_once(telegram: Telegram, olga: Any, data: str) -> list[str]:
    """What taps with this data under the newest message are answered that arrive at once, each in another process."""
    message = shown_to_olga(telegram)
    chat = {"id": olga.telegram_id, "type": "private", "first_name": "Olga"}
    user = {"id": olga.telegram_id, "is_bot": False, "first_name": "Olga"}
    shown = {"message_id": message["id"], "date": 1, "chat": chat, "text": message["text"]}

    def update() -> dict[str, Any]:
        query = {"id": telegram.person("Olga").press(), "from": user, "chat_instance": "1"}
        return {"update_id": next(_ids), "callback_query": {**query, "data": data, "message": shown}}

    before = len(telegram.calls("answerCallbackQuery"))
    await asyncio.gather(*(make_dispatcher().feed_raw_update(telegram.bot, update()) for _ in range(AT_ONCE)))
    return [call["params"].get("text", "") for call in telegram.calls("answerCallbackQuery")[before:]]


@pytest.mark.parametrize(
    ("labels", "typed", "action", "verb"),
    [
        (("1", "Name"), "Morning yoga", ChangeDateAction.SAVE, "edit"),
        (("1", "Move", "+1 h"), "", ChangeDateAction.MOVE, "move"),
        (("1", "Cancel this date", "The instructor is ill."), "", ChangeDateAction.CANCEL, "cancel"),
    ],
)
async def test_a_confirmation_tapped_many_times_at_once_is_done_once(
    telegram: Telegram,
    yoga: str,
    olga: Any,
    labels: tuple[str, ...],
    typed: str,
    action: ChangeDateAction,
    verb: str,
) -> None:
    await telegram.say("Olga", "/list")
    await tapped(telegram, *labels)
    if typed:
        await telegram.say("Olga", typed)
    asked = await conversation(olga, ConversationKind.CHANGE_DATE)
    assert asked is not None
    confirm = ChangeDateCallback(action=action, code=yoga, value=asked.token)
    answers = await tapped_at_once(telegram, olga, confirm.pack())
    assert sum(text.startswith(("Saved", "Moved", "Cancelled")) for text in answers) == 1
    assert answers.count("This was too long ago, or is done. Look again.") == AT_ONCE - 1
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = $1", verb) == 1


async def test_a_confirmation_that_fails_can_be_tapped_again(
    telegram: Telegram, yoga: str, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any, **__: Any) -> None:
        raise Busy()

    await telegram.say("Olga", "/list")
    await tapped(telegram, "1", "Cancel this date", "The instructor is ill.")
    with monkeypatch.context() as patch:
        patch.setattr("backend.events.cancel.record_audit", fail)
        assert "try again in a moment" in await tapped(telegram, "Cancel this date")
    assert (await event(yoga, olga)).phase == "open"
    assert (await tapped(telegram, "Cancel this date")).startswith("Cancelled. Everyone booked")
