"""Whom a part of their seats is free for"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T08:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Whom a part of their seats is free for"

FORWARDS = """
ALTER TABLE instance_seats
    ADD COLUMN part_notified_to bigint,
    ADD COLUMN part_seats integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN instance_seats.part_notified_to IS
    'the membership last notified that it may take a part of what it waits for; part_seats of it are left';
"""

BACKWARDS = """
ALTER TABLE instance_seats DROP COLUMN part_notified_to, DROP COLUMN part_seats;
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
