"""The topic of a group in which cards appear"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T15:07:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The topic of a group in which cards appear"

FORWARDS = """
ALTER TABLE groups ADD COLUMN card_topic_id bigint;
"""

BACKWARDS = """
ALTER TABLE groups DROP COLUMN card_topic_id;
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
