"""Long polling: fetches updates from Telegram and handles them, where Telegram cannot reach the webhook."""

import asyncio

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramConflictError, TelegramRetryAfter
from aiogram.types import Update

from backend import maintenance
from backend.errors import Unavailable
from backend.settings import settings
from bot.delivery.client import get_updates
from bot.dispatcher import used_update_types
from bot.routing import IndexedDispatcher
from bot.shutdown import finish_updates
from bot.updates import is_addressed, read_update

log = structlog.get_logger()

POLL_TIMEOUT = 25  # seconds for which Telegram holds a poll open
CONCURRENT_MAX = 50  # updates handled at the same time
PAUSE_MIN, PAUSE_MAX = 1.0, 30.0  # seconds between tries while Telegram is away
DATABASE_PAUSES = (1, 2, 5, 10, 20, 30, 30)  # seconds
MAINTENANCE_PAUSE = 5.0  # seconds
STOP_TIMEOUT = 5.0  # seconds to finish the updates that have begun


async def poll_updates(bot: Bot, dispatcher: IndexedDispatcher) -> None:
    """Fetch updates and handle each beside the others, until cancelled; then finish those that have begun."""
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
                update = None if dispatcher.drops(raw) else read_update(raw, bot)
                if update is None:
                    offset = raw["update_id"] + 1
                    continue
                if not is_addressed(update) and await maintenance.is_on():
                    # Not confirmed: Telegram sends it again, with all that came after it.
                    await asyncio.sleep(MAINTENANCE_PAUSE)
                    break
                await slots.acquire()
                task = asyncio.create_task(handle(update))  # noqa: TID251 — a request of its own, no transaction
                running.add(task)
                task.add_done_callback(running.discard)
                offset = update.update_id + 1
    finally:
        await finish_updates(running, STOP_TIMEOUT)


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
