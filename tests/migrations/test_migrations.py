"""The steps of migration: up, down, up again; and by several processes at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from backend import db
from backend.settings import settings
from tests.processes import worker

STEPS = str(Path(__file__).with_name("steps.py"))
EMPTY = "emerald_steps"


@pytest.fixture
async def empty(database: None) -> AsyncIterator[str]:
    """The URL of an empty database on the same server."""
    await db.execute(f"DROP DATABASE IF EXISTS {EMPTY} WITH (FORCE)")
    await db.execute(f"CREATE DATABASE {EMPTY}")
    yield urlsplit(settings.database_url)._replace(path=f"/{EMPTY}").geturl()
    await db.execute(f"DROP DATABASE {EMPTY} WITH (FORCE)")


def ours(there: list[str]) -> list[str]:
    """Without Piccolo's own table of steps."""
    return [line for line in there if "migration" not in line.split("(")[0]]


async def test_up_down_and_up_again_comes_to_the_same(empty: str) -> None:
    async with worker(STEPS, "step", DATABASE_URL=empty) as process:
        taken = await process.run({"do": "up"})
        assert taken == sorted(taken)
        assert taken
        first = await process.run({"do": "there"})
        assert await process.run({"do": "up"}) == [], "nothing is taken twice"
        await process.run({"do": "down"})
        assert ours(await process.run({"do": "there"})) == []
        assert await process.run({"do": "missing"}) == taken
        assert await process.run({"do": "up"}) == taken
        assert await process.run({"do": "there"}) == first


async def test_two_processes_that_migrate_at_once_take_each_step_once(empty: str) -> None:
    """A rolling deploy: the second waits for the first and finds the work done."""
    async with (
        worker(STEPS, "step", DATABASE_URL=empty) as one,
        worker(STEPS, "step", DATABASE_URL=empty) as other,
    ):
        steps = await asyncio.gather(one.run({"do": "up"}), other.run({"do": "up"}))
        assert sorted(map(bool, steps)) == [False, True]
        assert await one.run({"do": "missing"}) == []
