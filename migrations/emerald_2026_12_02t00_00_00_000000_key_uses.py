"""How often a key was used, and who joined by it"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T00:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "How often a key was used, and who joined by it"

FORWARDS = """
ALTER TABLE api_keys ADD COLUMN uses integer NOT NULL DEFAULT 0 CONSTRAINT api_keys_uses_check CHECK (uses >= 0);
COMMENT ON COLUMN api_keys.uses IS 'how many people it has let in, or given its role';
ALTER TABLE memberships ADD COLUMN joined_key_id bigint;
COMMENT ON COLUMN memberships.joined_key_id IS 'the key of the same account by which they joined last';
"""

BACKWARDS = """
ALTER TABLE memberships DROP COLUMN joined_key_id;
ALTER TABLE api_keys DROP COLUMN uses;
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
