"""Indexes of the wall clocks of instances"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T20:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes of the wall clocks of instances"

ONLINE = (
    "CREATE UNIQUE INDEX CONCURRENTLY event_instances_series_id_original_local_key ON event_instances (series_id, original_local)",
    "CREATE INDEX CONCURRENTLY event_instances_without_zone_idx ON event_instances (series_id) WHERE zone IS NULL",
)

# It is there already where the step before was taken in an earlier form.
FORWARDS = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'event_instances_series_id_original_local_key') THEN
        ALTER TABLE event_instances ADD CONSTRAINT event_instances_series_id_original_local_key
            UNIQUE USING INDEX event_instances_series_id_original_local_key;
    END IF;
END $$;
"""

BACKWARDS = """
ALTER TABLE event_instances DROP CONSTRAINT event_instances_series_id_original_local_key;
DROP INDEX event_instances_without_zone_idx;
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
