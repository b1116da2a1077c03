"""What a process does to a database of its own: takes the steps of migration, takes them back, and uses what
is there."""

import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
from piccolo.apps.migrations.commands.base import BaseMigrationManager

import emerald.migrate
from backend import clock, db, leases
from backend.bookings.actions import book, leave
from backend.events.zone_changes import keep_wall_clocks
from backend.messages.results import record_result
from backend.outbox.claim import claim, recover
from backend.outbox.states import CallResult, SendResult
from backend.people.queries import person_of_telegram
from backend.personal.actions import erase
from backend.personal.queries import export
from backend.piccolo_app import APP_CONFIG
from backend.polls.actions import vote
from backend.polls.queries import poll
from backend.seats.requests import Via
from backend.settings import settings
from emerald import health_report
from emerald.doctor import check_invariants
from emerald.errors import CommandFailed
from emerald.migrate import LOCK, migrate, missing_steps, take_step, undo_all
from emerald.pending import pending
from emerald.schedule import SCHEDULE

HERE = Path(__file__).parent
RELEASED = (
    HERE / "data" / "0.3.0.sql.gz"
)  # every state of the Mini App, and each table with rows, written by that version
LEFT_AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

# Everything that makes up the tables, in words that do not depend on internal numbers.
FINGERPRINT = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
    || coalesce(column_default, '') || ' ' || is_identity
FROM information_schema.columns WHERE table_schema = current_schema()
UNION ALL SELECT 'constraint ' || conrelid::regclass || '.' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = current_schema()::regnamespace
UNION ALL SELECT 'view ' || viewname || definition FROM pg_views WHERE schemaname = current_schema()
UNION ALL SELECT 'options ' || relname || array_to_string(reloptions, ',') FROM pg_class
WHERE relnamespace = current_schema()::regnamespace AND reloptions IS NOT NULL
ORDER BY 1
"""
ALL = (
    "SELECT table_name || '.' || column_name FROM information_schema.columns"
    " WHERE table_schema = current_schema()"
)
# Columns that whoever writes a row must give a value.
DEMANDED = f"""
{ALL} AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'
"""
FIRST_OF = """
SELECT i.code FROM event_instances i JOIN event_series r ON r.id = i.series_id
    JOIN accounts a ON a.id = r.account_id
WHERE r.title = $1 AND a.name = 'Kallio Yoga' AND i.state = 'SCHEDULED' ORDER BY r.id, i.starts_at LIMIT 1
"""


held: list[asyncpg.Connection] = []


async def step(task: dict[str, Any]) -> Any:
    """Do one thing: go `up` or `down`, `restore` what 0.3.0 left, or give what is `there` or `missing`."""
    match task["do"]:
        case "up":
            return await migrate(task.get("to"))
        case "down":
            await undo_all()
            return []
        case "restore":
            await run_script(gzip.decompress(RELEASED.read_bytes()).decode())
            return []
        case "start anew":
            await run_script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
            return []
        case "missing":
            return await missing_steps()
        case "up and tell":
            return await up_and_tell(task.get("wait", 60))
        case "hold":
            await hold(task["lock"])
            return []
        case "let go":
            await held.pop().close()
            return []
        case "fail while recording":
            return await fail_while_recording()
    return [row[0] for row in await db.rows(FINGERPRINT)]


async def up_and_tell(wait: float) -> dict[str, Any]:
    """The steps that were taken, what was said meanwhile, and why it failed, if it did."""
    said: list[str] = []
    try:
        return {"steps": await migrate(wait=wait, say=said.append), "said": said}
    except CommandFailed as error:
        return {"steps": None, "said": said, "failed": str(error)}


async def hold(lock: str) -> None:
    """Hold the lock of migrations, as 0.3.0 did for a session, or as a transaction does."""
    kwargs = settings.database.connect_kwargs()
    kwargs["server_settings"]["application_name"] = "emerald-holder"
    connection = await asyncpg.connect(**kwargs)
    held.append(connection)
    if lock == "session":
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
    else:
        await connection.execute(f"BEGIN; SELECT pg_advisory_xact_lock({LOCK})")


async def fail_while_recording() -> dict[str, Any]:
    """Take the first step where its row cannot be written: the tables it made, and whether it is missing."""
    await run_script(
        "CREATE TABLE migration (id serial PRIMARY KEY, name text, app_name text, ran_on timestamp);"
        "ALTER TABLE migration ADD CHECK (name <> '2026-11-23T19:01:00:000000')"
    )
    with suppress(db.CheckViolation):
        await migrate()
    made = await db.value("SELECT count(*) FROM pg_tables WHERE tablename = 'telegram_users'")
    missing = "2026-11-23T19:01:00:000000" in await pending()
    await run_script("DROP TABLE migration")
    return {"tables": made, "missing": missing}


async def run_script(script: str) -> None:
    """Run statements on a connection of their own, for a dump leaves its settings behind."""
    connection = await asyncpg.connect(**settings.database.connect_kwargs())
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def take_one_by_one(_: object) -> dict[str, list[str]]:
    """Fill in the sample rows of each missing step and take it; by step, the columns it newly demands of old
    tables."""
    modules = BaseMigrationManager().get_migration_modules(APP_CONFIG.resolved_migrations_folder_path)
    demanded = {}
    for step_id in await pending():
        name = modules[step_id].__name__.rpartition(".")[2]
        tables, before = await columns(ALL), await columns(DEMANDED)
        await run_script((HERE / "samples" / f"{name}.sql").read_text())
        await take_step(step_id)
        demanded[name] = newly_demanded(tables, before, await columns(DEMANDED))
    return demanded


# Locks that keep others from writing or reading, and how many rows of each such table this transaction looked at and wrote.
WORK = """
SELECT c.relname, coalesce(x.seq_tup_read, 0) + coalesce(x.idx_tup_fetch, 0) + x.n_tup_ins + x.n_tup_upd + x.n_tup_del AS rows,
    EXISTS (SELECT 1 FROM pg_locks l WHERE l.relation = c.oid AND l.pid = pg_backend_pid()
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) AS locked
FROM pg_stat_xact_user_tables x JOIN pg_class c ON c.oid = x.relid
"""


async def work_under_lock(script: Any) -> dict[str, dict[str, int]]:
    """By step, how many rows its transaction looked at or wrote in tables that it kept others from meanwhile, where there are
    any: of the missing steps with their sample rows, or of a script."""
    found: dict[str, dict[str, int]] = {}

    async def noted(name: str, take: Callable[[], Awaitable[Any]]) -> Any:
        before = {row["relname"]: row["rows"] for row in await db.rows(WORK)}
        result = await take()
        rows = {
            row["relname"]: row["rows"] - before[row["relname"]]
            for row in await db.rows(WORK)
            if row["locked"] and row["relname"] in before
        }
        found[name] = {table: count for table, count in rows.items() if count}
        return result

    if script:
        async with db.transaction():
            await noted("script", lambda: db.execute(script))
            await db.execute("ROLLBACK AND CHAIN")
        return found
    taken = vars(emerald.migrate)["run_forwards"]
    setattr(emerald.migrate, "run_forwards", lambda app, step: noted(step, lambda: taken(app, step)))  # noqa: B010
    await take_one_by_one(None)
    return {name: rows for name, rows in found.items() if rows}


async def jobs(_: object) -> dict[str, Any]:
    """The rows of the schedule: by job, its last error and how often it was claimed."""
    rows = await db.rows("SELECT name, error, epoch FROM schedule")
    return {row["name"]: [row["error"], row["epoch"]] for row in rows}


async def keys(_: object) -> dict[str, list[str]]:
    """The states of the sample keys, by their role and their maker's present one. Each has an end within a
    year."""
    rows = await db.rows(
        "SELECT k.role, k.revoked_at, k.expires_at < now() + interval '367 days' AS ends,"
        " CASE WHEN k.created_by IS NULL THEN 'the server' ELSE m.role END AS maker FROM api_keys k"
        " LEFT JOIN memberships m ON m.account_id = k.account_id AND m.user_id = k.created_by AND m.left_at IS NULL"
        " WHERE k.key_hash LIKE 'sample-%'"
    )
    assert all(row["ends"] for row in rows)
    found: dict[str, set[str]] = {}
    for row in rows:
        state = "live" if row["revoked_at"] is None else "revoked"
        found.setdefault(f"{row['role']} by {row['maker']}", set()).add(state)
    return {which: sorted(states) for which, states in found.items()}


async def wall_clocks(_: object) -> dict[str, Any]:
    """What becomes of instants without wall clocks: whether each has one, the instants that changed, and the
    class on the west coast by its codes."""
    before = {
        row["code"]: row["starts_at"] for row in await db.rows("SELECT code, starts_at FROM event_instances")
    }
    with clock.stopped(LEFT_AT):
        kept = [await keep_wall_clocks(), await keep_wall_clocks()]
        wrong = await check_invariants()
    rows = await db.rows(
        "SELECT i.*, r.zone_data FROM event_instances i JOIN event_series r ON r.id = i.series_id"
    )
    return {
        "kept": kept,
        "wrong": wrong,
        "without": [row["code"] for row in rows if row["zone"] is None or row["original_local"] is None],
        "changed": sorted(row["code"] for row in rows if before[row["code"]] != row["starts_at"]),
        "west coast": {
            row["code"]: [
                row["original_local"].isoformat(),
                row["starts_local"].isoformat(),
                row["starts_at"].isoformat(),
            ]
            for row in rows
            if row["code"].startswith("westcoast")
        },
        "told": [
            json.loads(row["detail"])
            for row in await db.rows("SELECT detail FROM messages WHERE kind = 'clocks-changed'")
        ],
    }


async def demands_of(script: str) -> list[str]:
    """The columns that a script newly demands of old tables; what it does is taken back."""
    tables, before = await columns(ALL), await columns(DEMANDED)
    async with db.transaction():
        await db.execute(script)
        demanded = newly_demanded(tables, before, await columns(DEMANDED))
        await db.execute("ROLLBACK AND CHAIN")
    return demanded


async def columns(query: str) -> set[str]:
    return {row[0] for row in await db.rows(query)}


def newly_demanded(there: set[str], before: set[str], after: set[str]) -> list[str]:
    """Columns (`table.column`) without which a version that does not know them can write no row any more."""
    tables = {column.partition(".")[0] for column in there}
    return sorted(column for column in after - before if column.partition(".")[0] in tables)


async def play(_: object) -> dict[str, Any]:
    """Go on where 0.3.0 left off, at the moment it did: people book, leave and vote, duties run, messages are
    sent."""
    with clock.stopped(LEFT_AT):
        alice, bob, olga = [await person_of_telegram(number) for number in (1002, 1003, 1001)]
        assert alice
        assert bob
        assert olga
        code = await db.value(FIRST_OF, "Evening flow yoga")
        booked = await book(code, alice, guests=1, via=Via.MINIAPP)
        waits = await book(await db.value(FIRST_OF, "Padel Americano"), bob, via=Via.CARD)
        left = await leave(code, alice, via=Via.CARD)
        meal = await db.value(
            "SELECT code FROM polls WHERE question LIKE 'What do we cook%' ORDER BY id LIMIT 1"
        )
        options = (await poll(meal, olga)).options
        voted = await vote(meal, olga, [options[1].id], via=Via.MINIAPP)
        done = {job.name: await job.run() for job in SCHEDULE}
        clock.advance(timedelta(seconds=6))  # until then the last worker of 0.3.0 held the lease
        epoch = await leases.take("sender:42", "the new worker", timedelta(seconds=5))
        assert epoch
        again = await recover(epoch)
        count = 0
        while deliveries := await claim(epoch, limit=100):
            for delivery in deliveries:
                await record_result(delivery, CallResult(SendResult.DONE), clock.now())
            count += len(deliveries)
        return {
            "answers": [booked.kind, waits.kind, left.kind, voted.kind],
            "done": done,
            "recovered": again,
            "sent": count,
            "wrong": await check_invariants(),
        }


async def erase_alice(_: object) -> dict[str, Any]:
    """Export and erase a member: her name afterwards, and whether the export knew the changes of her seats."""
    with clock.stopped(LEFT_AT):
        alice = await person_of_telegram(1002)
        assert alice
        exported = await export(alice)
        await erase(alice)
        name = await db.value("SELECT first_name FROM telegram_users WHERE id = $1", alice.id)
    return {"name": name, "changes": "changes of your seats" in json.dumps(exported, default=str)}


async def role_findings(_: object) -> list[str]:
    """What `emerald doctor` finds in production of the role that asks."""
    setattr(health_report, "settings", replace(settings, env="production"))  # noqa: B010 - mypy takes no assignment
    return await health_report._role_findings()
