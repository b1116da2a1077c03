"""Keys end, by themselves and with the role"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T10:30:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Keys end, by themselves and with the role"

# A key without an end, or with one far away, is good for a year from now on. Those of people who are no longer
# organisers (no longer owners, for keys of owners) are revoked.
FORWARDS = """
UPDATE api_keys SET expires_at = now() + interval '366 days'
WHERE expires_at IS NULL OR expires_at > now() + interval '366 days';
UPDATE api_keys k SET revoked_at = now()
WHERE k.revoked_at IS NULL AND k.created_by IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM memberships m WHERE m.account_id = k.account_id AND m.user_id = k.created_by AND m.left_at IS NULL
    AND (m.role = 'OWNER' OR m.role = 'ADMIN' AND k.role <> 'OWNER')
);
"""

BACKWARDS = "SELECT 1;"  # the version before reads all of them as they are


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
