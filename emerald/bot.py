"""The bot by long polling, for machines that Telegram cannot reach: at home, in development, with the
sandbox."""

import asyncio
from functools import partial

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramConflictError, TelegramRetryAfter
from aiogram.types import Update

from backend import db, maintenance
from backend.errors import Unavailable
from backend.groups.presence import set_membership_checker
from backend.settings import settings
from bot.bot_setup import set_up_bot
from bot.delivery.client import get_updates, make_bot
from bot.dispatcher import make_dispatcher, used_update_types
from bot.middleware import is_addressed
from bot.updates import read_update
from emerald.log import configure, log_start
from emerald.metrics_server import metrics_served
from emerald.pollers import poll_alone
from emerald.runtime import complete, freeze_loaded
from emerald.telegram_http import TelegramHttp
from emerald.watchdog import watched

log = structlog.get_logger()

POLL_TIMEOUT = 25  # seconds for which Telegram holds a poll open
CONCURRENT_MAX = 50  # updates handled at the same time
PAUSE_MIN, PAUSE_MAX = 1.0, 30.0  # seconds between tries while Telegram is away
DATABASE_PAUSES = (1, 2, 5, 10, 20, 30, 30)  # seconds
MAINTENANCE_PAUSE = 5.0  # seconds
STOP_TIMEOUT = 5.0  # seconds to finish the updates that have begun


def main(*, metrics_offset: int = 0) -> None:
    """Poll until SIGINT or SIGTERM. Its `/metrics` is at `METRICS_PORT` and this many ports further."""
    configure("bot")
    log_start()
    complete(partial(poll_watched, metrics_offset))


async def poll_watched(metrics_offset: int = 0) -> None:
    """`poll` with metrics, and end the process should it stand still."""
    freeze_loaded()
    async with metrics_served(metrics_offset), watched():
        await poll()


async def poll() -> None:
    """Poll for updates and handle them until cancelled. With a webhook, only set the bot up."""
    await db.open_pool(name="emerald-bot")
    bot = make_bot(settings)
    telegram = TelegramHttp()
    set_membership_checker(telegram.is_in_chat)
    try:
        pause = PAUSE_MIN
        while not await set_up_bot(bot, webhook=settings.telegram_webhook):
            await asyncio.sleep(pause)
            pause = min(PAUSE_MAX, pause * 2)
        if not settings.telegram_webhook:
            await poll_alone(lambda: _poll(bot, make_dispatcher()))
    finally:
        await telegram.close()
        await bot.session.close()
        await db.close_pool()


async def _feed(bot: Bot, dispatcher: Dispatcher, update: Update) -> None:
    """Handle an update, and try again while the database is away: Telegram does not send it a second time."""
    for pause in DATABASE_PAUSES:
        try:
            await dispatcher.feed_update(bot, update)
        except Unavailable:
            await asyncio.sleep(pause)
        else:
            return
    log.error("update lost: database unavailable", update=update.update_id)


async def _poll(bot: Bot, dispatcher: Dispatcher) -> None:
    slots = asyncio.Semaphore(CONCURRENT_MAX)
    running: set[asyncio.Task[None]] = set()
    kinds, offset, pause = used_update_types(dispatcher), None, PAUSE_MIN

    async def handle(update: Update) -> None:
        try:
            await _feed(bot, dispatcher, update)
        except Exception:
            log.exception("update failed", update=update.update_id)
        finally:
            slots.release()

    log.info("polling", bot=settings.telegram_bot_name)
    try:
        while True:
            try:
                updates = await get_updates(bot, offset, kinds, POLL_TIMEOUT)
            except TelegramRetryAfter as error:
                await asyncio.sleep(error.retry_after)
                continue
            except AiogramError as error:
                if isinstance(error, TelegramConflictError):
                    log.error("another program polls with this bot's token", error=str(error))
                else:
                    log.warning("telegram unavailable", error=str(error))
                await asyncio.sleep(pause)
                pause = min(PAUSE_MAX, pause * 2)
                continue
            pause = PAUSE_MIN
            for raw in updates:
                update = read_update(raw, bot)
                if update is None:
                    offset = raw["update_id"] + 1
                    continue
                if not is_addressed(update) and await maintenance.is_on():
                    # Not confirmed: Telegram sends it again, with all that came after it.
                    await asyncio.sleep(MAINTENANCE_PAUSE)
                    break
                await slots.acquire()
                task = asyncio.create_task(handle(update))
                running.add(task)
                task.add_done_callback(running.discard)
                offset = update.update_id + 1
    finally:
        if running:
            await asyncio.wait(running, timeout=STOP_TIMEOUT)
