"""When an update that was not handled may be claimed again"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T15:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "When an update that was not handled may be claimed again"

FORWARDS = """
ALTER TABLE telegram_updates ADD COLUMN again_at timestamptz;
"""

BACKWARDS = """
ALTER TABLE telegram_updates DROP COLUMN again_at;
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
