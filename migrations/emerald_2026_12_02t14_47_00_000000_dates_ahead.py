"""Dates of a club in the order of lists, through their index alone"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:47:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Dates of a club in the order of lists, through their index alone"

ONLINE = (
    "CREATE INDEX CONCURRENTLY event_instances_account_id_starts_at_id_idx ON event_instances (account_id, starts_at, id)",
    "DROP INDEX CONCURRENTLY IF EXISTS event_instances_account_id_starts_at_idx",
)

BACKWARDS = """
CREATE INDEX event_instances_account_id_starts_at_idx ON event_instances (account_id, starts_at);
DROP INDEX event_instances_account_id_starts_at_id_idx;
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
