"""Index of when people let the bot write to them"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T18:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Index of when people let the bot write to them"

ONLINE = ("CREATE INDEX CONCURRENTLY telegram_users_may_write_at_idx ON telegram_users (may_write_at)",)

BACKWARDS = """
DROP INDEX telegram_users_may_write_at_idx;
"""


async def run(script: str) -> None:
    engine = engine_finder()
    assert engine is not None
    await engine.current_transaction.get().connection.execute(script)


async def down() -> None:
    await run(BACKWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="emerald", description=DESCRIPTION)
    manager.add_raw_backwards(down)
    return manager
