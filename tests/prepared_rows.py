"""Rows that many tests begin with, made once in each process by the domain's own actions and put back for each test.

Putting a few dozen rows back is one statement. Making them anew takes a dozen transactions, a third of a short test.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import asyncpg

# The log refuses to be emptied, as it should: the tests' own way round is not open to the application.
WITHOUT_TRIGGERS = {"session_replication_role": "replica"}
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
_connections: list[asyncpg.Connection] = []


async def _connection() -> asyncpg.Connection:
    """One of our own, without triggers: to switch them off and on takes from a connection all plans it has made, and the
    tested code would plan each statement anew in each test."""
    from backend.settings import settings

    if not _connections or _connections[0].is_closed():
        _connections[:] = [await asyncpg.connect(settings.database_url, server_settings=WITHOUT_TRIGGERS)]
    return _connections[0]


async def close() -> None:
    while _connections:
        await _connections.pop().close()


async def empty() -> None:
    """Delete all rows, and begin all numbers anew."""
    connection = await _connection()
    used = await connection.fetch(await connection.fetchval(FIND_USED))
    # Emptying a table by TRUNCATE takes as long as deleting a few thousand rows, and a test leaves a few dozen.
    script = [f"TRUNCATE {t['name']} CASCADE" if t["many"] else f"DELETE FROM {t['name']}" for t in used]
    script += [f"SELECT setval('{n['name']}', 1, false)" for n in await connection.fetch(FIND_NUMBERS)]
    if script:
        await connection.execute("; ".join(script))


async def made_once(name: str, make: Callable[[], Awaitable[Made]]) -> Made:
    """What `make` gives and the rows it leaves in the database: made by it the first time, put back from then on.

    Under a stopped clock the rows are those that were made at that time.
    """
    from backend import clock

    key = name, None if clock.runs() else clock.now()
    if key not in _snapshots:
        made = await make()
        _snapshots[key] = _Snapshot(made, await _script_of_rows())
        return made
    await (await _connection()).execute(_snapshots[key].script)
    made_before: Made = _snapshots[key].made
    return made_before


async def _script_of_rows() -> str:
    """Statements that make the used tables and all numbers what they are now."""
    connection, script = await _connection(), []
    for table in await connection.fetch(await connection.fetchval(FIND_USED)):
        name = table["name"]
        rows = await connection.fetchval(f"SELECT json_agg(t) FROM {name} t")
        script += [
            f"DELETE FROM {name}",
            f"INSERT INTO {name} OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM json_populate_recordset(NULL::{name}, $rows${rows}$rows$)",
        ]
    numbers = await connection.fetch(FIND_NUMBERS)
    script += [f"SELECT setval('{n['name']}', {n['last_value']})" for n in numbers]
    return "; ".join(script)
