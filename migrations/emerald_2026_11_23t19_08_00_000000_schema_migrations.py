"""A view of the steps taken, under the name the operations guide uses"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-23T19:08:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "A view of the steps taken, under the name the operations guide uses"

FORWARDS = """
CREATE VIEW schema_migrations AS SELECT name AS version, ran_on AS applied_at FROM migration WHERE app_name = 'emerald';
"""

BACKWARDS = """
DROP VIEW schema_migrations;
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
