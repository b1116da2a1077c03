"""What the guests of a party are called"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-25T20:02:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What the guests of a party are called"

FORWARDS = """
ALTER TABLE bookings
    ADD COLUMN guest_names text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT bookings_guest_names_check
        CHECK (cardinality(guest_names) <= greatest(seats + waiting + offered - 1, 0));
COMMENT ON COLUMN bookings.guest_names IS 'of the first guests, in order; empty is a guest without a name, and so is who is beyond the end';
"""

BACKWARDS = """
ALTER TABLE bookings DROP COLUMN guest_names;
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
