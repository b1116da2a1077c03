"""When an organiser removed a member"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T21:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "When an organiser removed a member"

FORWARDS = """
ALTER TABLE memberships ADD COLUMN removed_at timestamptz;
COMMENT ON COLUMN memberships.removed_at IS 'when an organiser removed them: no group and no link lets them in again, an invitation does';
"""

BACKWARDS = "ALTER TABLE memberships DROP COLUMN removed_at;"


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
