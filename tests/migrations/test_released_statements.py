"""While a new version migrates, the last release serves: each statement of its doors that was recorded is still
understood by the new tables, and allowed to the application's role.

`data/0.3.0.statements.json.gz` was recorded from 0.3.0's own tests of the Mini App and of the bot's taps.
"""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from asyncpg.exceptions import PostgresError

from backend import db
from backend.database_address import DatabaseAddress
from emerald.rights import APP, ROLES
from tests.migrations.conftest import STEPS
from tests.processes import worker
from tests.workers import run

RECORDED: list[str] = json.loads(
    gzip.decompress((Path(__file__).parent / "data" / "0.3.0.statements.json.gz").read_bytes())
)
GONE = ("UPDATE bookings SET colour = $1 WHERE id = $2", "DELETE FROM audit_log WHERE id = $1")


@pytest.fixture
async def roles_dropped(database: None) -> AsyncIterator[None]:
    """Afterwards the server has no roles of ours, when the database that they have rights in is gone."""
    yield
    for role in ROLES:
        await db.execute(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
async def app(roles_dropped: None, empty: str) -> AsyncIterator[asyncpg.Connection]:
    """The application's connection to the newest tables."""
    async with worker(STEPS, "step", DATABASE_URL=empty) as process:
        await process.run({"do": "up"})
    made = run("create-roles", "--new-passwords", DATABASE_URL=empty)
    assert made.returncode == 0, made
    connection = await asyncpg.connect(**DatabaseAddress.from_url(empty).connect_kwargs())
    await connection.execute(f"SET SESSION AUTHORIZATION {APP}")
    yield connection
    await connection.close()


async def refused(connection: asyncpg.Connection, statement: str) -> str:
    """Why the server does not take a statement; "" when it does. Its plan needs the same tables, columns, types
    and rights as running it."""
    try:
        await connection.execute(f"EXPLAIN (GENERIC_PLAN) {statement}")
    except PostgresError as error:
        return f"{type(error).__name__}: {error}"
    return ""


async def test_what_0_3_0_asks_is_understood_by_the_new_tables(app: asyncpg.Connection) -> None:
    if app.get_server_version().major < 16:
        pytest.skip("EXPLAIN (GENERIC_PLAN) is new in PostgreSQL 16")
    assert len(RECORDED) > 80
    assert {statement: why for statement in RECORDED if (why := await refused(app, statement))} == {}
    assert all([await refused(app, statement) for statement in GONE]), "the control"
