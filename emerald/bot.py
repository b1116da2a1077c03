"""The bot by long polling, for where Telegram cannot reach us: at home, in development, with the sandbox."""

import asyncio

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.types import Update

from backend import db
from backend.errors import Unavailable
from backend.groups.presence import set_membership_checker
from backend.settings import settings
from bot.bot_setup import set_up_bot
from bot.delivery.client import get_updates, make_bot
from bot.dispatcher import make_dispatcher, used_update_types
from emerald.log import configure, log_start
from emerald.runtime import complete
from emerald.telegram_http import TelegramHttp

log = structlog.get_logger()

POLL = 25  # seconds Telegram holds a question open
AT_ONCE = 50  # updates handled side by side
SHORTEST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
DATABASE_PAUSES = (1, 2, 5, 10, 20, 30, 30)  # seconds
FAREWELL = 5.0


def main() -> None:
    """Poll until SIGINT or SIGTERM."""
    configure("bot")
    log_start()
    complete(poll)


async def poll() -> None:
    """Ask for updates and handle them until cancelled. With a webhook there is nothing to ask: only introduces the bot."""
    await db.open_pool(name="emerald-bot")
    bot = make_bot(settings, retries=True)
    telegram = TelegramHttp()
    set_membership_checker(telegram.is_in_chat)
    try:
        pause = SHORTEST_PAUSE
        while not await set_up_bot(bot, webhook=settings.telegram_webhook):
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)
        if not settings.telegram_webhook:
            await _poll(bot, make_dispatcher())
    finally:
        await telegram.close()
        await bot.session.close()
        await db.close_pool()


async def _feed(bot: Bot, dispatcher: Dispatcher, update: Update) -> None:
    """Handle an update, again while the database is away: Telegram would not bring it a second time."""
    for pause in DATABASE_PAUSES:
        try:
            await dispatcher.feed_update(bot, update)
        except Unavailable:
            await asyncio.sleep(pause)
        else:
            return
    log.error("update lost: the database stayed away", update=update.update_id)


async def _poll(bot: Bot, dispatcher: Dispatcher) -> None:
    room = asyncio.Semaphore(AT_ONCE)
    under_way: set[asyncio.Task[None]] = set()
    kinds, offset, pause = used_update_types(dispatcher), None, SHORTEST_PAUSE

    async def handle(update: Update) -> None:
        try:
            await _feed(bot, dispatcher, update)
        except Exception:
            log.exception("update failed", update=update.update_id)
        finally:
            room.release()

    log.info("polling", bot=settings.telegram_bot_name)
    try:
        while True:
            try:
                updates = await get_updates(bot, offset, kinds, POLL)
            except TelegramRetryAfter as refusal:
                await asyncio.sleep(refusal.retry_after)
                continue
            except AiogramError as error:
                log.warning("telegram away", error=str(error))
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, pause * 2)
                continue
            pause = SHORTEST_PAUSE
            for update in updates:
                await room.acquire()
                task = asyncio.create_task(handle(update))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
                offset = update.update_id + 1
    finally:
        if under_way:
            await asyncio.wait(under_way, timeout=FAREWELL)
