"""Injected faults, and the sending limits that can be switched on."""

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
from tests.sandbox.conftest import wait_until


async def test_a_fault_answers_the_next_calls_with_429(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    sandbox.fault(method="sendMessage", error_code=429, retry_after=5, times=2)
    await bot.get_me()
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter, match="Too Many Requests: retry after 5") as error:
            await bot.send_message(yoga.id, "Hello")
        assert error.value.retry_after == 5
    await bot.send_message(yoga.id, "Hello")
    assert sandbox.counters()["faults_struck"] == 2


async def test_a_fault_may_be_for_one_chat(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, runners: SandboxChat
) -> None:
    sandbox.fault(chat_id=yoga.id, error_code=500, description="Internal Server Error")
    await bot.send_message(runners.id, "Hello")
    with pytest.raises(TelegramServerError):
        await bot.send_message(yoga.id, "Hello")


async def test_a_fault_may_lose_the_answer_of_a_call(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    """M1: after a lost answer it is unknown whether the message was sent."""
    sandbox.fault(drop_after_apply=True)
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(yoga.id, "Hello")
    assert yoga.messages()[-1]["text"] == "Hello"
    assert sandbox.calls("sendMessage")[-1]["result"]["text"] == "Hello"


async def test_a_fault_may_leave_a_call_without_an_answer(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat
) -> None:
    sandbox.fault(drop_after_apply=True, hang=True)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(yoga.id, "Hello", request_timeout=1)
    assert yoga.messages()[-1]["text"] == "Hello"


async def test_a_fault_may_delay_an_answer(bot: Bot, sandbox: Sandbox, yoga: SandboxChat) -> None:
    sandbox.fault(delay_ms=3_600_000)
    sending = asyncio.create_task(bot.send_message(yoga.id, "Hello"))

    async def was_triggered() -> bool:
        return bool(sandbox.counters()["faults_struck"])

    await wait_until(sandbox, was_triggered)
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
    with pytest.raises(TelegramRetryAfter) as error:
        await bot.send_message(yoga.id, "one too many")
    assert 58 <= error.value.retry_after <= 60
    sandbox.advance(error.value.retry_after)
    await bot.send_message(yoga.id, "now")


async def test_a_private_chat_takes_one_a_second(
    bot: Bot, sandbox: Sandbox, alice: SandboxPerson, bob: SandboxPerson
) -> None:
    alice.start()
    bob.start()
    sandbox.flood(True)
    await bot.send_message(alice.id, "a")
    await bot.send_message(bob.id, "b")
    with pytest.raises(TelegramRetryAfter) as error:
        await bot.send_message(alice.id, "c")
    assert error.value.retry_after == 1


async def test_all_chats_together_take_30_a_second(bot: Bot, sandbox: Sandbox) -> None:
    chats = [sandbox.make_chat(f"Group {n}") for n in range(31)]
    sandbox.flood(True)
    results = await asyncio.gather(
        *(bot.send_message(chat.id, "Hello") for chat in chats), return_exceptions=True
    )
    assert sum(isinstance(result, TelegramRetryAfter) for result in results) == 1


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
