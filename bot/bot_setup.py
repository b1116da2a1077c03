"""Setting the bot up at Telegram: its commands, menu button and webhook."""

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from backend.i18n import DEFAULT, N_, Voice, languages
from backend.settings import settings
from bot.delivery.client import delete_webhook, set_commands, set_menu_button, set_webhook

log = structlog.get_logger()

WEBHOOK_PATH = "/telegram/webhook"
WEBHOOK_CONNECTIONS = 40

COMMANDS = {
    "events": N_("What is coming"),
    "book": N_("Take a seat"),
    "leave": N_("Give your seat back"),
    "take": N_("Take the seat that is held for you"),
    "pass": N_("Let it go to the next in line"),
    "mybookings": N_("What you are in"),
    "calendar": N_("A date for your own calendar"),
    "regulars": N_("Your standing seats"),
    "polls": N_("What can be voted on"),
    "vote": N_("Vote"),
    "app": N_("Open the app"),
    "settings": N_("What we tell you, and when"),
    "help": N_("What you can send"),
    "id": N_("The numbers of this chat and of you"),
}
# Commands with personal answers are not offered in groups.
GROUP_COMMANDS = ("events", "book", "leave", "polls", "vote", "app", "help")


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
