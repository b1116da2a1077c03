"""Updates of one person are handled in order, those of others concurrently."""

import asyncio
from typing import Any

from aiogram.types import Chat, Update, User

from bot.middleware import InOrder


async def test_one_persons_updates_keep_their_order() -> None:
    """To join and then leave does not become the reverse, however long the first takes."""
    in_order, events = InOrder(), list[str]()
    gate = asyncio.Event()

    async def pass_through(user_id: int, name: str, *, waits: bool = False) -> None:
        async def handler(_: Any, __: dict[str, Any]) -> None:
            events.append(f"{name} begins")
            if waits:
                await gate.wait()
            events.append(f"{name} ends")

        user = User(id=user_id, is_bot=False, first_name="x")
        data = {"event_from_user": user, "event_chat": Chat(id=1, type="private")}
        await in_order(handler, Update(update_id=1), data)

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
