"""Several real processes that work at once, each with its own pool, as web and bot processes have.

The processes start, each reports that it is ready, and all begin together. Each runs one function of a test
file with its own task; tasks and results are sent as JSON.
"""

import asyncio
import importlib.util
import json
import multiprocessing
import os
import sys
import traceback
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

from tests import forked

POOL = 4
TIMEOUT = 60  # seconds; only a hanging test waits so long


class Worker:
    """One of the processes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def run(self, task: object) -> Any:
        """The function's result for this task. Raises `RuntimeError` with the process's traceback when it
        fails."""
        self._connection.send(json.dumps(task))
        return json.loads(await self.receive())

    async def receive(self) -> str:
        return await asyncio.to_thread(self._receive)

    def _receive(self) -> str:
        if not self._connection.poll(TIMEOUT):
            raise TimeoutError
        succeeded, answer = self._connection.recv()
        if not succeeded:
            raise RuntimeError(answer)
        return str(answer)


@asynccontextmanager
async def worker(file: str, function: str, **environ: str) -> AsyncIterator[Worker]:
    """One process that is ready to run `function` of the test file; it ends with the block."""
    here, there = multiprocessing.Pipe()
    process = forked.start({**os.environ, **environ}, _work, file, function, there)
    there.close()
    try:
        made = Worker(here)
        assert await made.receive() == "ready"
        yield made
    finally:
        here.close()
        process.kill()
        process.join()


async def together(file: str, function: str, tasks: Sequence[object], **environ: str) -> list[Any]:
    """One process for each task, let go at the same moment; their results in order."""
    async with AsyncExitStack() as stack:
        async with asyncio.TaskGroup() as starting:
            entered = [
                starting.create_task(stack.enter_async_context(worker(file, function, **environ)))
                for _ in tasks
            ]
        crew = [task.result() for task in entered]
        return await asyncio.gather(*(one.run(task) for one, task in zip(crew, tasks, strict=True)))


async def meet(at: str, sequence: str, n: int) -> None:
    """Make this process wait, the first time it comes to the failpoint `at`, for `n` processes to be there.

    They count themselves by a sequence of the database, which knows no transactions.
    """
    from backend import db, failpoints

    async def wait_for_all() -> None:
        await db.value(f"SELECT nextval('{sequence}')")
        async with asyncio.timeout(TIMEOUT):
            # The others are other processes: only the database can tell that they have come.
            while await db.value(f"SELECT last_value FROM {sequence}") < n:  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    failpoints.set_hook(at, wait_for_all)


def _work(file: str, function: str, line: Connection) -> None:
    try:
        asyncio.run(_answer(file, function, line))
    except Exception:
        line.send((False, traceback.format_exc()))
        raise


async def _answer(file: str, function: str, line: Connection) -> None:
    from backend import db

    spec = importlib.util.spec_from_file_location("work", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["work"] = module
    spec.loader.exec_module(module)
    await db.open_pool(name="emerald-crew", size=POOL)
    await db.value("SELECT 1")
    line.send((True, "ready"))
    with suppress(EOFError):  # nobody asks any more
        while task := await asyncio.to_thread(line.recv):
            done = await getattr(module, function)(json.loads(task))
            line.send((True, json.dumps(done)))
    await db.close_pool()
