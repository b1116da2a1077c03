"""The server is killed while everybody books: nothing that was told is lost, and nobody has to restart us."""

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

CLUB = str(Path(__file__).with_name("club.py"))
PEOPLE = 150


@pytest.fixture
def home() -> Iterator[Path]:
    """Where a server of its own lives that writes everything to disk, as the real one does."""
    made = Path(tempfile.mkdtemp(prefix="emerald-home-", dir="/tmp"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        embedded.stop(made)
        shutil.rmtree(made)


def kill(server: int) -> None:
    """Kill a process that is our child, and wait until it is dead."""
    os.kill(server, signal.SIGKILL)
    os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)


async def written(url: str, rows: int) -> None:
    """Wait until the log has so many rows."""
    line = await asyncpg.connect(**DatabaseAddress.from_url(url).connect_kwargs())
    try:
        async with asyncio.timeout(60):
            there = 0
            while there < rows:
                there = await line.fetchval("SELECT count(*) FROM event_participation_log")
    finally:
        await line.close()


async def test_a_killed_server_loses_no_booking_that_was_told(home: Path) -> None:
    """B2, B3, B8, decision 0001: kill -9 amid a rush. Who was told "booked" is; who was not told asks again and hears the truth."""
    url = await asyncio.to_thread(embedded.start, home)
    async with worker(CLUB, "live", DATABASE_URL=url) as club:
        people = await club.run({"step": "found", "people": PEOPLE})
        rushing = asyncio.create_task(club.run({"step": "rush"}))
        await written(url, PEOPLE // 5)
        server = postmaster(embedded.place(home) / "data")
        assert server is not None
        await asyncio.to_thread(kill, server)
        await asyncio.to_thread(embedded.start, home)
        told = {int(who): what for who, what in (await rushing).items()}

        after = await club.run({"step": "recount"})
        assert after["wrong"] == []
        for kind in ("booked", "waiting"):
            assert {who for who, what in told.items() if what == kind} <= set(after[kind])
        there = {*after["booked"], *after["waiting"]}
        assert not there & {who for who, what in told.items() if what == "Unavailable"}

        again = {int(who): what for who, what in (await club.run({"step": "rush"})).items()}
        assert {again[who] for who in there} == {"already"}
        assert {again[who] for who in set(people) - there} <= {"booked", "waiting"}
        after = await club.run({"step": "recount"})
        assert len(after["booked"]) == PEOPLE * 2 // 3
        assert len(after["waiting"]) == PEOPLE - PEOPLE * 2 // 3
        assert after["wrong"] == []
