"""Work done by several real processes at once, each with its own pool, as web and bot processes have.

A *crew* of processes starts, each says when it is ready, and all are let go together. Each runs one function of a test
file on its own task; tasks and results travel as JSON.
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
PATIENCE = 60  # seconds; only a hanging test ever waits so long


class Worker:
    """One process of a crew."""

    def __init__(self, line: Connection) -> None:
        self._line = line

    async def run(self, task: object) -> Any:
        """The function's result for this task. Raises `RuntimeError` with the process's own words when it fails."""
        self._line.send(json.dumps(task))
        return json.loads(await self.hear())

    async def hear(self) -> str:
        return await asyncio.to_thread(self._hear)

    def _hear(self) -> str:
        if not self._line.poll(PATIENCE):
            raise TimeoutError
        well, said = self._line.recv()
        if not well:
            raise RuntimeError(said)
        return str(said)


@asynccontextmanager
async def worker(file: str, function: str, **environ: str) -> AsyncIterator[Worker]:
    """One process that is ready to run `function` of the test file; it ends with the block."""
    here, there = multiprocessing.Pipe()
    process = forked.start({**os.environ, **environ}, _work, file, function, there)
    there.close()
    try:
        made = Worker(here)
        assert await made.hear() == "ready"
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
        async with asyncio.timeout(PATIENCE):
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
