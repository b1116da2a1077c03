"""The long part of a step of migration, which is done while others use the tables (decision 0063).

A file of `migrations/` may name, beside what it does in the transaction that records it,

- `BATCHES`: statements that write rows, a batch in each transaction. Each gets the id after which it begins as `$1`, and returns
  the last id that it looked at, or null at the end.
- `ONLINE`: statements that run one by one outside of any transaction and lock no table against reading or writing: `CREATE INDEX
  CONCURRENTLY`, `DROP INDEX CONCURRENTLY IF EXISTS` and `VALIDATE CONSTRAINT`.

Both are done first, in this order. If the step is interrupted they are done again from the start, so doing them twice must change
nothing.
"""

import asyncio
import re
from functools import partial
from types import ModuleType

from backend import db
from backend.engine import DB, connect
from emerald.table_locks import PATIENCE, Say, between_others

SAY_AGAIN = 30.0  # seconds
_INDEX = re.compile(r"\s*CREATE (?:UNIQUE )?INDEX CONCURRENTLY (\w+)\s")
# The server ends none of these statements for taking long: nobody waits for them.
_UNLIMITED = {"lock_timeout": "0", "statement_timeout": "0"}
_WAITS_FOR = """
SELECT string_agg(format('process %s', a.pid) || coalesce(', ' || nullif(a.application_name, ''), ''), '; ')
FROM pg_stat_activity a WHERE a.pid = ANY (pg_blocking_pids($1))
"""


async def work_online(name: str, module: ModuleType, say: Say) -> None:
    """Do the long part of a step, if it has one. `name` is what people read of it. Raises `Busy`."""
    for statement in getattr(module, "BATCHES", ()):
        await _write_in_batches(statement, name, say)
    for statement in getattr(module, "ONLINE", ()):
        await between_others(partial(_run, statement, name, say), name, say)


async def _write_in_batches(statement: str, name: str, say: Say) -> None:
    last: int | None = 0
    while last is not None:

        async def write(after: int = last) -> int | None:
            async with db.transaction(f"{PATIENCE}; SET LOCAL statement_timeout = 0"):
                found: int | None = await db.value(statement, after)
                return found

        last = await between_others(write, name, say)


async def _run(statement: str, name: str, say: Say) -> None:
    """Run a statement on a connection of its own. An index that an interrupted build left behind is invalid: it is built anew."""
    index = _INDEX.match(statement)
    if index:
        is_valid = await db.value(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", index[1]
        )
        if is_valid:
            return
        if is_valid is not None:
            await _execute(f"DROP INDEX CONCURRENTLY IF EXISTS {index[1]}", name, say)
    await _execute(statement, name, say)


async def _execute(statement: str, name: str, say: Say) -> None:
    """Run a statement, and say from time to time whom it waits for, if it waits."""
    session = DB.config.get("server_settings", {}) | ({} if DB.address.pgbouncer else _UNLIMITED)
    with db.translate_errors():
        connection = await connect(**{**DB.config, "server_settings": session})
        running = asyncio.ensure_future(connection.execute(statement))
        try:
            while not (await asyncio.wait({running}, timeout=SAY_AGAIN))[0]:
                who = await db.value(_WAITS_FOR, connection.get_server_pid())
                say(f"{name} is still at work" + (f", and waits for {who}." if who else "."))
            await running
        finally:
            running.cancel()
            await asyncio.wait({running})
            await connection.close()
