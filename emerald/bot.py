"""The bot by long polling, for machines that Telegram cannot reach: at home, in development, with the
sandbox."""

import asyncio
from functools import partial

from backend.groups.presence import set_membership_checker
from backend.settings import settings
from bot.bot_setup import set_up_bot
from bot.delivery.client import make_bot
from bot.dispatcher import make_dispatcher
from bot.polling import PAUSE_MAX, PAUSE_MIN, poll_updates
from bot.rendering import load_templates
from emerald.log import configure, log_start
from emerald.metrics_server import metrics_served
from emerald.pollers import poll_alone
from emerald.runtime import complete, connected, freeze_loaded
from emerald.telegram_http import TelegramHttp
from emerald.watchdog import watched


def main(*, metrics_offset: int = 0) -> None:
    """Poll until SIGINT or SIGTERM. Its `/metrics` is at `METRICS_PORT` and this many ports further."""
    configure("bot")
    log_start()
    complete(partial(poll_watched, metrics_offset))


async def poll_watched(metrics_offset: int = 0) -> None:
    """`poll` with metrics, and end the process should it stand still."""
    load_templates()
    freeze_loaded()
    async with connected("emerald-bot"), metrics_served(metrics_offset), watched():
        await poll()


async def poll() -> None:
    """With a pool that is open, poll for updates and handle them until cancelled. With a webhook, only set the bot up."""
    bot = make_bot(settings)
    telegram = TelegramHttp()
    set_membership_checker(telegram.is_in_chat)
    try:
        pause = PAUSE_MIN
        while not await set_up_bot(bot, webhook=settings.telegram_webhook):
            await asyncio.sleep(pause)
            pause = min(PAUSE_MAX, pause * 2)
        if not settings.telegram_webhook:
            await poll_alone(lambda: poll_updates(bot, make_dispatcher()))
    finally:
        await telegram.close()
        await bot.session.close()
