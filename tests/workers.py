"""Emerald's own processes in tests: started on the tests' database and sandbox, killed, and waited for without sleeping
longer than it takes."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from tests import forked
from tests.telegram import Telegram

PATIENCE = 60  # seconds; only a failing test ever waits so long


@contextmanager
def emerald(
    command: str, telegram: Telegram, *, failpoints: str = ""
) -> Iterator[ForkServerProcess]:
    """`emerald <command>` on the tests' database and sandbox."""
    ours = {"TELEGRAM_API_URL": telegram.url, "DATABASE_POOL_SIZE": "2", "FAILPOINTS": failpoints}
    process = forked.start({**os.environ, **ours}, forked.emerald, [command], None)
    try:
        yield process
    finally:
        process.kill()
        process.join()


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stdout: str
    stderr: str


async def command(*arguments: str) -> Done:
    """`emerald …` to its end, on the tests' database."""
    with TemporaryDirectory() as said:
        process = forked.start(os.environ, forked.emerald, list(arguments), Path(said))
        code = await ended(process, PATIENCE)
        return Done(code, *((Path(said) / number).read_text() for number in "12"))


async def ended(process: ForkServerProcess, within: float = 10) -> int:
    """How the process ended; -9 when it was killed. Raises `TimeoutError`."""
    await asyncio.to_thread(process.join, within)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError
    return process.exitcode


async def until(question: str, *values: object) -> None:
    """Come back as soon as the database says yes: only it can tell what another process has done."""
    from backend import db

    async with asyncio.timeout(PATIENCE):
        while not await db.value(question, *values):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
