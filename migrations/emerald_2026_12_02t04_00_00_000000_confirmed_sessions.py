"""When Telegram confirmed whose session it is, for those opened from the Mini App"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T04:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "When Telegram confirmed whose session it is, for those opened from the Mini App"

FORWARDS = """
ALTER TABLE web_sessions ADD COLUMN confirmed_at timestamptz;
COMMENT ON COLUMN web_sessions.confirmed_at IS 'when Telegram said who it is, where that was before created_at';
"""

BACKWARDS = """
ALTER TABLE web_sessions DROP COLUMN confirmed_at;
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
