"""Until when an instance's reminders are written"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T18:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Until when an instance's reminders are written"

FORWARDS = """
CREATE TABLE instance_reminders (
    instance_id bigint NOT NULL,
    account_id bigint NOT NULL,
    reminded_until timestamptz,
    asked_at timestamptz,
    CONSTRAINT instance_reminders_pkey PRIMARY KEY (instance_id),
    CONSTRAINT instance_reminders_instance_id_fkey FOREIGN KEY (instance_id) REFERENCES event_instances (id) ON DELETE CASCADE,
    CONSTRAINT instance_reminders_account_id_fkey FOREIGN KEY (account_id) REFERENCES accounts (id)
);
CREATE INDEX instance_reminders_account_id_idx ON instance_reminders (account_id);
COMMENT ON TABLE instance_reminders IS 'which reminders of an instance are written, so that the job of each minute reads only instances with one due';
COMMENT ON COLUMN instance_reminders.reminded_until IS 'those whose moment came until then; null before the first';
COMMENT ON COLUMN instance_reminders.asked_at IS 'when members who had not answered were asked by themselves';
"""

BACKWARDS = """
DROP TABLE instance_reminders;
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
