"""Every tap is answered, whatever its message (`C2`); what speaks as a chat is no person (`A11`)."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiogram.filters.callback_data import CallbackData

from backend import db, failpoints
from backend.bookings.queries.event import event
from bot import callbacks, organiser_callbacks
from tests.telegram import Telegram

Make = Callable[..., Awaitable[str]]
ANSWERED_WITHIN = 15  # seconds, after which Telegram takes no answer (C2)
LONG_AGO = 1_577_836_800  # 2020
_ids = itertools.count(900_000_000)

# What stands in the data of each kind of button: as our messages have it.
FIELDS: dict[str, dict[str, Any]] = {
    "SeatCallback": {"action": callbacks.SeatAction.JOIN},
    "VoteCallback": {"option": 1},
    "PollActionCallback": {"action": callbacks.PollAction.CLOSE},
    "CreateInstanceCallback": {"option": 0, "seats": 0},
    "MinimumCallback": {"run": True},
    "SignInCallback": {"yes": False, "key": "x" * 20},
    "SignInNumberCallback": {"number": 47, "key": "x" * 20},
    "LinkGroupCallback": {"account_id": 1},
    "AccountZoneCallback": {"account_id": 0, "zone": "Europe/Helsinki"},
    "AnnouncementCallback": {"action": callbacks.AnnouncementAction.SEND, "id": 1},
    "EventListCallback": {"page": 1},
    "ManageCallback": {"action": organiser_callbacks.ManageAction.PEOPLE},
    "ClosureCallback": {"action": organiser_callbacks.ClosureAction.CLOSE},
    "PartyCallback": {"action": organiser_callbacks.PartyAction.LISTED},
    "ChangeDateCallback": {"action": organiser_callbacks.ChangeDateAction.ASK_TO_MOVE},
    "AddCallback": {"action": organiser_callbacks.AddAction.WHO},
    "KeyCallback": {"what": "make"},
    "AuditCallback": {"account_id": 1},
    "CreatePollCallback": {"what": "confirm"},
    "CreateCallback": {"what": "edit"},
    "LeaveAccountCallback": {"account_id": 1},
    "PrivacyCallback": {"action": callbacks.PrivacyAction.ASK_TO_ERASE},
    "PreferenceCallback": {"what": "page", "value": "zones"},
    "RepostCardCallback": {"card_id": 1},
    "SetUpCallback": {"action": callbacks.SetUpAction.LOOK, "chat_id": -1},
    "ShowStandingSeatCallback": {"series_id": 1},
    "EndStandingSeatCallback": {"series_id": 1},
}
MESSAGES = ["present", "deleted", "very old", "inaccessible", "inline"]


def all_callbacks() -> list[type[CallbackData]]:
    found = [
        each
        for each in vars(callbacks).values()
        if isinstance(each, type) and issubclass(each, CallbackData) and each is not CallbackData
    ]
    assert len(found) >= 15
    return found


def data_of(callback: type[CallbackData], code: str) -> str:
    fields = dict(FIELDS.get(callback.__name__, {}))
    if "code" in callback.model_fields:
        fields["code"] = code
    return callback(**fields).pack()


async def tapped(
    telegram: Telegram, name: str, data: str, where: str, chat: dict[str, Any], sent: int
) -> str:
    """Feed a tap under such a message; the id of its query."""
    user = {"id": telegram.person(name).id, "is_bot": False, "first_name": name}
    query: dict[str, Any] = {"id": str(next(_ids)), "from": user, "chat_instance": "1", "data": data}
    if where == "inline":
        query["inline_message_id"] = "AAAA"
    else:
        query["message"] = {
            "message_id": 2_000_000_000 if where == "deleted" else sent,
            "chat": chat,
            "date": {"inaccessible": 0, "very old": LONG_AGO}.get(where, int(time.time())),
        }
    if where not in ("inline", "inaccessible"):
        query["message"]["text"] = "a card"
    update = {"update_id": next(_ids), "callback_query": query}
    async with asyncio.timeout(ANSWERED_WITHIN):
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    return str(query["id"])


@pytest.mark.parametrize("where", MESSAGES)
@pytest.mark.parametrize("in_group", [True, False], ids=["group", "private"])
async def test_every_tap_is_answered(
    telegram: Telegram, olga: Any, account: Any, instance: Make, where: str, in_group: bool
) -> None:
    """Each kind of button, under each kind of message."""
    code = await instance()
    await telegram.start("Olga")
    room = telegram.chat() if in_group else telegram.person("Olga").private
    sent = await telegram.say("Olga", "/help", room)
    kind = "supergroup" if in_group else "private"
    chat = {"id": room.id, "type": kind, "title": "Kallio Yoga", "first_name": "Olga"}
    for callback in all_callbacks():
        query = await tapped(telegram, "Olga", data_of(callback, code), where, chat, int(sent["id"]))
        answers = [
            each
            for each in telegram.calls("answerCallbackQuery")
            if each["params"]["callback_query_id"] == query
        ]
        assert len(answers) == 1, (callback.__name__, answers)


async def test_a_tap_whose_handler_takes_long_is_answered_in_time_and_done(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch, alice: Any, instance: Make
) -> None:
    """`C2`: once, while the handler goes on; a tap that waits behind it (of the same person) is answered too."""
    monkeypatch.setattr("bot.middleware.ANSWER_AFTER", 0.2)
    code = await instance()
    shown = await telegram.start("Alice", f"e_{code}")
    room = telegram.person("Alice").private
    chat = {"id": room.id, "type": "private", "first_name": "Alice"}
    data = callbacks.SeatCallback(action=callbacks.SeatAction.JOIN, code=code).pack()
    may_go_on = asyncio.Event()

    async def hold() -> None:
        await may_go_on.wait()

    failpoints.set_hook("allocator.loaded", hold)
    try:
        taps = [
            asyncio.create_task(tapped(telegram, "Alice", data, "present", chat, int(shown["id"])))
            for _ in range(2)
        ]
        async with asyncio.timeout(ANSWERED_WITHIN):
            while len(telegram.calls("answerCallbackQuery")) < 2:  # noqa: ASYNC110 — the sandbox knows
                await asyncio.sleep(0.02)
        assert not any(tap.done() for tap in taps)
        may_go_on.set()
        queries = [await tap for tap in taps]
    finally:
        failpoints.set_hook("allocator.loaded", None)
    answers = [each["params"] for each in telegram.calls("answerCallbackQuery")]
    assert sorted(answer["callback_query_id"] for answer in answers) == sorted(queries)
    assert {answer["text"] for answer in answers} == {
        "This takes longer than usual, and it goes on. Look again in a moment."
    }
    assert (await event(code, alice)).booked == 1


async def test_an_offer_to_link_that_is_too_old_says_so(telegram: Telegram, olga: Any, account: Any) -> None:
    await telegram.start("Olga")
    chat = {"id": telegram.chat().id, "type": "supergroup", "title": "Kallio Yoga"}
    for callback in (callbacks.LinkGroupCallback(account_id=account.id), callbacks.CreateAccountCallback()):
        query = await tapped(telegram, "Olga", callback.pack(), "inaccessible", chat, 1)
        [answer] = [
            each["params"]
            for each in telegram.calls("answerCallbackQuery")
            if each["params"]["callback_query_id"] == query
        ]
        assert (
            answer["text"] == "This message is too old for that. Send me a command, and tap the new message."
        )


SPEAKERS = [
    pytest.param(777000, False, "Telegram", True, id="a linked channel's post"),
    pytest.param(1087968824, True, "Group", False, id="an anonymous administrator"),
    pytest.param(136817688, True, "Channel", False, id="somebody as a channel"),
    pytest.param(555001, False, "Somebody", False, id="a chat, whatever its sender"),
]


@pytest.mark.parametrize(("user_id", "is_bot", "name", "forwarded"), SPEAKERS)
async def test_what_speaks_as_a_chat_is_no_person(
    telegram: Telegram, account: Any, instance: Make, user_id: int, is_bot: bool, name: str, forwarded: bool
) -> None:
    code = await instance()
    await telegram.start("Olga")
    room = telegram.chat()
    sent = await telegram.say("Olga", "/help", room)
    before = (
        await db.value("SELECT count(*) FROM telegram_users"),
        await db.value("SELECT count(*) FROM memberships"),
    )
    for text in (f"/book {code}", "Hello", "/events"):
        message = {
            "message_id": int(sent["id"]),
            "chat": {"id": room.id, "type": "supergroup", "title": "Kallio Yoga"},
            "date": int(time.time()),
            "from": {"id": user_id, "is_bot": is_bot, "first_name": name},
            "sender_chat": {"id": room.id, "type": "supergroup", "title": "Kallio Yoga"},
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}],
        }
        if forwarded:
            message["is_automatic_forward"] = True
        update = {"update_id": next(_ids), "message": message}
        await telegram.dispatcher.feed_raw_update(telegram.bot, update)
    after = (
        await db.value("SELECT count(*) FROM telegram_users"),
        await db.value("SELECT count(*) FROM memberships"),
    )
    assert after == before
    assert await db.value("SELECT count(*) FROM bookings") == 0
    said = [each["text"] for each in room.messages(after=int(sent["id"]))]
    why = "I can’t tell who you are while you write as a group or a channel. Write as yourself, or to me in private."
    assert said == ([] if forwarded else [why, why])
