"""Saving what must not be forgotten because the database was away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from backend.errors import Busy, Unavailable

log = structlog.get_logger()

RETRY_PAUSE = 0.5  # seconds
Result = TypeVar("Result")


async def retry_until_saved(act: Callable[[], Awaitable[Result]]) -> Result:
    """Do it again until the database answers: what Telegram has done already must be recorded, however long
    that takes."""
    while True:
        try:
            return await act()
        except (Busy, Unavailable) as error:
            log.warning("asking the database again", error=str(error))
            await asyncio.sleep(RETRY_PAUSE)
