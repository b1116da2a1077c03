"""Every step is taken while the release before serves: nobody who books or joins waits for what takes long."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from piccolo.apps.migrations.commands.base import BaseMigrationManager

from backend.database_address import DatabaseAddress
from tests.migrations.conftest import STEPS
from tests.migrations.test_released import FOLDER, do
from tests.processes import Worker, worker

COLUMN, NAMES, INDEXES = (f"2026-12-02T14:{minute}:00:000000" for minute in (30, 31, 32))
BEFORE = "2026-12-02T14:20:00:000000"
# Tables with few rows, whoever uses Emerald: a step may read one while it keeps others from it.
SMALL = {"accounts", "api_keys", "schedule", "migration"}
# What runs outside of a transaction, and keeps nobody from reading or writing the table.
HARMLESS = re.compile(
    r"CREATE (UNIQUE )?INDEX CONCURRENTLY \w+ ON |DROP INDEX CONCURRENTLY IF EXISTS \w+$|ALTER TABLE \w+ VALIDATE CONSTRAINT \w+$"
)
# As the release before books and joins, with the time that it may wait for a lock.
JOIN = """
BEGIN; SET LOCAL lock_timeout = '100ms';
INSERT INTO telegram_users (telegram_id, first_name, created_at, seen_at)
SELECT coalesce(max(telegram_id), 0) + 1, 'Newcomer', now(), now() FROM telegram_users;
INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)
SELECT min(a.id), max(u.id), 'MEMBER', 'hand', now(), now() FROM accounts a, telegram_users u;
COMMIT;
"""
BOOK = """
BEGIN; SET LOCAL lock_timeout = '100ms';
SELECT * FROM instance_seats WHERE instance_id = (SELECT min(instance_id) FROM bookings) FOR NO KEY UPDATE;
UPDATE bookings SET answered_at = now() WHERE id = (SELECT min(id) FROM bookings);
INSERT INTO event_participation_log (account_id, instance_id, membership_id, via, verb, seats_before, seats_after,
    waiting_before, waiting_after, at)
SELECT account_id, instance_id, membership_id, 'card', 'join', 0, 1, 0, 0, now() FROM bookings ORDER BY id LIMIT 1;
COMMIT;
"""
# Members of before, more than two batches of them.
FILL = """
INSERT INTO telegram_users (telegram_id, first_name, last_name, created_at, seen_at)
SELECT 10000000 + n, 'Member', 'No. ' || n, now(), now() FROM generate_series(1, 1200) n;
INSERT INTO memberships (account_id, user_id, role, joined_through, joined_at, checked_at)
SELECT (SELECT min(id) FROM accounts), id, 'MEMBER', 'hand', now(), now() FROM telegram_users WHERE telegram_id > 10000000;
"""
WRONG_NAMES = """
SELECT count(*) FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id WHERE m.display_name IS DISTINCT FROM
    left(coalesce(nullif(m.name, ''), trim(u.first_name || ' ' || u.last_name)), 200)
"""
MIGRATES = "SELECT pid FROM pg_stat_activity WHERE application_name = 'emerald migrate' AND datname = current_database()"
BUILDS = f"{MIGRATES} AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event = 'virtualxid'"
WAITS = f"{MIGRATES} AND wait_event_type = 'Lock'"
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**DatabaseAddress.from_url(url).connect_kwargs())
    try:
        yield connection
    finally:
        await connection.close()


@pytest.fixture
async def filled(empty: str) -> AsyncIterator[str]:
    """The URL of a database of 0.3.0 with members, migrated up to the step before the names."""
    await do(empty, "step", {"do": "restore"})
    async with connected(empty) as people:
        await people.execute(FILL)
    await do(empty, "step", {"do": "up", "to": BEFORE})
    yield empty


async def seen(looking: asyncpg.Connection, query: str, migrating: asyncio.Future[Any]) -> int:
    """The process for which the query has an answer, once it has one."""
    while (pid := await looking.fetchval(query)) is None:
        assert not migrating.done(), migrating.result()
    return int(pid)


async def test_people_book_and_join_while_indexes_are_built(filled: str) -> None:
    """The build waits for whoever has read something before, like a report or a backup. Nobody waits for the build."""
    await do(filled, "step", {"do": "up", "to": NAMES})
    async with (
        worker(STEPS, "step", DATABASE_URL=filled) as process,
        connected(filled) as reader,
        connected(filled) as people,
    ):
        await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await reader.fetch("SELECT 1 FROM schedule")
        migrating = asyncio.ensure_future(process.run({"do": "up", "to": INDEXES}))
        await seen(people, BUILDS, migrating)
        await people.execute(JOIN)
        await people.execute(BOOK)
        assert await people.fetchval(BUILDS), "all the while"
        await reader.execute("ROLLBACK")
        assert await migrating == [INDEXES]
        assert not await people.fetch(INVALID)


async def test_people_book_and_join_while_names_are_written(filled: str) -> None:
    """Somebody is changing their name, and the batch that comes to them gives way. Nobody waits for the batch."""
    await do(filled, "step", {"do": "up", "to": COLUMN})
    async with (
        worker(STEPS, "step", DATABASE_URL=filled) as process,
        connected(filled) as renamed,
        connected(filled) as people,
    ):
        await renamed.execute("BEGIN")
        await renamed.execute("UPDATE telegram_users SET first_name = 'Renamed' WHERE telegram_id = 10001000")
        migrating = asyncio.ensure_future(process.run({"do": "up", "to": NAMES}))
        pid = await seen(people, WAITS, migrating)
        await people.execute(JOIN)
        await people.execute(BOOK)
        locks = await people.fetch(
            "SELECT mode FROM pg_locks WHERE pid = $1 AND locktype = 'relation'"
            " AND relation = 'memberships'::regclass AND granted",
            pid,
        )
        assert {row[0] for row in locks} <= {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}
        await renamed.execute("COMMIT")
        assert await migrating == [NAMES]
        assert await people.fetchval(WRONG_NAMES) == 0
        assert (
            await people.fetchval("SELECT count(*) FROM memberships WHERE display_name LIKE 'Renamed %'") == 1
        )


@pytest.mark.parametrize(
    ("before", "step", "moment"), [(COLUMN, NAMES, WAITS), (NAMES, INDEXES, BUILDS)], ids=["names", "indexes"]
)
async def test_a_step_that_was_interrupted_goes_on(filled: str, before: str, step: str, moment: str) -> None:
    await do(filled, "step", {"do": "up", "to": before})
    async with connected(filled) as other, connected(filled) as looking:
        process: Worker
        async with worker(STEPS, "step", DATABASE_URL=filled) as process:
            await other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            await other.fetch("SELECT 1 FROM schedule")
            await other.execute(
                "UPDATE telegram_users SET first_name = 'Renamed' WHERE telegram_id = 10001000"
            )
            migrating = asyncio.ensure_future(process.run({"do": "up", "to": step}))
            pid = await seen(looking, moment, migrating)
            await looking.execute(f"SELECT pg_terminate_backend({pid})")
            with pytest.raises(RuntimeError, match=r"Unavailable|terminat"):
                await migrating
            await other.execute("COMMIT")
        if step == INDEXES:
            assert await looking.fetch(INVALID), "what the build left"
        assert await do(filled, "step", {"do": "up", "to": step}) == [step]
        assert await looking.fetchval(WRONG_NAMES) == 0
        assert not await looking.fetch(INVALID)


async def test_no_step_works_on_a_table_that_it_keeps_others_from(empty: str) -> None:
    """A new column, trigger or constraint needs its table alone, for a moment. To read or write rows, or to build an index, takes
    as long as the table is large."""
    await do(empty, "step", {"do": "restore"})
    found = await do(empty, "work_under_lock")
    assert {step: rows for step, rows in found.items() if set(rows) - SMALL} == {}


@pytest.mark.parametrize(
    "script",
    [
        "CREATE INDEX ON memberships (joined_at)",
        "ALTER TABLE bookings ADD CHECK (seats < 100)",
        "ALTER TABLE memberships ADD COLUMN colour text; UPDATE memberships SET colour = 'green'",
        "ALTER TABLE cards ALTER COLUMN attempts TYPE bigint",
    ],
)
async def test_a_step_that_would_keep_people_waiting_is_found(empty: str, script: str) -> None:
    """The control."""
    await do(empty, "step", {"do": "restore"})
    assert set((await do(empty, "work_under_lock", script))["script"]) & {"memberships", "bookings", "cards"}


def test_what_runs_outside_of_a_transaction_keeps_nobody_waiting() -> None:
    modules = BaseMigrationManager().get_migration_modules(str(FOLDER))
    statements = [statement for module in modules.values() for statement in getattr(module, "ONLINE", ())]
    assert len(statements) > 20
    assert [statement for statement in statements if not HARMLESS.match(statement)] == []
