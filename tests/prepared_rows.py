"""Rows that many tests begin with, made once in each process by the domain's own actions and put back for each test.

Putting a few dozen rows back is one statement. Making them anew takes a dozen transactions, a third of a short test.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

# The log refuses to be emptied, as it should: the tests' own way round is not open to the application.
WITHOUT_TRIGGERS = "SET LOCAL session_replication_role = replica"
# Makes the query that tells which tables have rows.
FIND_USED = """
SELECT string_agg(format('SELECT %1$L AS name, EXISTS (SELECT 1 FROM %1$I OFFSET 2000) AS many WHERE EXISTS (SELECT 1 FROM %1$I)',
    tablename), ' UNION ALL ')
FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'migration'
"""
FIND_NUMBERS = """
SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = current_schema() AND last_value IS NOT NULL
"""

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    made: Any
    script: str


_snapshots: dict[tuple[str, datetime | None], _Snapshot] = {}


async def empty() -> None:
    """Delete all rows, and begin all numbers anew."""
    from backend import db

    used = await db.rows(await db.value(FIND_USED))
    # Emptying a table by TRUNCATE takes as long as deleting a few thousand rows, and a test leaves a few dozen.
    script = [f"TRUNCATE {t['name']} CASCADE" if t["many"] else f"DELETE FROM {t['name']}" for t in used]
    script += [f"SELECT setval('{n['name']}', 1, false)" for n in await db.rows(FIND_NUMBERS)]
    if script:
        async with db.transaction(WITHOUT_TRIGGERS):
            await db.execute("; ".join(script))


async def made_once(name: str, make: Callable[[], Awaitable[Made]]) -> Made:
    """What `make` gives and the rows it leaves in the database: made by it the first time, put back from then on.

    Under a stopped clock the rows are those that were made at that time.
    """
    from backend import clock, db

    key = name, None if clock.runs() else clock.now()
    if key not in _snapshots:
        made = await make()
        _snapshots[key] = _Snapshot(made, await _script_of_rows())
        return made
    async with db.transaction(WITHOUT_TRIGGERS):
        await db.execute(_snapshots[key].script)
    made_before: Made = _snapshots[key].made
    return made_before


async def _script_of_rows() -> str:
    """Statements that make the used tables and all numbers what they are now."""
    from backend import db

    script = []
    for table in await db.rows(await db.value(FIND_USED)):
        name = table["name"]
        rows = await db.value(f"SELECT json_agg(t) FROM {name} t")
        script += [
            f"DELETE FROM {name}",
            f"INSERT INTO {name} OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM json_populate_recordset(NULL::{name}, $rows${rows}$rows$)",
        ]
    script += [f"SELECT setval('{n['name']}', {n['last_value']})" for n in await db.rows(FIND_NUMBERS)]
    return "; ".join(script)
