"""What a process that ends does with the updates that it still handles."""

import asyncio
from collections.abc import Collection
from typing import Any

import structlog

log = structlog.get_logger()

END_TIMEOUT = 2.0  # seconds that an update has to end in once it was cancelled


async def finish_updates(running: Collection[asyncio.Task[Any]], timeout: float) -> None:  # noqa: ASYNC109 - cancels afterwards
    """Let updates be handled to their end, for `timeout` seconds. Those that are not done then are cancelled, so that none still
    runs while what it needs is closed. What nobody waits for comes again from Telegram a minute later."""
    if not running:
        return
    _, unfinished = await asyncio.wait(running, timeout=timeout)
    if unfinished:
        log.warning("updates cancelled", count=len(unfinished))
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=END_TIMEOUT)
