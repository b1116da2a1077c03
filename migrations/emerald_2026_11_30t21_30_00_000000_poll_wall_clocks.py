"""The wall clocks of the dates in polls"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T21:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The wall clocks of the dates in polls"

FORWARDS = """
ALTER TABLE poll_options
    ADD COLUMN zone text,
    ADD COLUMN starts_local timestamp,
    ADD COLUMN zone_data text;
COMMENT ON COLUMN poll_options.starts_local IS 'the wall clock at starts_at in zone; null is not known';
"""

BACKWARDS = """
ALTER TABLE poll_options DROP COLUMN zone, DROP COLUMN starts_local, DROP COLUMN zone_data;
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
