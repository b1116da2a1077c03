"""Conversations with the bot"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T22:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Conversations with the bot"

FORWARDS = """
CREATE TABLE conversations (
    user_id bigint NOT NULL,
    kind text NOT NULL,
    step text NOT NULL,
    answers jsonb NOT NULL,
    token integer NOT NULL,
    answered_at timestamptz NOT NULL,
    reminded_at timestamptz,
    CONSTRAINT conversations_pkey PRIMARY KEY (user_id, kind),
    CONSTRAINT conversations_user_id_fkey FOREIGN KEY (user_id) REFERENCES telegram_users (id) ON DELETE CASCADE
);
CREATE INDEX conversations_answered_at_idx ON conversations (answered_at);
COMMENT ON TABLE conversations IS 'what somebody is in the middle of telling the bot';
"""

BACKWARDS = """
DROP TABLE conversations;
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
