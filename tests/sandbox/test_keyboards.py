"""Keyboards, and those that Telegram would reject."""

from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton, ReplyKeyboardRemove, WebAppInfo

from sandbox.client import SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, link, press
from tests.sandbox.conftest import APP_PORT

APP = f"http://127.0.0.1:{APP_PORT}/app/"


async def refused(bot: Bot, chat_id: int, *buttons: InlineKeyboardButton) -> str:
    with pytest.raises(TelegramBadRequest) as error:
        await bot.send_message(chat_id, "Hello", reply_markup=keyboard(list(buttons)))
    return str(error.value)


async def test_web_app_buttons_exist_only_in_private_chats(
    bot: Bot, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    opener = InlineKeyboardButton(text="Open", web_app=WebAppInfo(url=APP))
    assert "BUTTON_TYPE_INVALID" in await refused(bot, yoga.id, opener)
    alice.start()
    sent = await bot.send_message(alice.id, "Hello", reply_markup=keyboard([opener]))
    assert sent.reply_markup is not None
    web_app = sent.reply_markup.inline_keyboard[0][0].web_app
    assert web_app is not None
    assert web_app.url == APP


async def test_needs_https_unless_it_is_the_app_under_test(bot: Bot, alice: SandboxPerson) -> None:
    alice.start()
    other = InlineKeyboardButton(text="Open", web_app=WebAppInfo(url="http://example.com/"))
    assert "Only HTTPS links are allowed" in await refused(bot, alice.id, other)
    assert "Wrong HTTP URL" in await refused(bot, alice.id, link("Go", "http://localhost/x"))
    await bot.send_message(alice.id, "Hello", reply_markup=keyboard([link("Go", APP)]))


@pytest.mark.parametrize("data", ["x" * 65, "ä" * 33])
async def test_data_has_1_to_64_bytes(bot: Bot, yoga: SandboxChat, data: str) -> None:
    """C4: button data of 64 bytes."""
    assert "BUTTON_DATA_INVALID" in await refused(bot, yoga.id, press("Join", data))
    await bot.send_message(yoga.id, "a", reply_markup=keyboard([press("Join", data[:-1])]))


async def test_a_button_does_exactly_one_thing(bot: Bot, yoga: SandboxChat) -> None:
    both = InlineKeyboardButton(text="x", url="https://example.com", callback_data="y")
    assert "Text buttons are unallowed" in await refused(bot, yoga.id, both)
    assert "Text buttons are unallowed" in await refused(bot, yoga.id, InlineKeyboardButton(text="x"))


async def test_at_most_eight_in_a_row_and_a_hundred_in_all(bot: Bot, yoga: SandboxChat) -> None:
    assert "BUTTONS_TOO_MUCH" in await refused(bot, yoga.id, *[press("x")] * 9)
    rows: list[list[Any]] = [[press("x")]] * 101
    with pytest.raises(TelegramBadRequest, match="too many"):
        await bot.send_message(yoga.id, "Hello", reply_markup=keyboard(*rows))


async def test_rejects_markup_that_is_not_modelled(bot: Bot, yoga: SandboxChat) -> None:
    with pytest.raises(TelegramBadRequest, match="not modelled by the sandbox"):
        await bot.send_message(yoga.id, "Hello", reply_markup=ReplyKeyboardRemove())
