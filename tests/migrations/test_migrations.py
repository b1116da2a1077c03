"""The steps of migration: up, down, up again; and by several processes at once."""

import asyncio
import re
from contextlib import AsyncExitStack
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


async def test_five_processes_that_migrate_at_once_take_each_step_once(empty: str) -> None:
    """Five containers start together: one migrates, the others wait for it, say so, and find the work done."""
    async with AsyncExitStack() as stack:
        five = [await stack.enter_async_context(worker(STEPS, "step", DATABASE_URL=empty)) for _ in range(5)]
        done = await asyncio.gather(*(one.run({"do": "up and tell"}) for one in five))
        assert sorted(bool(one["steps"]) for one in done) == [False] * 4 + [True]
        assert await five[0].run({"do": "missing"}) == []
        for one in done:
            assert bool(one["said"]) != bool(one["steps"]), "whoever waits says for whom"
            assert all("is migrating this database (process " in sentence for sentence in one["said"])


async def test_whoever_waits_for_another_says_for_whom_and_gives_up(empty: str) -> None:
    """Also for a process of 0.3.0, which holds the lock for its session; looking at what is missing waits for
    nobody."""
    async with (
        worker(STEPS, "step", DATABASE_URL=empty) as holder,
        worker(STEPS, "step", DATABASE_URL=empty) as other,
    ):
        for lock in ("session", "transaction"):
            await holder.run({"do": "hold", "lock": lock})
            assert await other.run({"do": "missing"})
            waited = await other.run({"do": "up and tell", "wait": 0.1})
            assert waited["steps"] is None
            assert len(waited["said"]) == 1
            assert re.search(
                r"still migrating this database after \d+ s \(process \d+ of emerald, emerald-holder, for",
                waited["failed"],
            )
            await holder.run({"do": "let go"})
        assert await other.run({"do": "up"})


async def test_a_step_that_is_killed_leaves_nothing_half_done(empty: str) -> None:
    """A step and the row that records it are one transaction."""
    async with worker(STEPS, "step", DATABASE_URL=empty) as process:
        half = await process.run({"do": "fail while recording"})
        assert half == {"tables": 0, "missing": True}
        assert await process.run({"do": "up"})


def test_each_step_has_an_id_of_its_own_which_its_file_is_named_after() -> None:
    """Of two steps with one id only one would be taken, without a word."""
    files = sorted((Path(__file__).parents[2] / "migrations").glob("emerald_*.py"))
    ids = [re.findall(r'^ID = "(.+)"$', file.read_text(), re.MULTILINE)[0] for file in files]
    assert ids == sorted(set(ids))
    named = [re.sub(r"\W", "_", f"emerald_{id}").lower() for id in ids]
    assert all(file.stem.startswith(name) for file, name in zip(files, named, strict=True))
