"""A database that was filled by a released version is migrated and goes on; each later step keeps what it
finds.

Each step of migration after 0.3.0 brings `samples/<its file>.sql`: rows as the version before it could have
left them, those that the step changes above all. The step is taken with them in place.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from emerald.schedule import SCHEDULE
from tests.migrations.conftest import STEPS
from tests.processes import Worker, worker

LAST_OF_0_3_0 = "emerald_2026_11_25t20_02_00_000000_guest_names"
FOLDER = Path(__file__).parents[2] / "migrations"
LATER = sorted(path.stem for path in FOLDER.glob("emerald_*.py") if path.stem > LAST_OF_0_3_0)


@pytest.fixture
async def released(empty: str) -> AsyncIterator[str]:
    """The URL of a database as 0.3.0 left it."""
    async with worker(STEPS, "step", DATABASE_URL=empty) as process:
        await process.run({"do": "restore"})
        assert len(await process.run({"do": "missing"})) == len(LATER)
    yield empty


async def do(url: str, function: str, task: object = None) -> Any:
    process: Worker
    async with worker(STEPS, function, DATABASE_URL=url) as process:
        return await process.run(task or {})


async def test_a_database_filled_by_0_3_0_goes_on(released: str) -> None:
    await do(released, "step", {"do": "up"})
    played = await do(released, "play")
    assert played["answers"] == ["booked", "waiting", "left", "voted"]
    assert played["recovered"] > 0, "messages that were being sent when 0.3.0 stopped"
    assert played["sent"] >= 8
    assert played["wrong"] == []


async def test_a_migrated_database_is_as_one_that_was_made_anew(released: str, empty_too: str) -> None:
    await do(released, "step", {"do": "up"})
    await do(empty_too, "step", {"do": "up"})
    assert await do(released, "step", {"do": "there"}) == await do(empty_too, "step", {"do": "there"})


NEW_JOBS = {
    "archive",
    "check invariants",
    "close accounts",
    "finish departures",
    "follow up conversations",
    "keep wall clocks",
    "keep dates of polls",
}  # a worker registers them when it starts


async def test_periodic_jobs_go_on_under_their_new_names(released: str) -> None:
    """No row is left under a name that no worker knows, also where a new worker was started before the
    migration."""
    before = await do(released, "jobs")
    await do(released, "take_one_by_one")
    after = await do(released, "jobs")
    assert set(after) == {job.name for job in SCHEDULE} - NEW_JOBS
    assert after["materialize instances"] == before["make the dates of the weeks ahead"]
    assert after["announce instances"] == ["", 0], "as the new worker registered it"


async def test_instants_of_0_3_0_are_given_the_wall_clocks_they_were_made_for(released: str) -> None:
    """S10, S2: whatever zone data they were computed with; what was made a second time since is one again,
    and nothing else changes."""
    await do(released, "take_one_by_one")
    found = await do(released, "wall_clocks")
    assert found["kept"][0] > 10
    assert found["kept"][1] == 0, "done once"
    assert found["without"] == []
    assert found["changed"] == ["westcoast3", "westcoast4"]
    assert found["west coast"] == {
        "westcoast1": ["2026-10-27T18:00:00", "2026-10-27T18:00:00", "2026-10-28T01:00:00+00:00"],
        "westcoast2": ["2026-12-01T18:00:00", "2026-12-01T21:00:00", "2026-12-02T04:00:00+00:00"],
        "westcoast3": ["2026-12-08T18:00:00", "2026-12-08T18:00:00", "2026-12-09T01:00:00+00:00"],
        "westcoast4": ["2026-12-15T18:00:00", "2026-12-15T18:00:00", "2026-12-16T01:00:00+00:00"],
    }
    assert found["wrong"] == []
    assert all(told["version"] == "2026f" and told["edited"] == 1 for told in found["told"])
    assert found["told"]


async def test_keys_get_an_end_and_those_of_former_organisers_are_revoked(released: str) -> None:
    """A3"""
    await do(released, "take_one_by_one")
    found = await do(released, "keys")
    live = {f"{role} by OWNER" for role in ("MEMBER", "OWNER", "ADMIN")}
    live |= {"MEMBER by ADMIN", "ADMIN by ADMIN", "OWNER by the server"}
    assert {which for which, states in found.items() if states == ["live"]} == live
    assert {which for which, states in found.items() if states != ["live"]} >= {
        "ADMIN by MEMBER",
        "OWNER by None",
    }
    assert all(states in (["live"], ["revoked"]) for states in found.values())


def test_each_later_step_brings_sample_rows() -> None:
    samples = {path.stem for path in (Path(__file__).parent / "samples").glob("*.sql")}
    assert samples == set(LATER)


async def test_later_steps_keep_what_they_find_and_demand_nothing_of_versions_that_still_run(
    released: str,
) -> None:
    """During an update the version before writes on: a column it does not know needs a default or may be
    empty."""
    demanded = await do(released, "take_one_by_one")
    assert demanded == {name: [] for name in LATER}
    assert (await do(released, "play"))["wrong"] == []


async def test_a_column_that_older_versions_cannot_fill_is_found(released: str) -> None:
    found = {
        "ALTER TABLE sign_ins ADD COLUMN colour text NOT NULL DEFAULT 'green'": [],
        "ALTER TABLE sign_ins ADD COLUMN colour text": [],
        "CREATE TABLE colours (name text NOT NULL)": [],
        "DELETE FROM sign_ins; ALTER TABLE sign_ins ADD COLUMN colour text NOT NULL": ["sign_ins.colour"],
        "DELETE FROM sign_ins; ALTER TABLE sign_ins ALTER COLUMN user_id SET NOT NULL": ["sign_ins.user_id"],
    }
    async with worker(STEPS, "demands_of", DATABASE_URL=released) as process:
        assert {script: await process.run(script) for script in found} == found
