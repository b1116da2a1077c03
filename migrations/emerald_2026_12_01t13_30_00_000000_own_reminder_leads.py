"""Index of people who chose when they are reminded"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T13:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Index of people who chose when they are reminded"

ONLINE = (
    "CREATE INDEX CONCURRENTLY telegram_users_reminder_leads_idx ON telegram_users (id) WHERE reminder_leads IS NOT NULL",
)

BACKWARDS = """
DROP INDEX telegram_users_reminder_leads_idx;
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
