"""What is known of the backups"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T16:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What is known of the backups"

FORWARDS = """
CREATE TABLE backup_status (
    id integer CONSTRAINT backup_status_pkey PRIMARY KEY DEFAULT 1
        CONSTRAINT backup_status_id_check CHECK (id = 1),
    backed_up_at timestamptz,
    backup_bytes bigint,
    encrypted boolean,
    verified_at timestamptz,
    verified_until timestamptz,
    received_at timestamptz,
    free_bytes bigint,
    error text NOT NULL DEFAULT '',
    failed_at timestamptz
);
COMMENT ON TABLE backup_status IS 'what is known of the backups, in one row';
"""

BACKWARDS = """
DROP TABLE backup_status;
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
