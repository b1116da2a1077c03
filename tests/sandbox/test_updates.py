"""Fetching updates: order, offsets, kinds, and two pollers at once."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramConflictError

from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, press


async def test_gives_updates_until_they_are_confirmed(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    alice.say("one")
    alice.say("two")
    first = await bot.get_updates()
    assert await bot.get_updates() == first
    assert len(await bot.get_updates(limit=1)) == 1
    (last,) = await bot.get_updates(offset=first[2].update_id)
    assert last.update_id == first[0].update_id + 2
    assert await bot.get_updates(offset=last.update_id + 1) == []


async def test_a_negative_offset_keeps_the_last(bot: Bot, alice: SandboxPerson) -> None:
    for text in ("one", "two", "three"):
        alice.say(text)
    (last,) = await bot.get_updates(offset=-1)
    assert last.message is not None
    assert last.message.text == "three"


async def test_a_long_poll_ends_with_the_first_update(bot: Bot, alice: SandboxPerson) -> None:
    polling = asyncio.create_task(bot.get_updates(timeout=30))
    await asyncio.to_thread(alice.start)
    assert len(await polling) == 1


async def test_sends_only_allowed_updates(bot: Bot, alice: SandboxPerson) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    alice.start()
    assert await bot.get_updates() == []
    await bot.get_updates(allowed_updates=[])
    alice.say("Hello")
    assert len(await bot.get_updates()) == 1


async def test_the_second_poller_ends_the_first(bot: Bot, sandbox: Sandbox) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=30))
    before = sandbox.counters()["version"]
    await asyncio.to_thread(sandbox.get, f"changes?after={before}&within=5", 5.0)
    await bot.get_updates()
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await first


async def test_callback_queries_expire_before_other_updates(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    alice.tap(yoga.messages()[-1], "Join", timeout=0)
    alice.say("Hello", yoga)
    sandbox.advance(151)
    (left,) = await bot.get_updates()
    assert left.message is not None
    sandbox.advance(24 * 3600)
    assert await bot.get_updates() == []
