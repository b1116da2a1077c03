"""What new series of a club begin with"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-02T05:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What new series of a club begin with"

FORWARDS = """
CREATE TABLE series_defaults (
    account_id bigint NOT NULL,
    duration_minutes integer NOT NULL,
    capacity integer,
    guests_max integer NOT NULL,
    opens_before_minutes integer,
    closes_before_minutes integer NOT NULL,
    cancel_before_minutes integer,
    announce_before_minutes integer NOT NULL,
    fill_gaps boolean NOT NULL,
    offers_before_minutes integer NOT NULL,
    offer_minutes integer NOT NULL,
    first_tap_before_minutes integer NOT NULL,
    min_to_run integer,
    decide_before_minutes integer NOT NULL,
    decide_by_itself boolean NOT NULL,
    warn_before_minutes integer NOT NULL,
    remind_before_minutes integer[] NOT NULL,
    remind_unanswered boolean NOT NULL,
    CONSTRAINT series_defaults_pkey PRIMARY KEY (account_id),
    CONSTRAINT series_defaults_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id)
);
COMMENT ON TABLE series_defaults IS 'what new series of an account begin with; no row where it has set nothing';
"""

BACKWARDS = """
DROP TABLE series_defaults;
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
