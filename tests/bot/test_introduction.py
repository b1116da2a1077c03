"""What Telegram is told of the bot when it starts."""

import json

from backend.i18n import languages
from bot.bot_setup import COMMANDS, GROUP_COMMANDS, WEBHOOK_PATH, set_up_bot
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


async def test_with_a_webhook_telegram_is_told_where_and_with_what_secret(
    telegram: Telegram,
) -> None:
    """`X2`; and all kinds that are handled, chat_member among them, which is not sent unless asked for."""
    from backend.settings import settings

    assert await set_up_bot(telegram.bot, webhook=True)
    [call] = telegram.calls("setWebhook")
    assert call["params"]["url"] == f"https://emerald.example{WEBHOOK_PATH}"
    assert call["params"]["secret_token"] == settings.webhook_secret
    kinds = set(json.loads(call["params"]["allowed_updates"]))
    assert kinds >= {"message", "callback_query", "my_chat_member", "chat_member"}
    assert await set_up_bot(telegram.bot, webhook=False)
    assert (await telegram.bot.get_webhook_info()).url == ""


async def test_a_telegram_that_is_away_is_no_reason_to_fail(telegram: Telegram) -> None:
    telegram.sandbox.fault(method="setMyCommands", error_code=500)
    assert not await set_up_bot(telegram.bot, webhook=False)
    assert await set_up_bot(telegram.bot, webhook=False)
