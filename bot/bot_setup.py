"""Setting the bot up at Telegram: its commands, menu button and webhook. What is there already stays untouched, so that it may
be done at every start; `emerald setup-bot` shows what differs."""

from collections.abc import Sequence
from functools import partial

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError

from backend.i18n import languages
from backend.people.queries import Person
from backend.settings import settings
from bot.command_lists import Difference, compare_commands, compare_organiser
from bot.delivery.profile import (
    delete_webhook,
    get_menu_button,
    get_webhook,
    has_inline_mode,
    set_menu_button,
    set_webhook,
)

log = structlog.get_logger()

WEBHOOK_PATH = "/telegram/webhook"
WEBHOOK_CONNECTIONS = 40
MENU_LABEL = "Emerald"
_WEBHOOK = "webhook"
INLINE_HINT = (
    "In Telegram, write to @BotFather: /setinline, choose the bot, and as the placeholder send: yoga, tuesday…\n"
    "Then /setinlinefeedback, choose the bot, and choose Enabled. Without it shared cards have no buttons."
)


async def set_up_bot(bot: Bot, *, webhook: bool, organisers: Sequence[Person] = ()) -> bool:
    """Make everything at Telegram as it should be; the webhook always anew, because nobody can read back with which secret
    it was set. Returns False when Telegram refused."""
    try:
        for difference in await differences(bot, webhook=webhook, organisers=organisers):
            if difference.mend is not None and not (webhook and difference.what == _WEBHOOK):
                await difference.mend()
        if webhook:
            await _set_webhook(bot)
    except AiogramError as error:
        log.warning("bot setup failed", error=str(error))
        return False
    return True


async def differences(bot: Bot, *, webhook: bool, organisers: Sequence[Person] = ()) -> list[Difference]:
    """What differs, in the private chats of these organisers too. Raises Telegram's errors."""
    found = []
    for language in languages():
        found += await compare_commands(bot, language)
    for organiser in organisers:
        found += await compare_organiser(bot, organiser)
    found += await _compare_menu_button(bot)
    found += await _compare_inline_mode(bot)
    return [*found, *await _compare_webhook(bot, webhook=webhook)]


async def _compare_menu_button(bot: Bot) -> list[Difference]:
    """Telegram opens web apps over HTTPS only, the sandbox any."""
    if not (settings.sandbox or settings.public_url.startswith("https://")):
        return []
    now, wanted = await get_menu_button(bot), f"{settings.public_url}/app/"
    if now == wanted:
        return []
    return [Difference("menu button", now, wanted, partial(set_menu_button, bot, MENU_LABEL, wanted))]


async def _compare_inline_mode(bot: Bot) -> list[Difference]:
    """Whether `@bot yoga` works in any chat. That what was sent is reported too, without which it stays without buttons,
    cannot be asked."""
    if await has_inline_mode(bot):
        return []
    return [Difference("inline mode", "off", "on", None, INLINE_HINT)]


async def _compare_webhook(bot: Bot, *, webhook: bool) -> list[Difference]:
    info = await get_webhook(bot)
    now = f"{info.url} for {', '.join(sorted(info.allowed_updates or ()))}" if info.url else ""
    if not webhook:
        return [Difference(_WEBHOOK, now, "", partial(delete_webhook, bot))] if now else []
    wanted = f"{settings.public_url}{WEBHOOK_PATH} for {', '.join(sorted(_update_types()))}"
    if now == wanted:
        return []
    return [Difference(_WEBHOOK, now, wanted, partial(_set_webhook, bot))]


async def _set_webhook(bot: Bot) -> None:
    url = f"{settings.public_url}{WEBHOOK_PATH}"
    await set_webhook(bot, url, settings.webhook_secret, _update_types(), WEBHOOK_CONNECTIONS)


def _update_types() -> list[str]:
    from bot.dispatcher import make_dispatcher, used_update_types

    return used_update_types(make_dispatcher())
