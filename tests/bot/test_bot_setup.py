"""Setting the bot up at Telegram: commands and webhook."""

import json
from dataclasses import replace
from typing import Any

import pytest
from aiogram.types import BotCommand, BotCommandScopeAllGroupChats

from backend import db
from backend.accounts.organisers import reachable_organisers
from backend.i18n import Voice, languages
from bot.bot_setup import WEBHOOK_PATH, differences, set_up_bot
from bot.command_names import COMMANDS, GROUP_COMMANDS, ORGANISER_LIST
from bot.delivery.profile import get_commands_of_chat, set_commands_of_chat
from tests.telegram import Telegram


async def test_every_command_is_described_in_every_language(telegram: Telegram) -> None:
    assert await set_up_bot(telegram.bot, webhook=False)
    for language in languages():
        code = None if language == "en" else language
        described = await telegram.bot.get_my_commands(
            scope={"type": "all_private_chats"},  # type: ignore[arg-type]
            language_code=code,
        )
        assert [each.command for each in described] == list(COMMANDS)
        assert all(each.description for each in described)
    assert set(GROUP_COMMANDS) < set(COMMANDS)


async def test_the_webhook_is_set_with_its_secret(
    telegram: Telegram,
) -> None:
    """`X2`; and all handled kinds of updates, among them chat_member, which Telegram sends only on
    request."""
    from backend.settings import settings

    assert await set_up_bot(telegram.bot, webhook=True)
    [call] = telegram.calls("setWebhook")
    assert call["params"]["url"] == f"https://emerald.example{WEBHOOK_PATH}"
    assert call["params"]["secret_token"] == settings.webhook_secret
    kinds = set(json.loads(call["params"]["allowed_updates"]))
    assert kinds >= {"message", "callback_query", "my_chat_member", "chat_member"}
    assert await set_up_bot(telegram.bot, webhook=False)
    assert (await telegram.bot.get_webhook_info()).url == ""


async def test_setup_survives_an_unavailable_telegram(telegram: Telegram) -> None:
    telegram.sandbox.fault(method="setMyCommands", error_code=500)
    assert not await set_up_bot(telegram.bot, webhook=False)
    assert await set_up_bot(telegram.bot, webhook=False)


async def test_what_is_right_stays_untouched(telegram: Telegram) -> None:
    assert len(await differences(telegram.bot, webhook=False)) > 8
    assert await set_up_bot(telegram.bot, webhook=False)
    assert await differences(telegram.bot, webhook=False) == []
    calls = len(telegram.calls("setMyCommands"))
    assert await set_up_bot(telegram.bot, webhook=False)
    assert len(telegram.calls("setMyCommands")) == calls


async def test_what_somebody_changed_is_found_and_mended(telegram: Telegram) -> None:
    assert await set_up_bot(telegram.bot, webhook=False)
    await telegram.bot.set_my_commands(
        [BotCommand(command="spam", description="Spam")], BotCommandScopeAllGroupChats(), "fi"
    )
    await telegram.bot.set_webhook("https://elsewhere.example/")
    found = await differences(telegram.bot, webhook=False)
    assert [(each.what, each.now.split(" for ")[0]) for each in found] == [
        ("commands in groups, fi", "/spam – Spam"),
        ("webhook", "https://elsewhere.example/"),
    ]
    assert await set_up_bot(telegram.bot, webhook=False)
    assert await differences(telegram.bot, webhook=False) == []


async def test_organisers_are_offered_their_commands_in_their_language(
    telegram: Telegram, account: Any, olga: Any, alice: Any
) -> None:
    """Each in the private chat; members have everybody's list, and so has whoever organises no more."""
    for name in ("Olga", "Alice"):
        await telegram.start(name)
    await db.execute("UPDATE telegram_users SET language = 'fi' WHERE id = $1", olga.id)
    [found] = organisers = await reachable_organisers()
    assert (found.id, found.language) == (olga.id, "fi")
    await set_commands_of_chat(telegram.bot, olga.telegram_id, [])  # /start had set them in English
    [missing] = [
        each
        for each in await differences(telegram.bot, webhook=False, organisers=organisers)
        if "private chat " in each.what
    ]
    assert (missing.what, missing.now) == (f"commands in the private chat {olga.telegram_id}", "")
    assert await set_up_bot(telegram.bot, webhook=False, organisers=organisers)
    assert await differences(telegram.bot, webhook=False, organisers=organisers) == []
    described = {
        each.command: each.description
        for each in await get_commands_of_chat(telegram.bot, olga.telegram_id) or ()
    }
    assert {"audit", "seat", "mybookings"} <= set(described) and not {"here", "unlink"} & set(described)
    assert described["create"] == Voice("fi").gettext("Create an event") != "Create an event"
    assert await get_commands_of_chat(telegram.bot, alice.telegram_id) == []


@pytest.mark.parametrize("command", ["/start", "/help"])
async def test_the_list_follows_the_role_at_the_next_start_or_help(
    telegram: Telegram, account: Any, olga: Any, alice: Any, command: str
) -> None:
    for name in ("Olga", "Alice"):
        await telegram.start(name)
    await db.execute("UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1", alice.id)
    await telegram.say("Alice", command)
    offered = await get_commands_of_chat(telegram.bot, alice.telegram_id)
    assert [each.command for each in offered or ()] == list(ORGANISER_LIST)
    await telegram.say("Alice", command)
    assert len(telegram.calls("setMyCommands")) == 2  # Olga's and Alice's, once each
    await db.execute("UPDATE memberships SET role = 'MEMBER' WHERE user_id = $1", alice.id)
    await telegram.say("Alice", command)
    assert await get_commands_of_chat(telegram.bot, alice.telegram_id) == []


async def test_help_is_answered_though_the_list_cannot_be_set(
    telegram: Telegram, account: Any, olga: Any
) -> None:
    telegram.sandbox.fault(method="setMyCommands", error_code=500)
    await telegram.start("Olga")
    assert "/audit" in (await telegram.say("Olga", "/help"))["text"]
    offered = await get_commands_of_chat(telegram.bot, olga.telegram_id)
    assert [each.command for each in offered or ()] == list(ORGANISER_LIST)  # the second time


async def test_a_chat_that_telegram_does_not_know_is_left_out(
    telegram: Telegram, account: Any, olga: Any
) -> None:
    gone = replace(olga, telegram_id=999_999)
    assert await set_up_bot(telegram.bot, webhook=False, organisers=[gone])
    assert await differences(telegram.bot, webhook=False, organisers=[gone]) == []


async def test_inline_mode_that_is_off_is_found_with_what_to_do(telegram: Telegram) -> None:
    """Only a person can switch it on, at @BotFather; the rest is set up all the same."""
    telegram.sandbox.inline_mode(on=False)
    assert await set_up_bot(telegram.bot, webhook=False)
    [found] = await differences(telegram.bot, webhook=False)
    assert (found.what, found.now, found.wanted, found.mend) == ("inline mode", "off", "on", None)
    assert "/setinline" in found.hint and "/setinlinefeedback" in found.hint
    telegram.sandbox.inline_mode()
    assert await differences(telegram.bot, webhook=False) == []
