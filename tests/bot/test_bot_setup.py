"""Setting the bot up at Telegram: commands and webhook."""

import json

from aiogram.types import BotCommand, BotCommandScopeAllGroupChats

from backend.i18n import languages
from bot.bot_setup import WEBHOOK_PATH, differences, set_up_bot
from bot.command_names import COMMANDS, GROUP_COMMANDS
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


async def test_inline_mode_that_is_off_is_found_with_what_to_do(telegram: Telegram) -> None:
    """Only a person can switch it on, at @BotFather; the rest is set up all the same."""
    telegram.sandbox.inline_mode(on=False)
    assert await set_up_bot(telegram.bot, webhook=False)
    [found] = await differences(telegram.bot, webhook=False)
    assert (found.what, found.now, found.wanted, found.mend) == ("inline mode", "off", "on", None)
    assert "/setinline" in found.hint and "/setinlinefeedback" in found.hint
    telegram.sandbox.inline_mode()
    assert await differences(telegram.bot, webhook=False) == []
