"""Button presses: the bot answers once, in time and with at most 200 characters."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardButton, WebAppInfo

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, link, press
from tests.sandbox.conftest import APP_PORT


async def next_callback_query(bot: Bot) -> CallbackQuery:
    for update in await bot.get_updates(timeout=10):
        if update.callback_query:
            return update.callback_query
    raise AssertionError("Nobody pressed anything.")


async def test_a_tap_gets_the_bot_s_answer(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join", "join:7")]))
    card = yoga.messages()[-1]
    tap = asyncio.create_task(asyncio.to_thread(alice.tap, card, "Join"))
    query = await next_callback_query(bot)
    assert (query.data, query.from_user.first_name) == ("join:7", "Alice")
    assert query.chat_instance == yoga.now["instance"]
    await bot.answer_callback_query(query.id, "You are in.", show_alert=True)
    assert await tap == {
        "kind": "callback",
        "answer": {"text": "You are in.", "show_alert": True},
    }


async def test_a_press_is_answered_once(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    query = await tap_join(bot, yoga, alice)
    await bot.answer_callback_query(query.id)
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_callback_query(query.id)


async def test_an_answer_comes_in_time(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    query = await tap_join(bot, yoga, alice)
    sandbox.advance(16)
    with pytest.raises(TelegramBadRequest, match="response timeout expired or query ID is invalid"):
        await bot.answer_callback_query(query.id)


async def test_an_answer_has_200_characters(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    query = await tap_join(bot, yoga, alice)
    with pytest.raises(TelegramBadRequest, match="MESSAGE_TOO_LONG"):
        await bot.answer_callback_query(query.id, "x" * 201)
    await bot.answer_callback_query(query.id, "x" * 200)


async def test_an_answer_may_lead_only_to_the_bot(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    query = await tap_join(bot, yoga, alice)
    with pytest.raises(TelegramBadRequest, match="URL_INVALID"):
        await bot.answer_callback_query(query.id, url="https://example.com")
    await bot.answer_callback_query(query.id, url="https://t.me/emerald_bot?start=x")


async def test_an_unanswered_tap_has_no_answer(bot: Bot, yoga: SandboxChat, alice: SandboxPerson) -> None:
    await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    card = yoga.messages()[-1]
    assert alice.tap(card, "Join", timeout=0.05) == {"kind": "callback", "answer": None}


async def test_a_stranger_cannot_tap_in_a_group(bot: Bot, yoga: SandboxChat, charlie: SandboxPerson) -> None:
    await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    with pytest.raises(Refused, match="Charlie is not in Kallio Yoga"):
        charlie.tap(yoga.messages()[-1], "Join")


async def test_other_buttons_lead_where_they_say(bot: Bot, alice: SandboxPerson, yoga: SandboxChat) -> None:
    app = f"http://127.0.0.1:{APP_PORT}/app/?x=1"
    await bot.send_message(
        yoga.id,
        "3 free",
        reply_markup=keyboard(
            [link("Open", "https://t.me/emerald_bot/app?startapp=e_1")],
            [link("Start", "https://t.me/emerald_bot?start=key_1"), link("Map", "https://map.fi")],
        ),
    )
    card = yoga.messages()[-1]
    opened = alice.tap(card, "Open")
    assert opened["kind"] == "app"
    assert "start_param=e_1" in opened["init_data"]
    assert "chat_type=supergroup" in opened["init_data"]
    assert alice.tap(card, "Start") == {"kind": "start", "payload": "key_1"}
    assert alice.tap(card, row=1, col=1) == {"kind": "link", "url": "https://map.fi"}
    alice.start()
    opener = InlineKeyboardButton(text="Open", web_app=WebAppInfo(url=app))
    await bot.send_message(alice.id, "Hello", reply_markup=keyboard([opener]))
    opened = alice.tap(alice.private.messages()[-1], "Open")
    assert opened["url"].startswith(f"{app}#tgWebAppData=query_id")


async def tap_join(bot: Bot, yoga: SandboxChat, person: SandboxPerson) -> CallbackQuery:
    await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    person.tap(yoga.messages()[-1], "Join", timeout=0)
    return await next_callback_query(bot)
