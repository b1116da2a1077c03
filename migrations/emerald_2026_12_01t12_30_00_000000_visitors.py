"""Visitors: who takes part in an instance by its link, and is no member"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T12:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Visitors: who takes part in an instance by its link, and is no member"

# Whom a link has made a member so far stays one: their club has known them as such.
FORWARDS = """
ALTER TABLE memberships ADD COLUMN visitor_since timestamptz;
COMMENT ON COLUMN memberships.visitor_since IS 'since when they take part by links only, and are no member';
"""

BACKWARDS = """
ALTER TABLE memberships DROP COLUMN visitor_since;
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
