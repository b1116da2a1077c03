"""Bring the database to the tables this code knows. One at a time over all processes, by an advisory lock."""

import contextlib
import io
import os

import asyncpg
from piccolo.apps.migrations.commands.backwards import run_backwards
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.commands.forwards import run_forwards

from backend import db
from backend.piccolo_app import APP_CONFIG
from backend.settings import settings

# Any number will do, as long as nobody else takes it: "emerald" in ASCII, shortened to 63 bits.
LOCK = 0x656D6572616C64

# Piccolo finds the engine and the list of tables through this variable only.
os.environ.setdefault("PICCOLO_CONF", "backend.piccolo_conf")


async def migrate(check: bool = False) -> list[str]:
    """Take the steps not yet taken; their ids. With `check`, only say which they are. Raises `Unavailable`."""
    with db.translate_errors():
        keeper = await asyncpg.connect(**settings.database.connect_kwargs())
    try:
        # The lock lives as long as this connection: who waits here finds the work done.
        await keeper.execute("SELECT pg_advisory_lock($1)", LOCK)
        missing = await pending()
        if missing and not check:
            await _quietly(run_forwards, "emerald")
        return missing
    finally:
        await keeper.close()


async def pending() -> list[str]:
    """The ids of the steps this code has and the database has not."""
    there = await db.value("SELECT to_regclass('migration') IS NOT NULL")
    done = await db.rows("SELECT name FROM migration WHERE app_name = 'emerald'") if there else []
    modules = BaseMigrationManager().get_migration_modules(APP_CONFIG.resolved_migrations_folder_path)
    return sorted(set(modules) - {row["name"] for row in done})


async def undo_all() -> None:
    """Take every step back; for the test that goes up, down and up again."""
    await _quietly(run_backwards, "emerald", "all", True)


async def _quietly(run: object, *args: object) -> None:
    """Piccolo reports progress by print; its words are kept for the error, if there is one."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        result = await run(*args)  # type: ignore[operator]
    if not result.success:
        raise RuntimeError(f"migrating failed: {result.message or said.getvalue()}")
