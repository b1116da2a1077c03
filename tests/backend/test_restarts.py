"""The server restarts, or another takes over: whoever asks waits for a moment, and the process goes on by
itself."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import db, embedded
from backend.database_address import DatabaseAddress
from backend.embedded_files import postmaster
from backend.errors import Unavailable
from tests.processes import worker

ASKING = 8


# --- what the worker processes do ---


async def ask(_: object) -> dict[str, int]:
    """Read and write in many tasks until the server has restarted; how often what failed."""
    db.CONNECTION_WAIT = 60.0  # a busy machine restarts a server slowly, and that is not asked here
    started = await db.value("SELECT pg_postmaster_start_time()")
    await db.execute("CREATE TABLE notes (n int)")
    failed = {"reads": 0, "writes": 0, "begun": 0}

    async def go_on() -> None:
        while True:
            try:
                if await db.value("SELECT pg_postmaster_start_time()") != started:
                    return
            except Unavailable:
                failed["reads"] += 1
            begun = False
            try:
                async with db.transaction():
                    begun = True
                    await db.execute("INSERT INTO notes VALUES (1)")
            except Unavailable:
                failed["begun" if begun else "writes"] += 1

    await asyncio.gather(*(go_on() for _ in range(ASKING)))
    return failed


async def give_up(_: object) -> dict[str, Any]:
    """How long a read and a transaction wait for a server that does not come back."""
    db.CONNECTION_WAIT = 0.3
    loop, took = asyncio.get_running_loop(), []
    for _ in range(2):
        began = loop.time()
        with pytest.raises(Unavailable):
            await db.value("SELECT 1")
        with pytest.raises(Unavailable):
            async with db.transaction():
                raise AssertionError("there is no server")
        took.append(loop.time() - began)
    return {"least": min(took)}


async def write(_: object) -> str:
    """Write, and again until it is done; the directory of the server that took it."""
    while True:
        try:
            async with db.transaction():
                await db.execute("INSERT INTO notes VALUES (1)")
                return str(await db.value("SHOW unix_socket_directories"))
        except Unavailable:
            await asyncio.sleep(0.01)


# --- a restart ---


@pytest.fixture
def home() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="emerald-home-", dir="/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        embedded.stop(made)
        shutil.rmtree(made)


async def is_asked(url: str) -> None:
    """Wait until the worker has begun to write."""
    async with connected(url) as connection, asyncio.timeout(60):
        while not await connection.fetchval("SELECT to_regclass('notes') IS NOT NULL"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while await connection.fetchval("SELECT count(*) FROM notes") < ASKING:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**DatabaseAddress.from_url(url).connect_kwargs())
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("patience", [True, False], ids=["patient", "control"])
async def test_a_restart_of_the_server_fails_only_what_was_being_written(home: Path, patience: bool) -> None:
    url = await asyncio.to_thread(embedded.start, home)
    environ = {"DATABASE_URL": url, "FAILPOINTS": "" if patience else "database.impatient"}
    async with worker(__file__, "ask", **environ) as process:
        asking = asyncio.create_task(process.run({"go": True}))
        await is_asked(url)
        await asyncio.to_thread(embedded.stop, home)
        await asyncio.to_thread(embedded.start, home)
        failed = await asking
        assert failed["begun"] <= ASKING, "each task had at most one transaction open"
        assert (failed["reads"] == failed["writes"] == 0) is patience, failed
        if patience:
            await asyncio.to_thread(embedded.stop, home)
            async with worker(
                __file__, "give_up", DATABASE_URL=await asyncio.to_thread(embedded.start, home)
            ) as other:
                await asyncio.to_thread(embedded.stop, home)
                assert (await other.run({"go": True}))["least"] >= 0.3


# --- another server takes over ---


@dataclass
class Pair:
    """Two servers, and the address that names both."""

    first: str
    second: str

    @property
    def both(self) -> str:
        one, other = DatabaseAddress.from_url(self.first), DatabaseAddress.from_url(self.second)
        return replace(one, hosts=one.hosts + other.hosts).own_url()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The second stands for a replica: it can be read and not be written."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(embedded.throwaway()) for _ in range(2))
        made = Pair(first, second)
        asyncio.run(prepare(made))
        yield made


async def prepare(pair: Pair) -> None:
    for url in (pair.first, pair.second):
        async with connected(url) as connection:
            await connection.execute("CREATE TABLE notes (n int)")
    await let_write(pair.second, False)


async def let_write(url: str, may: bool) -> None:
    async with connected(url) as connection:
        await connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {'off' if may else 'on'}")
        await connection.execute("SELECT pg_reload_conf()")
        while (await connection.fetchval("SHOW default_transaction_read_only") == "off") is not may:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def directory(url: str) -> str:
    return DatabaseAddress.from_url(url).host


async def test_the_process_goes_on_with_the_next_host_when_the_first_dies(pair: Pair) -> None:
    async with worker(__file__, "write", DATABASE_URL=pair.both) as process:
        assert await process.run({"go": True}) == directory(pair.first)
        data = Path(directory(pair.first)).parent / "data"
        server = postmaster(data)
        assert server is not None
        async with connected(pair.first) as connection:
            backends = await connection.fetch("SELECT pid FROM pg_stat_activity")
        # All at once, as a host dies: alone, a backend could still answer for a moment.
        for pid in (server, *(backend["pid"] for backend in backends)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        (data / "postmaster.pid").unlink()  # whoever clears up would wait for it
        going_on = asyncio.create_task(process.run({"go": True}))
        await let_write(pair.second, True)
        assert await going_on == directory(pair.second)


async def test_the_process_leaves_a_host_that_becomes_a_replica(pair: Pair) -> None:
    """A planned change of the primary cuts no connection: only what writes finds out."""
    async with worker(__file__, "write", DATABASE_URL=pair.both) as process:
        assert await process.run({"go": True}) == directory(pair.first)
        await let_write(pair.first, False)
        await let_write(pair.second, True)
        assert await process.run({"go": True}) == directory(pair.second)
