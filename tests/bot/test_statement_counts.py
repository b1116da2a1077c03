"""How many statements an update costs, alone and among many, as exact numbers: each is a round trip to the database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiogram.types import Update

from backend import db
from backend.groups.presence import visit_group
from backend.people.actions import TelegramIdentity, register_person
from bench.statements import noted_statements
from bot.delivery.client import in_response
from tests.telegram import Telegram

MANY = 40
FIRST = 900_000  # Telegram's id of the first of them


def tap(update_id: int, telegram_id: int, chat_id: int, code: str) -> dict[str, Any]:
    """A tap on Join under the card of an instance in the group."""
    data = f"s:join:{code}"
    message = {
        "message_id": 7,
        "date": 1,
        "chat": {"id": chat_id, "type": "supergroup", "title": "Kallio Yoga"},
        "text": "Yoga",
        "reply_markup": {"inline_keyboard": [[{"text": "Join", "callback_data": data}]]},
    }
    query = {"id": str(update_id), "chat_instance": "1", "data": data, "message": message}
    return {"update_id": update_id, "callback_query": {**query, "from": user(telegram_id)}}


def command(update_id: int, telegram_id: int, text: str) -> dict[str, Any]:
    message = {
        "message_id": update_id,
        "date": 1,
        "chat": {"id": telegram_id, "type": "private", "first_name": "x"},
        "from": user(telegram_id),
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": len(text)}],
    }
    return {"update_id": update_id, "message": message}


def user(telegram_id: int) -> dict[str, Any]:
    return {
        "id": telegram_id,
        "is_bot": False,
        "first_name": f"Member {telegram_id}",
        "language_code": "en",
    }


async def statements_of(telegram: Telegram, updates: list[dict[str, Any]]) -> list[str]:
    """The statements that these updates cost when they arrive at once. Taps are answered in responses."""

    async def handle(update: Update) -> None:
        in_response.set(asyncio.get_running_loop().create_future())
        await telegram.dispatcher.feed_update(telegram.bot, update)

    read = [Update.model_validate(update, context={"bot": telegram.bot}) for update in updates]
    with noted_statements() as sent:
        await asyncio.gather(*(asyncio.create_task(handle(update)) for update in read))
    return sent


async def known_members(n: int, chat_id: int) -> list[int]:
    """So many members of the club who were in the group a moment ago; their Telegram ids."""
    ids = [FIRST + number for number in range(n)]
    people = await asyncio.gather(
        *(
            register_person(TelegramIdentity(one, f"Member {one}", language_code="en", may_write=True))
            for one in ids
        )
    )
    await asyncio.gather(*(visit_group(chat_id, person) for person in people))
    return ids


# What each statement is for, by words in it; the first that fits counts.
PURPOSES = {
    "INTO telegram_updates": "claim",
    "AS recent": "group",
    "instance_seats WHERE": "begin and lock",
    "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS requests": "load",
    "WITH booked AS": "write",
    "COMMIT": "commit",
    "'lost'": "lost cards",
    "AS group_id FROM memberships": "groups not known",
    "i.series_id, i.original_start": "bookings",
    "shown_lists": "shown list",
}


def purposes_of(sent: list[str]) -> list[str]:
    return [next((name for words, name in PURPOSES.items() if words in sql), sql) for sql in sent]


async def test_a_tap(
    telegram: Telegram, account: Any, instance: Callable[..., Awaitable[str]], noon: datetime
) -> None:
    """Before the allocator: the claim, with the sender and their use; and the group, with the sender's presence in it."""
    code = await instance()
    first, second = await known_members(2, account.chat_id)
    await statements_of(telegram, [tap(1, first, account.chat_id, code)])  # the code is known from then on
    sent = await statements_of(telegram, [tap(2, second, account.chat_id, code)])
    seats = ["begin and lock", "load", "write", "commit"]
    assert purposes_of(sent) == ["claim", "group", *seats, "lost cards"]


async def test_many_taps_at_once_cost_as_much_as_one(
    telegram: Telegram, account: Any, instance: Callable[..., Awaitable[str]], noon: datetime
) -> None:
    code = await instance(capacity=2 * MANY)
    first, *members = await known_members(MANY + 1, account.chat_id)
    await statements_of(telegram, [tap(1, first, account.chat_id, code)])
    taps = [tap(number, member, account.chat_id, code) for number, member in enumerate(members, 10)]
    sent = await statements_of(telegram, taps)
    assert len(sent) <= 2 * 7, purposes_of(sent)
    assert await db.value("SELECT booked FROM instance_seats") == MANY + 1


async def test_a_command(telegram: Telegram, account: Any, alice: Any, noon: datetime) -> None:
    await telegram.start("Alice")
    user = {"id": alice.telegram_id, "is_bot": False, "first_name": "Alice", "language_code": "en"}
    first, update = (command(number, alice.telegram_id, "/mybookings") for number in (2, 3))
    for one in (first, update):
        one["message"]["from"] = user
    await statements_of(telegram, [first])  # she is known under this name from then on
    assert purposes_of(await statements_of(telegram, [update])) == [
        "claim",
        "groups not known",
        "bookings",
        "shown list",
    ]
