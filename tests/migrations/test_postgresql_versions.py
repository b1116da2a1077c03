"""Every PostgreSQL from 15 on that this machine has, beside the one of the other tests: what 0.3.0 left is migrated
there and goes on, under its roles."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backend import embedded
from backend.database_address import DatabaseAddress
from emerald.rights import APP, OWNER
from emerald.roles import NAMES
from tests.migrations.conftest import STEPS
from tests.migrations.test_migrations import ours
from tests.processes import worker
from tests.workers import run

INSTALLED = sorted(
    path
    for path in Path("/usr/lib/postgresql").glob("*/bin")
    if int(path.parent.name.partition(".")[0]) >= 15
)


@pytest.fixture(params=INSTALLED, ids=lambda path: f"PostgreSQL-{path.parent.name}")
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a throwaway server of that version."""
    monkeypatch.setenv("PGBIN", str(request.param))
    with embedded.throwaway() as url:
        monkeypatch.delenv("PGBIN")
        yield url


async def test_steps_go_up_and_down_and_the_program_does_its_work(server: str, tmp_path: Path) -> None:
    async with worker(STEPS, "step", DATABASE_URL=server) as process:
        await process.run({"do": "up"})
        first = await process.run({"do": "there"})
        await process.run({"do": "down"})
        assert ours(await process.run({"do": "there"})) == []
        await process.run({"do": "start anew"})
        await process.run({"do": "restore"})
        made = run("create-roles", "--into", str(tmp_path), DATABASE_URL=server)
        assert made.returncode == 0, made
        roles = {
            role: DatabaseAddress.from_url((tmp_path / name / "database_url").read_text().strip())
            for role, name in NAMES.items()
        }
        migrated = run("migrate", DATABASE_URL=roles[OWNER].own_url())
        assert migrated.returncode == 0, migrated
        assert await process.run({"do": "there"}) == first
    app = roles[APP].own_url()
    async with worker(STEPS, "play", DATABASE_URL=app) as process:
        played = await process.run({})
        assert (played["answers"], played["wrong"]) == (["booked", "waiting", "left", "voted"], [])
    async with worker(STEPS, "erase_alice", DATABASE_URL=app) as process:
        assert await process.run({}) == {"name": "", "changes": True}
    assert run("doctor", "--invariants", DATABASE_URL=app).stdout == "All is well.\n"
