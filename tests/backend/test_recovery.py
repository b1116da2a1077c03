"""The database server is killed while everybody books: no confirmed booking is lost, and the process goes on
by itself."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from backend import embedded
from backend.database_address import DatabaseAddress
from backend.embedded_files import postmaster
from tests.processes import worker

ACCOUNT = str(Path(__file__).with_name("killed_server.py"))
PEOPLE = 150


@pytest.fixture
def home() -> Iterator[Path]:
    """The home of a server of our own that writes everything to disk, as the real one does."""
    made = Path(tempfile.mkdtemp(prefix="emerald-home-", dir="/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        embedded.stop(made)
        shutil.rmtree(made)


def kill(server: int) -> None:
    """Kill a child process, and wait until it is dead."""
    os.kill(server, signal.SIGKILL)
    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)


async def wait_for_log(url: str, rows: int) -> None:
    """Wait until the participation log has this many rows."""
    connection = await asyncpg.connect(**DatabaseAddress.from_url(url).connect_kwargs())
    try:
        async with asyncio.timeout(60):
            written = 0
            while written < rows:
                written = await connection.fetchval("SELECT count(*) FROM event_participation_log")
    finally:
        await connection.close()


async def test_a_killed_server_loses_no_confirmed_booking(home: Path) -> None:
    """B2, B3, B8, decision 0001: kill -9 amid a rush. Every confirmed member is booked; the others try again
    and get the true answer."""
    url = await asyncio.to_thread(embedded.start, home)
    async with worker(ACCOUNT, "live", DATABASE_URL=url) as account:
        people = await account.run({"step": "create", "people": PEOPLE})
        rushing = asyncio.create_task(account.run({"step": "rush"}))
        await wait_for_log(url, PEOPLE // 5)
        server = postmaster(embedded.place(home) / "data")
        assert server is not None
        await asyncio.to_thread(kill, server)
        await asyncio.to_thread(embedded.start, home)
        answers = {int(user_id): kind for user_id, kind in (await rushing).items()}

        after = await account.run({"step": "recount"})
        assert after["violations"] == []
        for kind in ("booked", "waiting"):
            assert {user_id for user_id, answer in answers.items() if answer == kind} <= set(after[kind])
        saved = {*after["booked"], *after["waiting"]}
        assert not saved & {user_id for user_id, answer in answers.items() if answer == "Unavailable"}

        again = {int(user_id): kind for user_id, kind in (await account.run({"step": "rush"})).items()}
        assert {again[user_id] for user_id in saved} == {"already"}
        assert {again[user_id] for user_id in set(people) - saved} <= {"booked", "waiting"}
        after = await account.run({"step": "recount"})
        assert len(after["booked"]) == PEOPLE * 2 // 3
        assert len(after["waiting"]) == PEOPLE - PEOPLE * 2 // 3
        assert after["violations"] == []
