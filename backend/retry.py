"""Saving what must not be forgotten because the database was away."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from backend.errors import Busy, Unavailable

log = structlog.get_logger()

RETRY_PAUSE = 0.5  # seconds
Result = TypeVar("Result")


async def retry_until_saved(act: Callable[[], Awaitable[Result]], *, within: float = math.inf) -> Result:
    """Do it again until the database answers: what is done already must be recorded, however long that takes, or for `within`
    seconds. Raises what the last try raised."""
    loop = asyncio.get_running_loop()
    last_try = loop.time() + within
    while True:
        try:
            return await act()
        except (Busy, Unavailable) as error:
            if loop.time() >= last_try:
                raise
            log.warning("asking the database again", error=str(error))
            await asyncio.sleep(RETRY_PAUSE)
