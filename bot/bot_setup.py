"""Setting the bot up at Telegram: its commands, menu button and webhook."""

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from backend.i18n import DEFAULT, Voice, languages
from backend.settings import settings
from bot.command_names import COMMANDS, GROUP_COMMANDS
from bot.delivery.client import delete_webhook, set_commands, set_menu_button, set_webhook

log = structlog.get_logger()

WEBHOOK_PATH = "/telegram/webhook"
WEBHOOK_CONNECTIONS = 40


async def set_up_bot(bot: Bot, *, webhook: bool) -> bool:
    """Set the commands, the menu button, and the webhook or none. Returns False when Telegram refused."""
    try:
        await _set_commands(bot)
        if settings.sandbox or settings.public_url.startswith("https://"):
            await set_menu_button(bot, "Emerald", f"{settings.public_url}/app/")
        if webhook:
            from bot.dispatcher import make_dispatcher, used_update_types

            await set_webhook(
                bot,
                f"{settings.public_url}{WEBHOOK_PATH}",
                settings.webhook_secret,
                used_update_types(make_dispatcher()),
                WEBHOOK_CONNECTIONS,
            )
        else:
            await delete_webhook(bot)
    except AiogramError as error:
        log.warning("bot setup failed", error=str(error))
        return False
    return True


async def _set_commands(bot: Bot) -> None:
    for language in languages():
        voice = Voice(language)
        # Without a code the commands are those of all other languages too.
        code = None if language == DEFAULT else language
        for scope, names in (
            (BotCommandScopeAllPrivateChats(), tuple(COMMANDS)),
            (BotCommandScopeAllGroupChats(), GROUP_COMMANDS),
        ):
            commands = [BotCommand(command=name, description=voice.gettext(COMMANDS[name])) for name in names]
            await set_commands(bot, commands, scope, code)
