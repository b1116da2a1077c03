"""Addresses of calendar feeds that are no longer in use"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T20:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Addresses of calendar feeds that are no longer in use"

FORWARDS = """
CREATE TABLE former_calendar_feeds (
    token_hash text NOT NULL CONSTRAINT former_calendar_feeds_pkey PRIMARY KEY,
    language text NOT NULL,
    ended_at timestamptz NOT NULL
);
CREATE INDEX former_calendar_feeds_ended_at_idx ON former_calendar_feeds (ended_at);
COMMENT ON TABLE former_calendar_feeds IS 'addresses that were renewed or turned off: calendars that ask there are told so';
"""

BACKWARDS = "DROP TABLE former_calendar_feeds;"


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
