"""Updates of one person are handled one after another, those of others beside them."""

import asyncio
from typing import Any

from aiogram.types import Chat, Update, User

from bot.middleware import InOrder


async def test_one_persons_updates_keep_their_order() -> None:
    """Join, then leave, is not leave, then join, however long the first takes."""
    in_turn, said = InOrder(), list[str]()
    gate = asyncio.Event()

    async def pass_through(who: int, name: str, *, waits: bool = False) -> None:
        async def handler(_: Any, __: dict[str, Any]) -> None:
            said.append(f"{name} begins")
            if waits:
                await gate.wait()
            said.append(f"{name} ends")

        user = User(id=who, is_bot=False, first_name="x")
        data = {"event_from_user": user, "event_chat": Chat(id=1, type="private")}
        await in_turn(handler, Update(update_id=1), data)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(pass_through(1, "join", waits=True))
        tasks.create_task(pass_through(1, "leave"))
        tasks.create_task(pass_through(1, "look"))
        other = tasks.create_task(pass_through(2, "other"))
        await other
        assert said == ["join begins", "other begins", "other ends"]
        gate.set()
    assert said[3:] == ["join ends", "leave begins", "leave ends", "look begins", "look ends"]
    assert in_turn._queues == {}
