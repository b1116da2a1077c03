"""What organisers note of a party"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T21:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What organisers note of a party"

FORWARDS = """
ALTER TABLE bookings ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE bookings_archive ADD COLUMN note text NOT NULL DEFAULT '';
COMMENT ON COLUMN bookings.note IS 'for organisers and helpers only';
COMMENT ON COLUMN bookings_archive.note IS 'for organisers and helpers only';
"""

BACKWARDS = """
ALTER TABLE bookings DROP COLUMN note;
ALTER TABLE bookings_archive DROP COLUMN note;
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
