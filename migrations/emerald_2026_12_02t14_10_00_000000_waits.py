"""An index of joining the waitlist, for the Numbers page"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:10:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "An index of joining the waitlist, for the Numbers page"

ONLINE = (
    "CREATE INDEX CONCURRENTLY event_participation_log_waits_idx ON event_participation_log (instance_id, membership_id, id)"
    " WHERE waiting_before = 0 AND waiting_after > 0",
)

BACKWARDS = """
DROP INDEX event_participation_log_waits_idx;
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
