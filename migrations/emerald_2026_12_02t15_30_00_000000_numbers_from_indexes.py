"""Who was seated and who came, found in indexes"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T15:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Who was seated and who came, found in indexes"

ONLINE = (
    "CREATE INDEX CONCURRENTLY bookings_came_idx ON bookings (instance_id) INCLUDE (membership_id, came)"
    " WHERE seats > 0 AND checked_in_at IS NOT NULL",
    "CREATE INDEX CONCURRENTLY bookings_seated_with_member_idx ON bookings (instance_id, seated_at, id)"
    " INCLUDE (membership_id) WHERE seats > 0",
)

FORWARDS = """
DROP INDEX bookings_seated_idx;
ALTER INDEX bookings_seated_with_member_idx RENAME TO bookings_seated_idx;
"""

BACKWARDS = """
DROP INDEX bookings_came_idx;
DROP INDEX bookings_seated_idx;
CREATE INDEX bookings_seated_idx ON bookings (instance_id, seated_at, id) WHERE seats > 0;
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
