"""Migrate the database to the tables of this version. An advisory lock lets one process migrate at a time."""

import contextlib
import io
import os

import asyncpg
from piccolo.apps.migrations.commands.backwards import run_backwards
from piccolo.apps.migrations.commands.forwards import run_forwards

from backend import db
from backend.events.zone_changes import keep_wall_clocks
from backend.polls.zone_changes import keep_poll_dates
from backend.settings import settings
from emerald.pending import pending

# Any number that no other program uses: "emerald" in ASCII, shortened to 63 bits.
LOCK = 0x656D6572616C64

# Piccolo finds the engine and the list of tables through this variable only.
os.environ.setdefault("PICCOLO_CONF", "backend.piccolo_conf")


async def migrate(check: bool = False) -> list[str]:
    """Apply the migrations that are missing. Returns their ids. With `check`, apply none. Raises
    `Unavailable`.

    Afterwards the wall clocks of all instances are filled in: PostgreSQL's own zone data may be others than
    ours (`S10`).
    """
    with db.translate_errors():
        lock_holder = await asyncpg.connect(**settings.database.connect_kwargs())
    try:
        # The lock is held as long as this connection. A process that waited for it finds nothing missing.
        await lock_holder.execute("SELECT pg_advisory_lock($1)", LOCK)
        missing = await pending()
        if missing and not check:
            await _quietly(run_forwards, "emerald")
            await keep_wall_clocks()
            await keep_poll_dates()
        return missing
    finally:
        await lock_holder.close()


async def undo_all() -> None:
    """Undo every migration; for the test that goes up, down and up again."""
    await _quietly(run_backwards, "emerald", "all", True)


async def _quietly(run: object, *args: object) -> None:
    """Run without Piccolo's progress on standard output, which is kept for the error message. Raises
    `RuntimeError`."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        result = await run(*args)  # type: ignore[operator]
    if not result.success:
        raise RuntimeError(f"migrating failed: {result.message or output.getvalue()}")
