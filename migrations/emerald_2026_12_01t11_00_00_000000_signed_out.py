"""When somebody signed out everywhere"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T11:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "When somebody signed out everywhere"

FORWARDS = """
ALTER TABLE telegram_users ADD COLUMN signed_out_at timestamptz;
COMMENT ON COLUMN telegram_users.signed_out_at IS 'when they last signed out everywhere: what Telegram signed before opens nothing';
"""

BACKWARDS = "ALTER TABLE telegram_users DROP COLUMN signed_out_at;"


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
