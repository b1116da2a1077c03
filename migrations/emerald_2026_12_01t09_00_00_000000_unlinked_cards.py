"""Cards that stay in the chats of unlinked groups"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T09:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Cards that stay in the chats of unlinked groups"

FORWARDS = """
ALTER TABLE cards
    ALTER COLUMN group_id DROP NOT NULL,
    ADD COLUMN chat_id bigint,
    DROP CONSTRAINT cards_state_check,
    ADD CONSTRAINT cards_state_check CHECK (state IN ('due', 'posting', 'live', 'lost', 'unlinked')) NOT VALID,
    ADD CONSTRAINT cards_unlinked_check CHECK ((state = 'unlinked') = (group_id IS NULL)
        AND (state = 'unlinked') = (chat_id IS NOT NULL) AND (state <> 'unlinked' OR message_id IS NOT NULL)) NOT VALID;
COMMENT ON COLUMN cards.chat_id IS 'the chat of an unlinked card, whose group is no longer linked';
"""

BACKWARDS = """
DELETE FROM cards WHERE state = 'unlinked';
ALTER TABLE cards
    DROP CONSTRAINT cards_unlinked_check,
    DROP CONSTRAINT cards_state_check,
    ADD CONSTRAINT cards_state_check CHECK (state IN ('due', 'posting', 'live', 'lost')),
    DROP COLUMN chat_id,
    ALTER COLUMN group_id SET NOT NULL;
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
