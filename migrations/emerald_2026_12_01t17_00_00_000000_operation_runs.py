"""The last runs of operations"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-12-01T17:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "The last runs of operations"

FORWARDS = """
CREATE TABLE operation_runs (
    name text NOT NULL,
    finished_at timestamptz NOT NULL,
    findings integer NOT NULL,
    CONSTRAINT operation_runs_pkey PRIMARY KEY (name),
    CONSTRAINT operation_runs_findings_check CHECK (findings >= 0)
);
COMMENT ON TABLE operation_runs IS 'when the invariants were checked, a backup made, a restore verified, and what was found';
"""

BACKWARDS = """
DROP TABLE operation_runs;
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
