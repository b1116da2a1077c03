"""Indexes for what grows with the years"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T12:15:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes for what grows with the years"

ONLINE = (
    "CREATE INDEX CONCURRENTLY event_participation_log_membership_id_idx ON event_participation_log (membership_id)",
    "CREATE INDEX CONCURRENTLY event_participation_log_by_user_id_idx ON event_participation_log (by_user_id)",
    "CREATE INDEX CONCURRENTLY memberships_left_at_idx ON memberships (left_at) WHERE left_at IS NOT NULL",
)

BACKWARDS = """
DROP INDEX event_participation_log_membership_id_idx;
DROP INDEX event_participation_log_by_user_id_idx;
DROP INDEX memberships_left_at_idx;
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
