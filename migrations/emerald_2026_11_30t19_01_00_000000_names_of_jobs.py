"""Plain names of periodic jobs"""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.engine import engine_finder

ID = "2026-11-30T19:01:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "Plain names of periodic jobs"

# A worker that was started before this step has the new rows already: then only the old one goes.
RENAME = """
WITH renamed (before, after) AS (VALUES {names}),
    moved AS (UPDATE schedule s SET name = r.after FROM renamed r
        WHERE s.name = r.before AND NOT EXISTS (SELECT 1 FROM schedule t WHERE t.name = r.after))
DELETE FROM schedule s USING renamed r
WHERE s.name = r.before AND EXISTS (SELECT 1 FROM schedule t WHERE t.name = r.after)
"""
NAMES = (
    ("make the dates of the weeks ahead", "materialize instances"),
    ("complete what has ended", "complete instances"),
    ("announce what is near", "announce instances"),
    ("warn where too few come", "warn of minimum"),
    ("decide whether dates run", "decide minimum"),
    ("remind who is booked", "remind booked members"),
    ("ask who has not answered", "remind unanswered members"),
    ("make the messages of announcements", "fan out announcements"),
    ("forget updates and sign-ins", "delete expired updates"),
    ("finish erasing people", "finish erasures"),
)


def rename(names: tuple[tuple[str, str], ...]) -> str:
    return RENAME.format(names=", ".join(f"('{before}', '{after}')" for before, after in names))


async def run(script: str) -> None:
    engine = engine_finder()
    assert engine is not None
    await engine.current_transaction.get().connection.execute(script)


async def up() -> None:
    await run(rename(NAMES))


async def down() -> None:
    await run(rename(tuple((after, before) for before, after in NAMES)))


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="emerald", description=DESCRIPTION)
    manager.add_raw(up)
    manager.add_raw_backwards(down)
    return manager
