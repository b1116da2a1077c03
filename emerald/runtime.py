"""What every process and command needs: the database, a pool of connections, and one coroutine run to its
end."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TypeVar

import uvloop

from backend import db, embedded, failpoints
from backend.settings import settings
from backend.variables import SettingsError
from emerald.errors import Interrupted

Result = TypeVar("Result")

# New objects after which the collector looks for garbage among the new ones. With Python's own 700 it did so for every twelve
# bookings, because that many requests at once hold more; it took a twentieth of their time.
YOUNG_MAX = 10_000


@contextlib.contextmanager
def database(*, needs_nothing_else: bool = False) -> Iterator[None]:
    """The embedded server, if the settings name no other: started unless it runs, and stopped unless another
    process uses it. Raises `SettingsError` where the settings are the database's only, and more is needed."""
    if settings.database_only and not needs_nothing_else:
        raise SettingsError(
            [
                "DATABASE_ONLY is for `emerald migrate`, `create-roles` and `backup`: unset it to run anything else."
            ]
        )
    if not settings.database_embedded:
        yield
        return
    embedded.start(settings.home)
    try:
        yield
    finally:
        embedded.stop(settings.home)


def complete(main: Callable[[], Awaitable[Result]]) -> Result | None:
    """Run `main()` on uvloop until it ends, or until SIGINT or SIGTERM cancels it; None in that case."""

    async def cancellable() -> Result | None:
        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(main())
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            return await task
        return None

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(cancellable())


def result_of(main: Callable[[], Awaitable[Result]]) -> Result:
    """As `complete`, for a command that must have a result. Raises `Interrupted`."""

    async def boxed() -> tuple[Result]:
        return (await main(),)

    done = complete(boxed)
    if done is None:
        raise Interrupted
    return done[0]


def result_with_pool(name: str, main: Callable[[], Awaitable[Result]]) -> Result:
    """As `result_of`, with a pool of connections open. `name` is the server's name for this process."""

    async def pooled() -> Result:
        async with connected(name, size=2):
            return await main()

    return result_of(pooled)


@contextlib.asynccontextmanager
async def connected(name: str, *, size: int | None = None) -> AsyncIterator[None]:
    """A pool of connections, open until the end of the block. `name` is the server's name for this process. Raises
    `Unavailable`."""
    await db.open_pool(name=name, size=size)
    try:
        yield
    finally:
        await db.close_pool()


def freeze_loaded() -> None:
    """Leave out of later garbage collections what exists now: the code, which stays to the end.

    A full collection walks every object and holds the interpreter meanwhile, 0.1 to 0.2 s in a process that has loaded
    the bot. What somebody sends decides when one is due, and everybody waits for it.
    """
    if not failpoints.on("collector.walks-code"):
        gc.collect()
        gc.freeze()
        gc.set_threshold(YOUNG_MAX)
