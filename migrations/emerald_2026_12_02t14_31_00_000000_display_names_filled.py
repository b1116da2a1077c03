"""What each member is called until now"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T14:31:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What each member is called until now"

# Triggers write the name of whoever joins or is renamed meanwhile: such a row is not null, and stays as it is.
BATCHES = (
    """
    WITH batch AS (SELECT id FROM memberships WHERE id > $1 ORDER BY id LIMIT 500),
    filled AS (
        UPDATE memberships m SET display_name = left(coalesce(nullif(m.name, ''),
            (SELECT trim(u.first_name || ' ' || u.last_name) FROM telegram_users u WHERE u.id = m.user_id), ''), 200)
        FROM batch b WHERE m.id = b.id AND m.display_name IS NULL
    )
    SELECT max(id) FROM batch
    """,
)

FORWARDS = """
ALTER TABLE memberships
    ALTER COLUMN display_name SET DEFAULT '',
    ADD CONSTRAINT memberships_display_name_check CHECK (display_name IS NOT NULL) NOT VALID;
"""

BACKWARDS = """
ALTER TABLE memberships
    DROP CONSTRAINT memberships_display_name_check,
    ALTER COLUMN display_name DROP DEFAULT;
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
