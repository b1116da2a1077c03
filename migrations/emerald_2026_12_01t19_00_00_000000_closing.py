"""Closing a club"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T19:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Closing a club"

FORWARDS = """
ALTER TABLE accounts
    ADD COLUMN closing_at timestamptz,
    ADD COLUMN closed_at timestamptz,
    ADD CONSTRAINT accounts_closed_at_check CHECK (closed_at IS NULL OR closing_at IS NOT NULL);
CREATE INDEX accounts_closing_at_idx ON accounts (closing_at) WHERE closing_at IS NOT NULL AND closed_at IS NULL;
COMMENT ON COLUMN accounts.closing_at IS 'when an owner closes the club, unless an owner changes their mind before';
COMMENT ON COLUMN accounts.closed_at IS 'when it was closed: nobody is a member any more, and nobody can become one';
"""

BACKWARDS = """
DROP INDEX accounts_closing_at_idx;
ALTER TABLE accounts DROP CONSTRAINT accounts_closed_at_check, DROP COLUMN closing_at, DROP COLUMN closed_at;
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
