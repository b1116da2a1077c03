"""Before when a club has deleted its history"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T15:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Before when a club has deleted its history"

FORWARDS = """
ALTER TABLE accounts ADD COLUMN history_deleted_before timestamptz;
COMMENT ON COLUMN accounts.history_deleted_before IS 'dates that ended before have lost their people by a choice that holds no more';
"""

BACKWARDS = """
ALTER TABLE accounts DROP COLUMN history_deleted_before;
"""


async def run(script: str) -> None:
    engine = engine_finder()
    assert engine is not None
    await engine.current_transaction.get().connection.execute(script)


async def up() -> None:
    await run(FORWARDS)


async def down() -> None:
    await run(BACKWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="emerald", description=DESCRIPTION)
    manager.add_raw(up)
    manager.add_raw_backwards(down)
    return manager
