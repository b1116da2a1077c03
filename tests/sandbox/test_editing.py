"""Editing, deleting and pinning what was sent."""

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import EditMessageText
from aiogram.types import Message

from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, press


async def test_an_edit_without_a_keyboard_removes_it(bot: Bot, yoga: SandboxChat) -> None:
    sent = await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    edited = await bot.edit_message_text("2 free", chat_id=yoga.id, message_id=sent.message_id)
    assert isinstance(edited, Message)
    assert edited.reply_markup is None
    assert edited.edit_date is not None
    shown = yoga.wait(message_id=sent.message_id, edits=1)
    assert shown["buttons"] == []
    assert [version["text"] for version in shown["history"]] == ["3 free", "2 free"]


async def test_refuses_an_edit_that_changes_nothing(bot: Bot, yoga: SandboxChat) -> None:
    markup = keyboard([press("Join")])
    sent = await bot.send_message(yoga.id, "<b>3</b> free", parse_mode="HTML", reply_markup=markup)
    same = EditMessageText(
        chat_id=yoga.id,
        message_id=sent.message_id,
        text="<b>3</b> free",
        parse_mode="HTML",
        reply_markup=markup,
    )
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message"):
        await bot(same)
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await bot.edit_message_reply_markup(chat_id=yoga.id, message_id=sent.message_id, reply_markup=markup)
    await bot(same.model_copy(update={"parse_mode": None}))


async def test_edits_only_the_keyboard(bot: Bot, yoga: SandboxChat) -> None:
    sent = await bot.send_message(yoga.id, "3 free", reply_markup=keyboard([press("Join")]))
    await bot.edit_message_reply_markup(
        chat_id=yoga.id, message_id=sent.message_id, reply_markup=keyboard([press("Leave")])
    )
    shown = yoga.messages()[-1]
    assert (shown["text"], shown["buttons"][0][0]["text"]) == ("3 free", "Leave")


async def test_cannot_edit_deleted_messages_or_those_of_others(
    bot: Bot, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    sent = await bot.send_message(yoga.id, "3 free")
    yoga.delete(sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("2 free", chat_id=yoga.id, message_id=sent.message_id)
    message = alice.say("Hello", yoga)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("Bye", chat_id=yoga.id, message_id=message["id"])


async def test_deletes_its_own_and_with_the_right_others_messages(
    bot: Bot, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    sent = await bot.send_message(yoga.id, "3 free")
    message = alice.say("sk_secret", yoga)
    yoga.bot("member")
    await bot.delete_message(yoga.id, sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
        await bot.delete_message(yoga.id, message["id"])
    yoga.bot("administrator", ["can_delete_messages"])
    await bot.delete_message(yoga.id, message["id"])
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(yoga.id, message["id"])
    assert [m["text"] for m in yoga.messages(after=1)] == []
    assert len(yoga.messages(after=1, deleted=True)) == 2


async def test_cannot_delete_after_two_days_without_the_right(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat
) -> None:
    sent = await bot.send_message(yoga.id, "3 free")
    yoga.bot("member")
    sandbox.advance(48 * 3600 + 1)
    with pytest.raises(TelegramBadRequest, match="message can't be deleted"):
        await bot.delete_message(yoga.id, sent.message_id)


async def test_pins_where_it_may(bot: Bot, yoga: SandboxChat) -> None:
    sent = await bot.send_message(yoga.id, "3 free")
    yoga.bot("administrator", ["can_delete_messages"])
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage pinned messages"):
        await bot.pin_chat_message(yoga.id, sent.message_id)
    yoga.bot("administrator", ["can_pin_messages"])
    await bot.pin_chat_message(yoga.id, sent.message_id)
    full = await bot.get_chat(yoga.id)
    assert isinstance(full.pinned_message, Message)
    assert full.pinned_message.text == "3 free"
    assert "pinned_message" in yoga.messages()[-1]["service"]
