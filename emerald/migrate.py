"""Migrate the database to the tables of this version. An advisory lock lets one process migrate at a time.

The lock is a transaction's, which also holds behind PgBouncer, where a session's would stay with a connection
of the pool. Each step is a transaction of its own, with the row that records it; what takes long is done before it, while others
use the tables (`online_steps.py`).
"""

import asyncio
import contextlib
import io
import os
import sys
from collections.abc import AsyncIterator
from types import ModuleType
from typing import cast

import asyncpg
from piccolo.apps.migrations.commands.backwards import run_backwards
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.commands.forwards import run_forwards

from backend import db
from backend.database_address import DatabaseAddress
from backend.engine import DB, connect, connect_kwargs
from backend.events.zone_changes import keep_wall_clocks
from backend.piccolo_app import APP_CONFIG
from backend.polls.zone_changes import keep_poll_dates
from backend.settings import settings
from emerald.errors import CommandFailed
from emerald.online_steps import SAY_AGAIN, work_online
from emerald.pending import migration_ids, pending
from emerald.rights import grant_rights
from emerald.table_locks import PATIENCE, Say, between_others

# Any number that no other program uses: "emerald" in ASCII, shortened to 63 bits.
LOCK = 0x656D6572616C64
WAIT = 600.0  # seconds to wait for another process that migrates
WAIT_PAUSE = 0.5  # seconds

HOLDER = """
SELECT format('process %s', l.pid) || coalesce(' of ' || a.usename, '')
    || coalesce(', ' || nullif(a.application_name, ''), '') || coalesce(' from ' || host(a.client_addr), '')
    || coalesce(format(', for %s s', extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start))::int), '')
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database
    WHERE datname = current_database())
    AND (l.classid::bigint << 32 | l.objid::bigint) = $1 AND l.objsubid = 1
"""

# Piccolo finds the engine and the list of tables through this variable only.
os.environ.setdefault("PICCOLO_CONF", "backend.piccolo_conf")


def say_on_stderr(sentence: str) -> None:
    """What happens meanwhile is no answer of the command."""
    print(sentence, file=sys.stderr, flush=True)


async def missing_steps() -> list[str]:
    """The ids of the migrations that the database does not have yet. Locks nothing and waits for nobody.
    Raises `Unavailable`."""
    with DB.at(settings.migrate_database, name="emerald migrate"):
        return await pending()


async def migrate(to: str | None = None, *, wait: float = WAIT, say: Say = say_on_stderr) -> list[str]:
    """Apply the migrations that are missing, or those up to the id `to`. Returns their ids. Raises
    `Unavailable`, and `CommandFailed` when another process still migrates after `wait` seconds.

    Afterwards the wall clocks of all instances are filled in: PostgreSQL's own zone data may be others than
    ours (`S10`).
    """
    if to is not None and to not in migration_ids():
        raise CommandFailed(
            f"There is no migration {to}: `emerald migrate --check` lists those that are missing."
        )
    with db.translate_errors(), DB.at(settings.migrate_database, name="emerald migrate"):
        async with schema_locked(settings.migrate_database, wait, say), _pool():
            missing = await pending()
            steps = [step for step in missing if to is None or step <= to]
            for step in steps:
                await take_step(step, say)
            if steps and steps == missing:
                await keep_wall_clocks()
                await keep_poll_dates()
            async with db.transaction():
                await grant_rights()
            return steps


async def undo_all() -> None:
    """Undo every migration; for the test that goes up, down and up again."""
    await _quietly(run_backwards, "emerald", "all", True)


@contextlib.asynccontextmanager
async def schema_locked(
    address: DatabaseAddress, wait: float = WAIT, say: Say = say_on_stderr
) -> AsyncIterator[None]:
    """Keep everybody else from migrating meanwhile. Raises `CommandFailed` when another process still does after `wait`
    seconds."""
    settings_of_server = {"server_settings": DB.config["server_settings"]}
    holder = await connect(**connect_kwargs(address) | settings_of_server)
    try:
        await _wait_for_lock(holder, wait, say)
        yield
        await holder.execute("COMMIT")
    finally:
        await holder.close()


async def _try_lock(connection: asyncpg.Connection) -> bool:
    """Begin a transaction that has the lock, if nobody else has it.

    Building an index concurrently waits for each transaction that has a snapshot. So whoever waits for the lock is in none
    meanwhile, and whoever has it lets go of its snapshot, which the portal of a SELECT keeps until the next statement.
    """
    await connection.execute("BEGIN")
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LOCK)
    await connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0" if locked else "ROLLBACK")
    return locked


async def _wait_for_lock(connection: asyncpg.Connection, wait: float, say: Say) -> None:
    loop = asyncio.get_running_loop()
    begun, said = loop.time(), 0.0
    while not await _try_lock(connection):
        who = await connection.fetchval(HOLDER, LOCK)
        if who is None:
            continue  # it has just ended
        waited = loop.time() - begun
        if not said or loop.time() - said > SAY_AGAIN:
            say(
                f"Another process is migrating this database ({who}): waiting for up to {max(wait - waited, 0):.0f} s."
            )
            said = loop.time()
        if waited >= wait:
            raise CommandFailed(
                f"Another process is still migrating this database after {waited:.0f} s ({who}): wait until"
                " it has ended, or end it, and run this again."
            )
        await asyncio.sleep(WAIT_PAUSE)


@contextlib.asynccontextmanager
async def _pool() -> AsyncIterator[None]:
    """A small pool, for Piccolo asks for a connection several times in each step."""
    await DB.start_connection_pool(connect=connect, min_size=1, max_size=2)
    try:
        yield
    finally:
        await db.close_pool()


async def take_step(step: str, say: Say = say_on_stderr) -> None:
    """Do the long part of one step, then take it and record it in one transaction: a process that is killed leaves nothing half
    done, or what it will do again."""
    modules = BaseMigrationManager().get_migration_modules(APP_CONFIG.resolved_migrations_folder_path)
    await work_online(f"Step {step}", cast(ModuleType, modules[step]), say)

    async def take() -> None:
        async with db.transaction(f"{PATIENCE}; SET LOCAL statement_timeout = 0"):
            await _quietly(run_forwards, "emerald", step)

    await between_others(take, f"Step {step}", say)


async def _quietly(run: object, *args: object) -> None:
    """Run without Piccolo's progress on standard output, which is kept for the error message. Raises
    `RuntimeError`."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        result = await run(*args)  # type: ignore[operator]
    if not result.success:
        raise RuntimeError(f"migrating failed: {result.message or output.getvalue()}")
