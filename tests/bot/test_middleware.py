"""Updates of one person are handled in order, those of others concurrently."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram.types import Chat, Message, Update, User

from bot import sender_limits
from bot.sender_limits import QUEUE_MAX, InOrder, TooManyAtOnce


async def test_one_persons_updates_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """To join and then leave does not become the reverse, however long the first takes."""
    monkeypatch.setattr(sender_limits, "PAUSE", 0)
    in_order, events = InOrder(), list[str]()
    gate = asyncio.Event()

    async def pass_through(user_id: int, name: str, *, waits: bool = False) -> None:
        async def handler(_: Any, __: dict[str, Any]) -> None:
            events.append(f"{name} begins")
            if waits:
                await gate.wait()
            events.append(f"{name} ends")

        user = User(id=user_id, is_bot=False, first_name="x")
        chat = Chat(id=1, type="private")
        message = Message(message_id=1, date=datetime.fromtimestamp(1, UTC), chat=chat, text="/help")
        data = {"event_from_user": user, "event_chat": chat}
        await in_order(handler, Update(update_id=1, message=message), data)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pass_through(1, "join", waits=True))
        tasks.create_task(pass_through(1, "leave"))
        tasks.create_task(pass_through(1, "look"))
        other = tasks.create_task(pass_through(2, "other"))
        await other
        assert events == ["join begins", "other begins", "other ends"]
        gate.set()
    assert events[3:] == ["join ends", "leave begins", "leave ends", "look begins", "look ends"]
    assert in_order._queues == {}


async def test_the_queue_of_one_person_has_an_end(switch_off: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`QUEUE_MAX` are kept; the first that is dropped is answered. Switched off, all wait."""
    monkeypatch.setattr(sender_limits, "PAUSE", 0)
    in_order, gate = InOrder(), asyncio.Event()
    handled, told = list[int](), list[int]()

    async def send(number: int) -> None:
        async def handler(_: Any, __: dict[str, Any]) -> None:
            await gate.wait()
            handled.append(number)

        user = User(id=1, is_bot=False, first_name="x")
        chat = Chat(id=1, type="private")
        message = Message(message_id=number, date=datetime.fromtimestamp(1, UTC), chat=chat, text="/help")
        try:
            await in_order(
                handler,
                Update(update_id=number, message=message),
                {"event_from_user": user, "event_chat": chat},
            )
        except TooManyAtOnce:
            told.append(number)

    async def flood() -> None:
        handled.clear()
        told.clear()
        gate.clear()
        async with asyncio.TaskGroup() as tasks:
            for number in range(20):
                tasks.create_task(send(number))
            await asyncio.sleep(0)
            gate.set()

    await flood()
    assert (handled, told) == (list(range(QUEUE_MAX)), [QUEUE_MAX])
    switch_off("bot.no-queue-limit")
    await flood()
    assert (handled, told) == (list(range(20)), [])
