"""How often a person has done something lately"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T10:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "How often a person has done something lately"

FORWARDS = """
CREATE TABLE rate_limits (
    user_id bigint NOT NULL,
    name text NOT NULL,
    since timestamptz NOT NULL,
    used integer NOT NULL,
    CONSTRAINT rate_limits_pkey PRIMARY KEY (user_id, name),
    CONSTRAINT rate_limits_user_id_fkey FOREIGN KEY (user_id) REFERENCES telegram_users (id) ON DELETE CASCADE,
    CONSTRAINT rate_limits_used_check CHECK (used > 0)
);
COMMENT ON TABLE rate_limits IS 'uses of something limited (X7), since the window began';
"""

BACKWARDS = """
DROP TABLE rate_limits;
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
