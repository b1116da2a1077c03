"""Ephemeral messages as Telegram plays them (Bot API 10.2, 10.3): for one person in a group, on their tap or command."""

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramNotFound
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    EphemeralMessageParameters,
    ReplyParameters,
)

from sandbox.client import Refused, Sandbox, SandboxChat, SandboxPerson
from tests.sandbox.buttons import keyboard, link, press


def for_one(person: SandboxPerson, tap: str | None = None) -> EphemeralMessageParameters:
    return EphemeralMessageParameters(receiver_user_id=person.id, callback_query_id=tap)


async def test_an_administrator_shows_it_to_one_alone(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    sent = await bot.send_message(yoga.id, "You are third", ephemeral_message_parameters=for_one(alice))
    assert sent.message_id == 0 and sent.ephemeral_message_id and sent.receiver_user
    seen = [sandbox.get(f"view?who={who}&chat_id={yoga.id}")["chat"]["messages"] for who in (1002, 1003)]
    assert [[m["text"] for m in messages].count("You are third") for messages in seen] == [1, 0]
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("Second", chat_id=yoga.id, message_id=sent.ephemeral_message_id)
    assert await bot.delete_ephemeral_message(yoga.id, alice.id, sent.ephemeral_message_id)
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_ephemeral_message(yoga.id, alice.id, sent.ephemeral_message_id)


async def test_others_only_within_15_seconds_of_a_tap(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    yoga.bot("member")
    with pytest.raises(TelegramBadRequest, match="not enough rights"):
        await bot.send_message(yoga.id, "Psst", ephemeral_message_parameters=for_one(alice))
    tap = alice.press()
    await bot.send_message(yoga.id, "Psst", ephemeral_message_parameters=for_one(alice, tap))
    with pytest.raises(TelegramBadRequest, match="too old or invalid"):
        await bot.send_message(
            yoga.id, "Psst", ephemeral_message_parameters=for_one(sandbox.person("Bob"), tap)
        )
    sandbox.advance(16)
    with pytest.raises(TelegramBadRequest, match="too old or invalid"):
        await bot.send_message(yoga.id, "Psst", ephemeral_message_parameters=for_one(alice, tap))


async def test_an_ephemeral_command_is_seen_by_the_bot_alone_and_answered_alike(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    yoga.bot("member")
    with pytest.raises(Refused, match="does not offer this"):
        await asyncio.to_thread(alice.say, "/queue", yoga, ephemeral=True)
    offered = [
        BotCommand(command="queue", description="Lines", is_ephemeral=True),
        BotCommand(command="events", description="Events"),
    ]
    await bot.set_my_commands(offered, scope=BotCommandScopeAllGroupChats())
    listed = await bot.get_my_commands(scope=BotCommandScopeAllGroupChats())
    assert [each.is_ephemeral for each in listed] == [True, None]
    await asyncio.to_thread(alice.say, "/queue", yoga)  # an app of today sends it so by itself
    [*_, update] = await bot.get_updates()
    asked = update.message
    assert asked is not None and asked.message_id == 0 and asked.ephemeral_message_id
    reply = ReplyParameters(ephemeral_message_id=asked.ephemeral_message_id)
    with pytest.raises(TelegramBadRequest, match="must be ephemeral"):
        await bot.send_message(yoga.id, "Third", reply_parameters=reply)
    await bot.send_message(
        yoga.id, "Third", reply_parameters=reply, ephemeral_message_parameters=for_one(alice)
    )
    sandbox.advance(16)
    with pytest.raises(TelegramBadRequest, match="too old or not found"):
        await bot.send_message(
            yoga.id, "Third", reply_parameters=reply, ephemeral_message_parameters=for_one(alice)
        )
    for text, chat in (("/queue", None), ("/queue@other_bot", yoga), ("/events", yoga), ("queue", yoga)):
        with pytest.raises(Refused, match="does not offer this"):
            await asyncio.to_thread(alice.say, text, chat, ephemeral=True)
    await asyncio.to_thread(alice.say, "/queue", yoga, ephemeral=False)  # an older app
    [*_, update] = await bot.get_updates()
    assert update.message is not None and update.message.ephemeral_message_id is None


async def test_what_is_refused(bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson) -> None:
    alice.start()
    with pytest.raises(TelegramBadRequest, match="only in groups"):
        await bot.send_message(alice.id, "Psst", ephemeral_message_parameters=for_one(alice))
    charlie = sandbox.person("Charlie")
    with pytest.raises(TelegramBadRequest, match="receiver of the ephemeral message not found"):
        await bot.send_message(yoga.id, "Psst", ephemeral_message_parameters=for_one(charlie))
    with pytest.raises(TelegramBadRequest, match="callback buttons are not modelled"):
        await bot.send_message(
            yoga.id,
            "Psst",
            reply_markup=keyboard([press("Join")]),
            ephemeral_message_parameters=for_one(alice),
        )
    await bot.send_message(
        yoga.id,
        "Psst",
        reply_markup=keyboard([link("Start", "https://t.me/emerald_bot?start=x")]),
        ephemeral_message_parameters=for_one(alice),
    )


async def test_an_older_server_ignores_what_it_does_not_know(
    bot: Bot, sandbox: Sandbox, yoga: SandboxChat, alice: SandboxPerson
) -> None:
    sandbox.ephemeral(known=False)
    with pytest.raises(TelegramNotFound):
        await bot.delete_ephemeral_message(yoga.id, alice.id, 0)
    sent = await bot.send_message(yoga.id, "For all", ephemeral_message_parameters=for_one(alice))
    assert sent.message_id and sent.ephemeral_message_id is None
