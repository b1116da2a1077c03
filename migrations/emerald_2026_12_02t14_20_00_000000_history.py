"""How long a club keeps its history"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:20:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "How long a club keeps its history"

FORWARDS = """
ALTER TABLE accounts
    ADD COLUMN history_years integer CONSTRAINT accounts_history_years_check CHECK (history_years BETWEEN 2 AND 100),
    ADD COLUMN history_chosen_at timestamptz,
    ADD CONSTRAINT accounts_history_check CHECK ((history_years IS NULL) = (history_chosen_at IS NULL));
"""

BACKWARDS = """
ALTER TABLE accounts DROP COLUMN history_years, DROP COLUMN history_chosen_at;
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
