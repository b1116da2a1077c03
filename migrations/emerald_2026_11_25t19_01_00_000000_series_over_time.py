"""What a series does over time, and what one date has of its own"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-25T19:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What a series does over time, and what one date has of its own"

FORWARDS = """
ALTER TABLE event_series
    ADD COLUMN offers_before_minutes integer NOT NULL DEFAULT 1440
        CONSTRAINT event_series_offers_before_minutes_check CHECK (offers_before_minutes >= 0),
    ADD COLUMN offer_minutes integer NOT NULL DEFAULT 30
        CONSTRAINT event_series_offer_minutes_check CHECK (offer_minutes > 0),
    ADD COLUMN first_tap_before_minutes integer NOT NULL DEFAULT 120
        CONSTRAINT event_series_first_tap_before_minutes_check CHECK (first_tap_before_minutes >= 0),
    ADD COLUMN min_to_run integer CONSTRAINT event_series_min_to_run_check CHECK (min_to_run >= 1),
    ADD COLUMN decide_before_minutes integer NOT NULL DEFAULT 1440
        CONSTRAINT event_series_decide_before_minutes_check CHECK (decide_before_minutes >= 0),
    ADD COLUMN decide_by_itself boolean NOT NULL DEFAULT false,
    ADD COLUMN warn_before_minutes integer NOT NULL DEFAULT 1440
        CONSTRAINT event_series_warn_before_minutes_check CHECK (warn_before_minutes >= 0),
    ADD COLUMN remind_before_minutes integer[] NOT NULL DEFAULT '{1440,120}',
    ADD COLUMN remind_unanswered boolean NOT NULL DEFAULT false,
    ADD COLUMN dates_from timestamptz,
    ADD COLUMN dates_before timestamptz,
    ADD COLUMN follows_id bigint CONSTRAINT event_series_follows_id_fkey REFERENCES event_series,
    ADD COLUMN paused_at timestamptz,
    ADD COLUMN archived_at timestamptz;
CREATE INDEX event_series_follows_id_idx ON event_series (follows_id);
COMMENT ON COLUMN event_series.warn_before_minutes IS 'before the decision, not before the start';
COMMENT ON COLUMN event_series.dates_before IS 'a series that was split goes on in another from here';

ALTER TABLE event_instances
    ADD COLUMN title text CONSTRAINT event_instances_title_check CHECK (title <> ''),
    ADD COLUMN emoji text,
    ADD COLUMN description text,
    ADD COLUMN place text,
    ADD COLUMN map_url text,
    ADD COLUMN guests_max integer CONSTRAINT event_instances_guests_max_check CHECK (guests_max BETWEEN 0 AND 9),
    ADD COLUMN edited_at timestamptz,
    ADD COLUMN moved_from timestamptz,
    ADD COLUMN moved_at timestamptz,
    ADD COLUMN drifted_at timestamptz,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN decided_by bigint CONSTRAINT event_instances_decided_by_fkey REFERENCES telegram_users,
    ADD COLUMN claim_until timestamptz,
    ADD COLUMN list_closed_at timestamptz,
    ADD COLUMN list_closed_by bigint CONSTRAINT event_instances_list_closed_by_fkey REFERENCES telegram_users;
CREATE INDEX event_instances_decided_by_idx ON event_instances (decided_by);
CREATE INDEX event_instances_list_closed_by_idx ON event_instances (list_closed_by);
CREATE INDEX event_instances_drifted_idx ON event_instances (series_id) WHERE drifted_at IS NOT NULL;
COMMENT ON COLUMN event_instances.title IS 'of this date alone, as the columns after it; null is what the series says';
"""

BACKWARDS = """
ALTER TABLE event_instances DROP COLUMN title, DROP COLUMN emoji, DROP COLUMN description, DROP COLUMN place,
    DROP COLUMN map_url, DROP COLUMN guests_max, DROP COLUMN edited_at, DROP COLUMN moved_from, DROP COLUMN moved_at,
    DROP COLUMN drifted_at, DROP COLUMN decided_at, DROP COLUMN decided_by, DROP COLUMN claim_until,
    DROP COLUMN list_closed_at, DROP COLUMN list_closed_by;
ALTER TABLE event_series DROP COLUMN offers_before_minutes, DROP COLUMN offer_minutes,
    DROP COLUMN first_tap_before_minutes, DROP COLUMN min_to_run, DROP COLUMN decide_before_minutes,
    DROP COLUMN decide_by_itself, DROP COLUMN warn_before_minutes, DROP COLUMN remind_before_minutes,
    DROP COLUMN remind_unanswered, DROP COLUMN dates_from, DROP COLUMN dates_before, DROP COLUMN follows_id,
    DROP COLUMN paused_at, DROP COLUMN archived_at;
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
