"""Where a sign-in was asked for, as a keyed digest: so that one address cannot ask without end"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-23T19:09:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Where a sign-in was asked for, as a keyed digest"

FORWARDS = """
ALTER TABLE sign_ins ADD COLUMN address_hash text NOT NULL DEFAULT '';
CREATE INDEX sign_ins_address_hash_created_at_idx ON sign_ins (address_hash, created_at);
CREATE INDEX sign_ins_browser_hash_idx ON sign_ins (browser_hash);
"""

BACKWARDS = """
DROP INDEX sign_ins_browser_hash_idx;
DROP INDEX sign_ins_address_hash_created_at_idx;
ALTER TABLE sign_ins DROP COLUMN address_hash;
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
