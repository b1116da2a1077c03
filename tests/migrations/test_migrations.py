"""The steps of migration: up, down, up again; and by several processes at once."""

import asyncio
import re
from pathlib import Path

from tests.migrations.conftest import STEPS
from tests.processes import worker


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


def test_each_step_has_an_id_of_its_own_which_its_file_is_named_after() -> None:
    """Of two steps with one id only one would be taken, without a word."""
    files = sorted((Path(__file__).parents[2] / "migrations").glob("emerald_*.py"))
    ids = [re.findall(r'^ID = "(.+)"$', file.read_text(), re.MULTILINE)[0] for file in files]
    assert ids == sorted(set(ids))
    named = [re.sub(r"\W", "_", f"emerald_{id}").lower() for id in ids]
    assert all(file.stem.startswith(name) for file, name in zip(files, named, strict=True))
