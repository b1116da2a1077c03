"""Work done by several real processes at once, each with its own pool, as web and bot processes have.

A *crew* of processes starts, each says when it is ready, and all are let go together. Each runs one function of a test
file on its own task; tasks and results travel as JSON lines.
"""

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
POOL = 4
PATIENCE = 60  # seconds; only a hanging test ever waits so long


class Worker:
    """One process of a crew."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def run(self, task: object) -> Any:
        """The function's result for this task. Raises `RuntimeError` with the process's own words when it fails."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(task).encode() + b"\n")
        return json.loads(await self.line())

    async def line(self) -> bytes:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            said = await self.process.stdout.readline()
        if not said:
            assert self.process.stderr is not None
            raise RuntimeError((await self.process.stderr.read()).decode())
        return said


@asynccontextmanager
async def worker(file: str, function: str, **environ: str) -> AsyncIterator[Worker]:
    """One process that is ready to run `function` of the test file; it ends with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE),
        file,
        function,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
        env={**os.environ, "PYTHONPATH": str(HERE.parent.parent), **environ},
    )
    try:
        made = Worker(process)
        assert (await made.line()).strip() == b"ready"
        yield made
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


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

    failpoints.arrange(at, wait_for_all)


async def _work(file: str, function: str) -> None:
    from backend import db

    spec = importlib.util.spec_from_file_location("work", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["work"] = module
    spec.loader.exec_module(module)
    await db.open_pool(name="emerald-crew", size=POOL)
    await db.value("SELECT 1")
    print("ready", flush=True)
    while task := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await getattr(module, function)(json.loads(task))), flush=True)
    await db.close_pool()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], sys.argv[2]))
