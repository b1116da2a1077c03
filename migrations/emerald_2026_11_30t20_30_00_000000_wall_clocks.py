"""The wall clocks of series and instances, and the zone data they were computed with"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T20:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The wall clocks of series and instances, and the zone data they were computed with"

# PostgreSQL has zone data of its own, so the columns are filled by Emerald (`backend.events.zone_changes`):
# at the end of migrating, and whenever a row is found that a version before this one wrote.
FORWARDS = """
ALTER TABLE event_series
    ADD COLUMN zone_data text,
    ADD COLUMN dates_from_local timestamp,
    ADD COLUMN dates_before_local timestamp;
COMMENT ON COLUMN event_series.zone_data IS 'of what version its instants were computed; null is not known';
COMMENT ON COLUMN event_series.dates_from_local IS 'the wall clock at dates_from';

ALTER TABLE event_instances
    ADD COLUMN zone text,
    ADD COLUMN original_local timestamp,
    ADD COLUMN starts_local timestamp;
COMMENT ON COLUMN event_instances.zone IS 'of the two wall clocks; null is a row of a version before them';
COMMENT ON COLUMN event_instances.original_local IS 'its identity; null with a zone is beside its rule';
"""

BACKWARDS = """
ALTER TABLE event_instances DROP COLUMN zone, DROP COLUMN original_local, DROP COLUMN starts_local;
ALTER TABLE event_series DROP COLUMN zone_data, DROP COLUMN dates_from_local, DROP COLUMN dates_before_local;
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
