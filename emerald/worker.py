"""The worker: sends messages, edits cards, and runs the jobs that are due. Any number may run; one at a time
sends."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import structlog

from backend import clock, leases, maintenance
from backend.errors import Busy, Unavailable
from backend.events.zone_changes import keep_wall_clocks
from backend.polls.zone_changes import keep_poll_dates
from backend.retry import retry_until_saved
from backend.settings import settings
from bot.bot_setup import set_up_bot
from bot.delivery.client import make_bot
from bot.delivery.sender import Sender
from emerald.log import configure, log_start
from emerald.metrics_server import metrics_served
from emerald.runtime import complete, connected, freeze_loaded
from emerald.schedule import SCHEDULE, find_due, run_claimed
from emerald.watchdog import watch

log = structlog.get_logger()

HEARTBEAT = "worker"  # the lease that shows that a worker is alive
HEARTBEAT_LIFE = timedelta(seconds=15)
SEND_INTERVAL, JOB_INTERVAL, HEARTBEAT_INTERVAL = 0.2, 1.0, 5.0  # seconds
REST_INTERVAL = 0.4  # seconds between two looks of a sender that has nothing to do: at night most of a small server's work
PAUSE_AFTER_ERROR = 1.0  # seconds
STOP_TIMEOUT = 12.0  # seconds to finish what has begun; container engines kill after about 20
SET_UP_AGAIN = timedelta(minutes=1)


def main(*, metrics_offset: int = 0) -> None:
    """Be a worker until SIGINT or SIGTERM. Its `/metrics` is at `METRICS_PORT` and this many ports further."""
    configure("worker")
    log_start()
    complete(partial(work_measured, metrics_offset))


async def work_measured(metrics_offset: int = 0) -> None:
    """`work` with metrics."""
    freeze_loaded()
    async with connected("emerald-worker"), metrics_served(metrics_offset):
        await work()


async def work() -> None:
    """Work, with a pool that is open, until cancelled; then finish what has begun, and release the sender's lease."""
    bot = make_bot(settings)
    sender = Sender(bot)
    try:
        async with asyncio.TaskGroup() as loops:
            loops.create_task(watch())
            loops.create_task(run_forever(send_heartbeat, HEARTBEAT_INTERVAL))
            # First the hours are right (S10); then people are told of them.
            await retry_until_saved(keep_wall_clocks)
            await retry_until_saved(keep_poll_dates)
            loops.create_task(_run_jobs())
            loops.create_task(run_forever(partial(_send, sender), SEND_INTERVAL, REST_INTERVAL))
            if settings.telegram_webhook:
                loops.create_task(_set_up_bot(sender))
    finally:
        await _stop(sender)
        await bot.session.close()


async def _send(sender: Sender) -> bool:
    """Whether anything was begun, or is under way still."""
    return bool(await unless_maintained(sender.step)) or sender.is_sending


async def send_heartbeat() -> None:
    """Show that a worker is alive. Several workers share the lease."""
    await leases.take(HEARTBEAT, HEARTBEAT, HEARTBEAT_LIFE)


async def is_alive() -> bool:
    """Whether a worker is alive; for /ready."""
    return await leases.is_held(HEARTBEAT)


async def _run_jobs() -> None:
    """Ask every second, in one statement, which jobs are due, and run each beside the others, so that a slow one
    delays no other."""
    await retry_until_saved(lambda: leases.register_jobs([job.name for job in SCHEDULE]))
    running: dict[str, asyncio.Task[object]] = {}
    async with asyncio.TaskGroup() as runs:

        async def start_due() -> None:
            idle = [job for job in SCHEDULE if job.name not in running or running[job.name].done()]
            for job in await find_due(idle):
                running[job.name] = runs.create_task(_attempt(partial(run_claimed, job)))

        await run_forever(partial(unless_maintained, start_due), JOB_INTERVAL)


async def _set_up_bot(sender: Sender) -> None:
    """Give Telegram the webhook's address and the bot's commands, once. With a webhook no process polls and
    does this, so the worker that sends does."""
    next_try = clock.now()
    while True:
        if sender.epoch is not None and clock.now() >= next_try:
            if await set_up_bot(sender.bot, webhook=True):
                return
            next_try = clock.now() + SET_UP_AGAIN
        await asyncio.sleep(JOB_INTERVAL)


async def unless_maintained(act: Callable[[], Awaitable[object]]) -> object:
    """Call `act` unless maintenance is on: then nothing is sent and nothing is done, until it is over. What it returned."""
    return None if await maintenance.is_on() else await act()


async def run_forever(
    act: Callable[[], Awaitable[object]], interval: float, rest: float | None = None
) -> None:
    """Call `act` every `interval` seconds, or after `rest` seconds when it returned nothing or 0. An error is logged and does
    not end the loop: a worker that ends because of one fault would stop everything else."""
    while True:
        started = time.monotonic()
        pause = interval if await _attempt(act) or rest is None else rest
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - started)))


async def _attempt(act: Callable[[], Awaitable[object]]) -> object:
    """What `act` returned; None after an error."""
    try:
        return await act()
    except (Busy, Unavailable) as error:
        log.warning("database unavailable", error=str(error))
        await asyncio.sleep(PAUSE_AFTER_ERROR)
    except Exception:
        log.exception("worker loop failed")
        await asyncio.sleep(PAUSE_AFTER_ERROR)
    return None


async def _stop(sender: Sender) -> None:
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            await sender.stop()
    except TimeoutError:
        log.warning("sends left unfinished; the next sender recovers them")
    except (Busy, Unavailable) as error:
        log.warning("could not release the sender's lease", error=str(error))
