"""What caused a message: the request, the update or the run of a job"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T15:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "What caused a message: the request, the update or the run of a job"

# The transaction bears its cause in its name, "emerald-web 1a2b3c4d", so no statement has to pass it on.
FORWARDS = """
ALTER TABLE messages ADD COLUMN cause text NOT NULL DEFAULT '';
ALTER TABLE messages ALTER COLUMN cause SET DEFAULT split_part(current_setting('application_name'), ' ', 2);
"""

BACKWARDS = """
ALTER TABLE messages DROP COLUMN cause;
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
