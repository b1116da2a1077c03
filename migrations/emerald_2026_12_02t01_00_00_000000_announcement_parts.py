"""Announcements to the people of an instance"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T01:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Announcements to the people of an instance"

FORWARDS = """
ALTER TABLE announcements ADD COLUMN instance_id bigint;
ALTER TABLE announcements ADD COLUMN parts text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN announcements.instance_id IS 'the instance of the same account to whose people alone it goes';
COMMENT ON COLUMN announcements.parts IS 'to which of these people';
"""

BACKWARDS = """
ALTER TABLE announcements DROP COLUMN parts, DROP COLUMN instance_id;
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
