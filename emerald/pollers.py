"""One bot process polls for each token, by a lease (decision 0009): Telegram gives each update to one of two
pollers, and refuses the other."""

import asyncio
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from backend import clock, leases
from backend.errors import Busy, Unavailable
from backend.retry import retry_until_saved
from backend.settings import settings

log = structlog.get_logger()

LIFE, PAUSE = timedelta(seconds=5), 1.0  # a crash is noticed within five seconds
WARN_AGAIN = timedelta(minutes=1)


class LeaseLost(Exception):
    """Another process holds the lease now."""


def poller_lease() -> str:
    """The lease of whoever polls with this bot's token."""
    return f"poller {settings.bot_id}"


def waiting_lease() -> str:
    """The lease of whoever would poll with this bot's token, and finds that another does."""
    return f"poller waiting {settings.bot_id}"


async def poll_alone(act: Callable[[], Awaitable[None]]) -> None:
    """Run `act` while this process holds the lease of its bot's poller, and wait while another does."""
    name, holder = poller_lease(), f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    warned_at = None
    try:
        while True:
            if await retry_until_saved(lambda: leases.take(name, holder, LIFE)):
                warned_at = None
                with suppress(LeaseLost):
                    await _run_with_lease(act, name, holder)
            if warned_at is None or clock.now() >= warned_at + WARN_AGAIN:
                log.warning("another bot process polls with this token; this one waits", lease=name)
                warned_at = clock.now()
            await retry_until_saved(lambda: leases.take(waiting_lease(), holder, LIFE))
            await asyncio.sleep(PAUSE)
    finally:
        with suppress(Busy, Unavailable):
            await leases.release(name, holder)
            await leases.release(waiting_lease(), holder)


async def _run_with_lease(act: Callable[[], Awaitable[None]], name: str, holder: str) -> None:
    acting = asyncio.ensure_future(act())
    try:
        while not acting.done():
            await asyncio.wait((acting,), timeout=PAUSE)
            try:
                if await leases.take(name, holder, LIFE) is None:
                    raise LeaseLost
            except (Busy, Unavailable) as error:
                # While the database is away nobody can take the lease.
                log.warning("database unavailable", error=str(error))
        await acting
    finally:
        acting.cancel()
        await asyncio.wait((acting,))
