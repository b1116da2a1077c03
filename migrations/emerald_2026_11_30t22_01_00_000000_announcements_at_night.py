"""Announcements that do not wait for the morning"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T22:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Announcements that do not wait for the morning"

FORWARDS = """
ALTER TABLE announcements ADD COLUMN at_night boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN announcements.at_night IS 'sent in quiet hours too';
"""

BACKWARDS = """
ALTER TABLE announcements DROP COLUMN at_night;
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
