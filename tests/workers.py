"""Emerald's own processes in tests: started on the tests' database and sandbox, killed, and waited for without sleeping
longer than it takes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.telegram import Telegram

PATIENCE = 25  # seconds; only a failing test ever waits so long


@contextmanager
def emerald(
    command: str, telegram: Telegram, *, failpoints: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """`emerald <command>` on the tests' database and sandbox."""
    environ = {**os.environ, "TELEGRAM_API_URL": telegram.url, "DATABASE_POOL_SIZE": "2"}
    process = subprocess.Popen(
        [sys.executable, "-m", "emerald", command], env={**environ, "FAILPOINTS": failpoints}
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`emerald …` to its end, on the tests' database."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "emerald", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def ended(process: subprocess.Popen[bytes], within: float = 10) -> int:
    """How the process ended; -9 when it was killed."""
    return await asyncio.to_thread(process.wait, within)


async def until(question: str, *values: object) -> None:
    """Come back as soon as the database says yes: only it can tell what another process has done."""
    from backend import db

    async with asyncio.timeout(PATIENCE):
        while not await db.value(question, *values):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
