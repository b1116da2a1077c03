"""Faults that tests ask for, and the limits that can be switched on."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, press


async def test_the_next_calls_are_told_to_wait(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    sandbox.fault(method="sendMessage", error_code=429, retry_after=5, times=2)
    await bot.get_me()
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter, match="Too Many Requests: retry after 5") as told:
            await bot.send_message(yoga.id, "Hello")
        assert told.value.retry_after == 5
    await bot.send_message(yoga.id, "Hello")
    assert sandbox.counters()["faults_struck"] == 2


async def test_a_fault_may_be_for_one_chat(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, runners: SandboxChat
) -> None:
    sandbox.fault(chat_id=yoga.id, error_code=500, description="Internal Server Error")
    await bot.send_message(runners.id, "Hello")
    with pytest.raises(TelegramServerError):
        await bot.send_message(yoga.id, "Hello")


async def test_a_call_may_take_effect_unheard(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    """M1: after a lost answer nobody knows whether it was sent."""
    sandbox.fault(drop_after_apply=True)
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(yoga.id, "Hello")
    assert yoga.messages()[-1]["text"] == "Hello"
    assert sandbox.calls("sendMessage")[-1]["result"]["text"] == "Hello"


async def test_a_call_may_take_effect_and_never_end(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    sandbox.fault(drop_after_apply=True, hang=True)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(yoga.id, "Hello", request_timeout=1)
    assert yoga.messages()[-1]["text"] == "Hello"


async def test_an_answer_may_be_late(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    sandbox.fault(delay_ms=3_600_000)
    sending = asyncio.create_task(bot.send_message(yoga.id, "Hello"))
    await asyncio.to_thread(struck, sandbox)
    assert not sending.done()
    sandbox.advance(3600)
    assert (await sending).text == "Hello"


async def test_a_fault_must_do_something(sandbox: Sandbox) -> None:
    for fault in ({}, {"times": 0, "error_code": 500}):
        with pytest.raises(Refused):
            sandbox.fault(**fault)


async def test_is_not_limited_until_it_is_switched_on(bot: Bot, yoga: SandboxChat) -> None:
    for number in range(40):
        await bot.send_message(yoga.id, str(number))


async def test_a_group_takes_20_a_minute_edits_included(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat
) -> None:
    """M2, C2: sending and editing share the limit."""
    sandbox.flood(True)
    sent = await bot.send_message(yoga.id, "0")
    for number in range(1, 20):
        await bot.edit_message_text(str(number), chat_id=yoga.id, message_id=sent.message_id)
    with pytest.raises(TelegramRetryAfter) as told:
        await bot.send_message(yoga.id, "one too many")
    assert 58 <= told.value.retry_after <= 60
    sandbox.advance(told.value.retry_after)
    await bot.send_message(yoga.id, "now")


async def test_a_private_chat_takes_one_a_second(
    bot: Bot, sandbox: Sandbox, alice: SandboxPerson, bob: SandboxPerson
) -> None:
    alice.start()
    bob.start()
    sandbox.flood(True)
    await bot.send_message(alice.id, "a")
    await bot.send_message(bob.id, "b")
    with pytest.raises(TelegramRetryAfter) as told:
        await bot.send_message(alice.id, "c")
    assert told.value.retry_after == 1


async def test_all_chats_together_take_30_a_second(bot: Bot, sandbox: Sandbox) -> None:
    rooms = [sandbox.make_chat(f"Group {n}") for n in range(31)]
    sandbox.flood(True)
    sent = await asyncio.gather(
        *(bot.send_message(room.id, "Hello") for room in rooms), return_exceptions=True
    )
    assert sum(isinstance(one, TelegramRetryAfter) for one in sent) == 1


async def test_answers_to_a_press_are_never_limited(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    card = yoga.messages()[-1]
    sandbox.flood(True)
    for _ in range(40):
        alice.tap(card, "Join", timeout=0)
    for update in await bot.get_updates():
        if update.callback_query:
            await bot.answer_callback_query(update.callback_query.id)
    with pytest.raises(TelegramBadRequest):
        await bot.answer_callback_query("0")


def struck(sandbox: Sandbox) -> None:
    while not sandbox.counters()["faults_struck"]:
        version = sandbox.counters()["version"]
        sandbox.get(f"changes?after={version}&within=0.2", 1.0)
