"""`emerald serve` that also says how long its event loop is held: `python -m bench.held_loop FILE`.

A beat in the loop comes every `BEAT`; what the loop's thread computed between two of them, in processor time, is how
long nobody else was answered. Processor time is the same however busy the machine is. A line of the file is the end of
one such time and its length, in seconds; those under `SHORT` are left out.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

import emerald.web
from emerald import serve
from emerald.watchdog import watched

BEAT = 0.002
SHORT = 0.005


async def beat(file: TextIO) -> None:
    """Write down what was computed between two beats, until cancelled."""
    before = time.thread_time()
    while True:
        await asyncio.sleep(BEAT)
        now = time.thread_time()
        if now - before >= SHORT:
            file.write(f"{time.monotonic()} {now - before}\n")
        before = now


@asynccontextmanager
async def watched_and_timed() -> AsyncIterator[None]:
    """As `watched`, with the beat."""
    with Path(sys.argv[1]).open("w", buffering=1) as file:  # noqa: ASYNC230 — before anybody is served
        async with watched():
            beating = asyncio.create_task(beat(file))
            try:
                yield
            finally:
                beating.cancel()


if __name__ == "__main__":
    emerald.web.watched = watched_and_timed  # type: ignore[attr-defined]
    serve.main()
