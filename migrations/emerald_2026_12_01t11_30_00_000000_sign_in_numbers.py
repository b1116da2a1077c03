"""The number that a sign-in is confirmed by"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T11:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The number that a sign-in is confirmed by"

FORWARDS = """
ALTER TABLE sign_ins
    ADD COLUMN number integer,
    ADD COLUMN numbers integer[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN sign_ins.number IS 'what the browser shows; the bot asks for it among numbers';
"""

BACKWARDS = "ALTER TABLE sign_ins DROP COLUMN number, DROP COLUMN numbers;"


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
