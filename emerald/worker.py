"""The worker: sends messages, keeps cards, and does what is due. Any number may run; one of them at a time sends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from backend import clock, db, leases
from backend.errors import Busy, Unavailable
from backend.settings import settings
from bot.bot_setup import set_up_bot
from bot.delivery.cards import retry_until_saved
from bot.delivery.sender import Sender
from bot.dispatcher import make_bot
from emerald.log import configure
from emerald.runtime import complete
from emerald.schedule import SCHEDULE, tick

log = structlog.get_logger()

HEARTBEAT = "worker"  # the lease that says some worker is alive
HEARTBEAT_LIFE = timedelta(seconds=15)
SENDER_PACE, TICKER_PACE, HEARTBEAT_PACE = 0.2, 1.0, 5.0  # seconds
AFTER_TROUBLE = 1.0
FAREWELL = 12.0  # seconds to finish what is under way; a container is killed after 20 or so
INTRODUCE_AGAIN = timedelta(minutes=1)


def main() -> None:
    """Be a worker until SIGINT or SIGTERM."""
    configure("worker")
    complete(work)


async def work() -> None:
    """Work until cancelled; then finish what is under way, and hand the lease on."""
    await db.open_pool(name="emerald-worker")
    bot = make_bot(settings)
    sender = Sender(bot)
    try:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(_do_duties())
            loops.create_task(run_forever(sender.step, SENDER_PACE))
            loops.create_task(run_forever(send_heartbeat, HEARTBEAT_PACE))
            if settings.telegram_webhook:
                loops.create_task(_set_up_bot_once(sender))
    finally:
        await _farewell(sender)
        await bot.session.close()
        await db.close_pool()


async def send_heartbeat() -> None:
    """Say that a worker is alive; whichever of several says it."""
    await leases.take(HEARTBEAT, HEARTBEAT, HEARTBEAT_LIFE)


async def is_alive() -> bool:
    """Whether some worker is at work; for /ready."""
    return await leases.is_held(HEARTBEAT)


async def _do_duties() -> None:
    """Each duty in a loop of its own: a slow one holds up no other."""
    await retry_until_saved(lambda: leases.register_jobs([duty.name for duty in SCHEDULE]))
    async with asyncio.TaskGroup() as loops:
        for duty in SCHEDULE:
            loops.create_task(run_forever(partial(tick, (duty,)), TICKER_PACE))


async def _set_up_bot_once(sender: Sender) -> None:
    """With a webhook nobody polls, so who sends also tells Telegram where we are and what we understand."""
    again = clock.now()
    while True:
        if sender.epoch is not None and clock.now() >= again:
            if await set_up_bot(sender.bot, webhook=True):
                return
            again = clock.now() + INTRODUCE_AGAIN
        await asyncio.sleep(TICKER_PACE)


async def run_forever(act: Callable[[], Awaitable[object]], pace: float) -> None:
    """Do it every `pace` seconds, come what may: a worker that ends because of one fault helps nobody."""
    while True:
        begun = time.monotonic()
        try:
            await act()
        except (Busy, Unavailable) as error:
            log.warning("database away", error=str(error))
            await asyncio.sleep(AFTER_TROUBLE)
        except Exception:
            log.exception("worker's loop failed")
            await asyncio.sleep(AFTER_TROUBLE)
        await asyncio.sleep(max(0.0, pace - (time.monotonic() - begun)))


async def _farewell(sender: Sender) -> None:
    try:
        async with asyncio.timeout(FAREWELL):
            await sender.stop()
    except TimeoutError:
        log.warning("something is left under way; who sends next sees to it")
    except (Busy, Unavailable) as error:
        log.warning("could not hand on the lease", error=str(error))
