"""When a date was changed, and what was asked before it is decided"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-25T19:06:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "When a date was changed, and what was asked before it is decided"

FORWARDS = """
ALTER TABLE event_instances
    ADD COLUMN changed_at timestamptz,
    ADD COLUMN warned_at timestamptz,
    ADD COLUMN decision_asked_at timestamptz;
COMMENT ON COLUMN event_instances.changed_at IS 'when its entry in calendars last changed; null is never since it was made';
COMMENT ON COLUMN event_instances.warned_at IS 'when people were told that too few come';
COMMENT ON COLUMN event_instances.decision_asked_at IS 'when its organisers were asked whether it runs';
"""

BACKWARDS = """
ALTER TABLE event_instances DROP COLUMN changed_at, DROP COLUMN warned_at, DROP COLUMN decision_asked_at;
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
