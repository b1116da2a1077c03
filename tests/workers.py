"""Emerald's own processes in tests: started on the tests' database and sandbox, killed, and waited for."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests import forked
from tests.telegram import Telegram

# Seconds for a state of the database and for a command; only a failing test waits so long.
STATE_TIMEOUT, COMMAND_TIMEOUT = 25, 60


@contextmanager
def emerald(command: str, telegram: Telegram, *, failpoints: str = "") -> Iterator[ForkServerProcess]:
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
    """The exit code and the output of a command."""

    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str, **environ: str) -> Done:
    """Run `emerald …` to its end, on the tests' database unless `environ` names another."""
    with TemporaryDirectory() as directory:
        out = Path(directory)
        process = forked.start({**os.environ, **environ}, forked.emerald, list(arguments), out)
        code = _end(process, COMMAND_TIMEOUT)
        return Done(code, (out / "1").read_text(), (out / "2").read_text())


async def command(*arguments: str) -> Done:
    """As `run`, in a thread."""
    return await asyncio.to_thread(run, *arguments)


async def ended(process: ForkServerProcess, within: float = 10) -> int:
    """The exit code of the process; -9 when it was killed. Raises `TimeoutError`."""
    return await asyncio.to_thread(_end, process, within)


def _end(process: ForkServerProcess, within: float) -> int:
    process.join(within)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError
    return process.exitcode


async def until(query: str, *values: object) -> None:
    """Wait until this query is true: only the database shows what another process has done."""
    from backend import db

    async with asyncio.timeout(STATE_TIMEOUT):
        while not await db.value(query, *values):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def wait_for(telegram: Telegram, chat_id: int, **wanted: Any) -> dict[str, Any]:
    """The first message in a chat that is as `wanted`, once it is there."""
    return await asyncio.to_thread(telegram.sandbox.wait, chat_id, timeout=20, **wanted)
