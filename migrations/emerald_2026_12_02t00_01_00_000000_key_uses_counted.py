"""How often each key was used until now, and who joined by it"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T00:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "How often each key was used until now, and who joined by it"

# Until now only the audit knows.
BATCHES = (
    """
    WITH batch AS (SELECT id, account_id FROM api_keys WHERE id > $1 ORDER BY id LIMIT 100),
    used AS (
        SELECT b.id, count(*) AS uses FROM batch b
        JOIN audit_log a ON a.account_id = b.account_id AND a.object = 'api key ' || b.id AND a.verb = 'use' GROUP BY b.id
    ),
    counted AS (UPDATE api_keys k SET uses = u.uses FROM used u WHERE k.id = u.id AND k.uses = 0)
    SELECT max(id) FROM batch
    """,
    """
    WITH batch AS (
        SELECT id, account_id, user_id, joined_through FROM memberships WHERE id > $1 ORDER BY id LIMIT 500
    ),
    used AS (
        SELECT DISTINCT ON (b.id) b.id, k.id AS key_id FROM batch b
        JOIN audit_log a ON a.user_id = b.user_id AND a.account_id = b.account_id AND a.verb = 'use'
        JOIN api_keys k ON k.account_id = a.account_id AND a.object = 'api key ' || k.id
        WHERE b.joined_through = 'key' ORDER BY b.id, a.at DESC
    ),
    joined AS (
        UPDATE memberships m SET joined_key_id = u.key_id FROM used u
        WHERE m.id = u.id AND m.joined_through = 'key' AND m.joined_key_id IS NULL
    )
    SELECT max(id) FROM batch
    """,
)
ONLINE = (
    "CREATE INDEX CONCURRENTLY memberships_joined_key_id_idx ON memberships (account_id, joined_key_id)"
    " WHERE joined_key_id IS NOT NULL",
)

BACKWARDS = """
DROP INDEX memberships_joined_key_id_idx;
"""


async def run(script: str) -> None:
    engine = engine_finder()
    assert engine is not None
    await engine.current_transaction.get().connection.execute(script)


async def down() -> None:
    await run(BACKWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="emerald", description=DESCRIPTION)
    manager.add_raw_backwards(down)
    return manager
