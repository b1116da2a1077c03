"""Why and when cards were lost, which was drawn longest ago, and who runs a duty"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-25T19:05:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Why and when cards were lost, which was drawn longest ago, and who runs a duty"

FORWARDS = """
ALTER TABLE cards
    ADD COLUMN trouble text NOT NULL DEFAULT '' CONSTRAINT cards_trouble_check CHECK (trouble IN
        ('', 'unknown', 'deleted', 'muted', 'removed', 'topic-closed', 'topic-gone', 'moved', 'refused')),
    ADD COLUMN lost_at timestamptz,
    ADD COLUMN drawn_at timestamptz;
UPDATE cards SET lost_at = coalesce(posted_at, created_at), trouble = CASE
    WHEN error LIKE 'may have been posted%' THEN 'unknown'
    WHEN error = 'the group became a supergroup' THEN 'moved'
    WHEN error ILIKE '%message to edit not found%' THEN 'deleted'
    ELSE 'refused' END
WHERE state = 'lost';
UPDATE cards SET drawn_at = posted_at;
ALTER TABLE cards ADD CONSTRAINT cards_lost_check CHECK ((state = 'lost') = (trouble <> '' AND lost_at IS NOT NULL));
CREATE INDEX cards_lost_idx ON cards (group_id) WHERE state = 'lost';
COMMENT ON COLUMN cards.trouble IS 'why it was lost; the words of whoever refused it are in error';
COMMENT ON COLUMN cards.lost_at IS 'what was lost together has the same moment';
COMMENT ON COLUMN cards.drawn_at IS 'when it was last posted or edited: of the stale ones, the one drawn longest ago comes first';

ALTER TABLE schedule ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN schedule.epoch IS 'rises with each claim: who finds another one there has been overtaken';
"""

BACKWARDS = """
ALTER TABLE schedule DROP COLUMN epoch;
DROP INDEX cards_lost_idx;
ALTER TABLE cards DROP COLUMN drawn_at, DROP COLUMN lost_at, DROP COLUMN trouble;
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
