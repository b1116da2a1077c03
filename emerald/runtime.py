"""Running one coroutine to its end: on uvloop, stopped by SIGTERM as by Ctrl-C, with a pool when it
needs one.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import uvloop

Result = TypeVar("Result")


def complete(main: Callable[[], Awaitable[Result]]) -> Result | None:
    """Run `main()` until it ends, or until SIGINT or SIGTERM cancels it; None in that case."""

    async def cancellable() -> Result | None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main())
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            return await task
        return None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(cancellable())


def complete_with_pool(name: str, main: Callable[[], Awaitable[Result]]) -> Result | None:
    """As `complete`, with this process's pool of connections open; `name` is how the server knows
    us.
    """
    from backend import db

    async def pooled() -> Result:
        await db.open_pool(name=name, size=2)
        try:
            return await main()
        finally:
            await db.close_pool()

    return complete(pooled)
