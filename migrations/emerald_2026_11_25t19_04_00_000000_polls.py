"""Polls about dates, what was made of them, and who was reminded"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-25T19:04:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Polls about dates, what was made of them, and who was reminded"

FORWARDS = """
ALTER TABLE polls DROP CONSTRAINT polls_kind_check,
    ADD CONSTRAINT polls_kind_check CHECK (kind IN ('single', 'several', 'dates')),
    ADD COLUMN reminded_at timestamptz;

-- An option is words or a moment. What was made of a poll is written at the option it was made of: one at most.
ALTER TABLE poll_options DROP CONSTRAINT poll_options_text_check,
    ADD COLUMN starts_at timestamptz,
    ADD COLUMN made_instance_id bigint
        CONSTRAINT poll_options_made_instance_id_key UNIQUE
        CONSTRAINT poll_options_made_instance_id_fkey REFERENCES event_instances,
    ADD CONSTRAINT poll_options_text_check CHECK ((text = '') = (starts_at IS NOT NULL)),
    ADD CONSTRAINT poll_options_poll_id_starts_at_key UNIQUE (poll_id, starts_at);
CREATE UNIQUE INDEX poll_options_poll_id_made_idx ON poll_options (poll_id) WHERE made_instance_id IS NOT NULL;

-- `votes` are those that say yes: only they are limited.
ALTER TABLE poll_option_tallies
    ADD COLUMN if_need_be integer NOT NULL DEFAULT 0
        CONSTRAINT poll_option_tallies_if_need_be_check CHECK (if_need_be >= 0),
    ADD COLUMN against integer NOT NULL DEFAULT 0
        CONSTRAINT poll_option_tallies_against_check CHECK (against >= 0);

ALTER TABLE poll_votes ADD COLUMN answer text NOT NULL DEFAULT 'yes'
    CONSTRAINT poll_votes_answer_check CHECK (answer IN ('yes', 'if-need-be', 'no'));
"""

# A poll about dates becomes one of several choices whose options are the dates in words; what was no yes is forgotten.
BACKWARDS = """
DELETE FROM poll_votes WHERE answer <> 'yes';
ALTER TABLE poll_votes DROP COLUMN answer;
UPDATE poll_tallies t SET version = version + 1,
    voters = (SELECT count(DISTINCT v.membership_id) FROM poll_votes v WHERE v.poll_id = t.poll_id)
FROM polls p WHERE p.id = t.poll_id AND p.kind = 'dates';
ALTER TABLE poll_option_tallies DROP COLUMN if_need_be, DROP COLUMN against;

ALTER TABLE poll_options DROP CONSTRAINT poll_options_text_check;
UPDATE poll_options o SET text = to_char(o.starts_at AT TIME ZONE a.zone, 'YYYY-MM-DD HH24:MI')
FROM accounts a WHERE a.id = o.account_id AND o.starts_at IS NOT NULL;
DROP INDEX poll_options_poll_id_made_idx;
ALTER TABLE poll_options DROP CONSTRAINT poll_options_poll_id_starts_at_key,
    DROP COLUMN starts_at, DROP COLUMN made_instance_id,
    ADD CONSTRAINT poll_options_text_check CHECK (text <> '');

UPDATE polls SET kind = 'several' WHERE kind = 'dates';
ALTER TABLE polls DROP CONSTRAINT polls_kind_check, DROP COLUMN reminded_at,
    ADD CONSTRAINT polls_kind_check CHECK (kind IN ('single', 'several'));
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
