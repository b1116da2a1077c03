"""`emerald serve` that also says what others wait for at its event loop: `python -m bench.held_loop FILE`.

Both are processor time of the loop's thread, which is the same however busy the machine is. A line of the file is when
something ended, how long it took, both in seconds, and what it was:

- `held`: what was computed between two beats, which come every `BEAT` when the loop is free. Those under `SHORT` are left out.
- an address: what was computed, for whomever, from the beginning to the end of a request from there.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from litestar import Litestar
from litestar.types import ASGIApp, Receive, Scope, Send

import emerald.web
from emerald import serve
from emerald.watchdog import watched

BEAT = 0.002
SHORT = 0.005
HELD = "held"
FILE = Path(sys.argv[1]) if __name__ == "__main__" else Path()


async def beat(file: TextIO) -> None:
    """Write down what was computed between two beats, until cancelled."""
    before = time.thread_time()
    while True:
        await asyncio.sleep(BEAT)
        now = time.thread_time()
        if now - before >= SHORT:
            file.write(f"{time.monotonic()} {now - before} {HELD}\n")
        before = now


@asynccontextmanager
async def watched_and_timed() -> AsyncIterator[None]:
    """As `watched`, with the beat."""
    with FILE.open("a", buffering=1) as file:
        async with watched():
            beating = asyncio.create_task(beat(file))
            try:
                yield
            finally:
                beating.cancel()


def timed(app: ASGIApp) -> ASGIApp:
    """The application, with a line for every request."""
    file = FILE.open("a", buffering=1)

    async def time_request(scope: Scope, receive: Receive, send: Send) -> None:
        before = time.thread_time()
        await app(scope, receive, send)
        client = scope.get("client")
        if client is not None:
            file.write(f"{time.monotonic()} {time.thread_time() - before} {client[0]}\n")

    return time_request


def create_timed_app() -> Litestar:
    """As `create_app`, timed."""
    app = create_app()
    app.asgi_handler = timed(app.asgi_handler)
    return app


if __name__ == "__main__":
    create_app = emerald.web.create_app
    emerald.web.create_app = create_timed_app  # type: ignore[assignment]
    emerald.web.watched = watched_and_timed  # type: ignore[attr-defined]
    serve.main()
