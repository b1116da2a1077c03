"""Indexes and checked rows of unlinked cards"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T09:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Indexes and checked rows of unlinked cards"

ONLINE = (
    "ALTER TABLE cards VALIDATE CONSTRAINT cards_state_check",
    "ALTER TABLE cards VALIDATE CONSTRAINT cards_unlinked_check",
    "CREATE INDEX CONCURRENTLY cards_unlinked_idx ON cards (next_try_at) WHERE state = 'unlinked'",
    "CREATE INDEX CONCURRENTLY cards_chat_id_idx ON cards (chat_id) WHERE state = 'unlinked'",
)

BACKWARDS = """
DROP INDEX cards_chat_id_idx;
DROP INDEX cards_unlinked_idx;
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
