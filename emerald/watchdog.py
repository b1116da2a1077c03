"""Ends a process whose event loop stands still: whoever started it starts it again (`restart` in
`docker-compose.prod.yml`, `emerald run`). An engine's health check only marks it.

The watch is kept by a thread of the interpreter that needs no lock of it (`faulthandler`). A thread in Python
would itself wait for a search or a parser that holds the interpreter.
"""

import asyncio
import contextlib
import faulthandler
from collections.abc import AsyncIterator

from backend import failpoints

STALLED_AFTER = 30.0  # seconds
BEAT = 2.0  # seconds


async def watch() -> None:
    """Until cancelled: should this event loop run nothing for `STALLED_AFTER`, write to standard error in which
    lines the threads are, no values, and end the process with 1."""
    if failpoints.on("watchdog.off"):
        return
    try:
        while True:
            faulthandler.dump_traceback_later(STALLED_AFTER, exit=True)
            await asyncio.sleep(BEAT)
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """Watch the event loop meanwhile."""
    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})
