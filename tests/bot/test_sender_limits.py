"""Who sends a lot waits for themselves; what is dropped of it is not even read (`X7`, `X8`)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from aiogram.types import Chat, Message, Update, User

from backend import clock
from bot import polling, sender_limits
from bot.dispatcher import make_dispatcher
from bot.sender_limits import QUEUE_MAX, InOrder
from bot.updates import addressed_by, is_addressed, read_update
from tests.bot.test_webhook import PATH, app, client, held, tap, update
from tests.telegram import Telegram

__all__ = ["app", "client", "held"]

ALICE, BOB = User(id=1002, is_bot=False, first_name="Alice"), User(id=1003, is_bot=False, first_name="Bob")
PRIVATE, GROUP = {"id": 1002, "type": "private"}, {"id": -100_1, "type": "supergroup", "title": "Yoga"}


def message(chat: dict[str, Any], text: str | None = "/help", **more: Any) -> dict[str, Any]:
    sender = ALICE.model_dump(include={"id", "is_bot", "first_name"})
    body = {"message_id": 1, "date": 1, "from": sender, "chat": chat, "text": text, **more}
    return {field: value for field, value in body.items() if value is not None}


@pytest.mark.parametrize(
    ("update", "sender"),
    [
        ({"message": message(PRIVATE)}, 1002),
        ({"message": message(PRIVATE, "hello")}, 1002),
        ({"message": message(PRIVATE, None)}, 1002),
        ({"message": message(GROUP)}, 1002),
        ({"message": message(GROUP, "hello")}, None),
        ({"message": message(GROUP, None, new_chat_title="Tea")}, None),
        ({"message": message(GROUP, sender_chat=GROUP)}, None),
        ({"edited_message": message(PRIVATE)}, None),
        ({"callback_query": tap(1)["callback_query"]}, 1002),
        ({"inline_query": {"id": "1", "from": message(PRIVATE)["from"], "query": "", "offset": ""}}, 1002),
        ({"poll": None}, None),
        ({"message": "x"}, None),
        ({"message": {"from": "x", "chat": "y", "text": 1}}, None),
        ({"message": {"from": {"id": "x"}, "chat": {"type": "private"}}}, None),
        ({"callback_query": []}, None),
        ({"callback_query": "x"}, None),
    ],
)  # fmt: skip
def test_who_sent_it_is_seen_before_it_is_read(
    telegram: Telegram, update: dict[str, Any], sender: int | None
) -> None:
    """As it is seen afterwards; but that somebody speaks as a chat leaves it for later."""
    assert addressed_by(update) == sender
    read = read_update({"update_id": 1, **update}, telegram.bot)
    if read is not None and "sender_chat" not in str(update):
        assert is_addressed(read) is (sender is not None)


@pytest.mark.parametrize(("failpoint", "reads"), [("", QUEUE_MAX + 1), ("bot.reads-everything", 20)])
async def test_what_is_dropped_is_not_read(
    telegram: Telegram, client: httpx.AsyncClient, held: asyncio.Event, monkeypatch: pytest.MonkeyPatch,
    switch_off: Callable[[str], None], failpoint: str, reads: int,
) -> None:  # fmt: skip
    """Those in the queue, and the one that is answered by "too many"; then the control."""
    count = 0

    def read_and_count(*args: Any) -> Update | None:
        nonlocal count
        count += 1
        return read_update(*args)

    monkeypatch.setattr("bot.webhook.read_update", read_and_count)
    if failpoint:
        switch_off(failpoint)
    for n in range(20):
        assert (await client.post(PATH, json=update(6400 + n))).status_code == 200
    assert count == reads
    held.set()


async def test_a_tap_of_who_has_sent_too_much_this_minute_is_read(
    telegram: Telegram, app: Any, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every tap is answered; a command is not even read."""
    app.dispatcher.drops.__self__.rate._silent_until[1002] = clock.now() + timedelta(minutes=1)
    calls = len(telegram.calls("sendMessage"))
    assert (await client.post(PATH, json=update(6500))).content == b""
    assert len(telegram.calls("sendMessage")) == calls
    assert "callback_query_id" in (await client.post(PATH, json=tap(6501))).json()


async def run_in_order(in_order: InOrder, user: User, done: list[str], name: str, **more: Any) -> None:
    async def handler(_: Any, __: dict[str, Any]) -> None:
        done.append(name)
        await asyncio.sleep(0)

    chat = Chat(id=more.pop("chat", user.id), type="private")
    body = Message(message_id=1, date=1, chat=chat, from_user=user, text="/help", **more)  # type: ignore[arg-type]
    data = {"event_from_user": user, "event_chat": chat}
    await in_order(handler, Update(update_id=1, message=body), data)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.mark.parametrize(("failpoint", "second"), [("", []), ("bot.no-pause", ["a1"])])
async def test_others_are_answered_before_the_next_of_one_person(
    monkeypatch: pytest.MonkeyPatch, switch_off: Callable[[str], None], failpoint: str, second: list[str]
) -> None:
    """Alice's second waits for a while after her first; Bob's does not. Then the control."""
    monkeypatch.setattr(sender_limits, "PAUSE", 3600)
    if failpoint:
        switch_off(failpoint)
    in_order, done = InOrder(), list[str]()
    running = [asyncio.ensure_future(run_in_order(in_order, ALICE, done, f"a{n}")) for n in range(2)]
    running.append(asyncio.ensure_future(run_in_order(in_order, BOB, done, "b")))
    await settle()
    assert sorted(done) == ["a0", *second, "b"]
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_who_speaks_as_a_chat_keeps_no_other_chat_waiting() -> None:
    """`A11`: Telegram names the same sender for the anonymous administrators of every group."""
    in_order, done = InOrder(), list[str]()
    anonymous = User(id=1087968824, is_bot=True, first_name="Group")
    chats = [Chat(id=-n, type="supergroup") for n in (1, 2)]
    running = [
        asyncio.ensure_future(
            run_in_order(in_order, anonymous, done, f"{chat.id} {n}", chat=chat.id, sender_chat=chat)
        )
        for n in range(QUEUE_MAX)
        for chat in chats
    ]
    assert in_order._queues == {}
    await asyncio.sleep(0)
    assert {key: queue.size for key, queue in in_order._queues.items()} == {-1: QUEUE_MAX, -2: QUEUE_MAX}
    await asyncio.gather(*running)
    assert len(done) == 2 * QUEUE_MAX


async def test_where_updates_are_polled_they_are_dropped_unread_too(
    telegram: Telegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram is told that it need not bring them again."""
    dispatcher = make_dispatcher()
    dispatcher.drops.__self__.rate._silent_until[1002] = clock.now() + timedelta(minutes=1)  # type: ignore[attr-defined]
    offsets: list[int | None] = []
    read: list[int] = []

    async def get_updates(_: Any, offset: int | None, *__: Any) -> list[dict[str, Any]]:
        offsets.append(offset)
        if offset is not None:
            raise asyncio.CancelledError
        return [update(6600), tap(6601), update(6602)]

    def read_and_note(raw: Any, bot: Any) -> Update | None:
        read.append(raw["update_id"])
        return read_update(raw, bot)

    monkeypatch.setattr(polling, "get_updates", get_updates)
    monkeypatch.setattr(polling, "read_update", read_and_note)
    with pytest.raises(asyncio.CancelledError):
        await polling.poll_updates(telegram.bot, dispatcher)
    assert (offsets, read) == ([None, 6603], [6601])
