"""Announced maintenance"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T16:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Announced maintenance"

FORWARDS = """
CREATE TABLE maintenance (
    id integer CONSTRAINT maintenance_pkey PRIMARY KEY DEFAULT 1 CONSTRAINT maintenance_id_check CHECK (id = 1),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    message text NOT NULL DEFAULT ''
);
COMMENT ON TABLE maintenance IS 'the last maintenance, past, present or to come, in one row';
"""

BACKWARDS = """
DROP TABLE maintenance;
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
