"""Private chats whose list of commands is to be set"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T15:06:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Private chats whose list of commands is to be set"

FORWARDS = """
CREATE TABLE due_command_lists (
    chat_id bigint CONSTRAINT due_command_lists_pkey PRIMARY KEY,
    due_at timestamptz NOT NULL,
    marked_at timestamptz NOT NULL
);
"""

BACKWARDS = """
DROP TABLE due_command_lists;
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
