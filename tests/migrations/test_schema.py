"""The tables as they are in the database: what the models say, how they are named, whose rows they are
(`A1`)."""

from typing import Any

import pytest
from piccolo.columns import Array, Column, ForeignKey, Serial
from piccolo.table import Table

from backend import db
from backend.archive import ARCHIVED, twin
from backend.piccolo_app import APP_CONFIG

pytestmark = pytest.mark.usefixtures("database")

TABLES: list[type[Table]] = APP_CONFIG.table_classes

# Not a club's: the clubs themselves, people (who may be in several clubs), their sessions, and what processes
# share.
NOT_TENANTS = {
    "accounts",
    "telegram_users",
    "web_sessions",
    "rate_limits",
    "shown_lists",
    "conversations",
    "sign_ins",
    "calendar_feeds",
    "former_calendar_feeds",
    "telegram_updates",
    "due_command_lists",
    "backup_status",
    "held_replies",
    "leases",
    "maintenance",
    "schedule",
    "operation_runs",
}
# Rows so hot that a foreign key to them would cost more than it keeps (decision 0001).
HOT = {"instance_seats", "poll_tallies", "poll_option_tallies"}
# Guards with names of their own, for code and logs quote them.
NAMED = {"instance_seats_no_oversell", "poll_option_tallies_limit"}
TYPES = {
    "BIGSERIAL": "bigint",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "TEXT": "text",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamp with time zone",
    "TIMESTAMP": "timestamp without time zone",
    "JSONB": "jsonb",
    "BYTEA": "bytea",
    "UUID": "uuid",
}
# Keys the models know as plain numbers: Piccolo has no key of several columns, and a slice does not know
# those above it.
PLAIN_KEYS = {
    ("audit_log", "account_id"),
    ("announcement_groups", "announcement_id"),
    ("announcement_groups", "group_id"),
    ("audit_log", "user_id"),
    ("bookings", "instance_id"),
    ("cards", "poll_id"),
    ("shared_cards", "poll_id"),
    ("group_members", "group_id"),
    ("group_topics", "group_id"),
    ("instance_seats", "instance_id"),
    ("messages", "announcement_id"),
    ("messages", "group_id"),
    ("messages", "instance_id"),
    ("poll_option_tallies", "option_id"),
    ("poll_tallies", "poll_id"),
    ("regulars", "series_id"),
    ("seat_claims", "instance_id"),
}
# What the database fills in though the model asks for it.
FILLED_IN = {("instance_seats", "queued_at"), ("instance_seats", "freed_at")}
ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


async def tables() -> set[str]:
    rows = await db.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return {row["tablename"] for row in rows} - {"migration", *map(twin, ARCHIVED)}


async def columns(table: str) -> dict[str, db.Row]:
    rows = await db.rows(
        "SELECT column_name, data_type, is_nullable = 'YES' AS nullable, column_default, is_identity ="
        " 'YES' AS identity"
        " FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1",
        table,
    )
    return {row["column_name"]: row for row in rows}


async def constraints(kind: str) -> list[db.Row]:
    return await db.rows(
        "SELECT c.conname AS name, c.conrelid::regclass::text AS table, c.confrelid::regclass::text AS"
        " parent,"
        " c.confdeltype, array(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k (n, i)"
        " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i) AS columns"
        " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
        ' WHERE c.connamespace = current_schema()::regnamespace AND c.contype = $1::"char" AND'
        " t.relname <> 'migration'"
        " ORDER BY 1",
        kind.encode(),
    )


def sql_type(column: Column) -> str:
    if isinstance(column, ForeignKey):
        return sql_type(column._foreign_key_meta.resolved_references._meta.primary_key)
    if isinstance(column, Array):
        return "ARRAY"
    return TYPES[column.column_type]


async def default_of(row: db.Row) -> Any:
    """What the database fills in for a column; None for nothing."""
    if row["column_default"] is None:
        return None
    return await db.value(f"SELECT {row['column_default']}")


async def test_every_table_has_a_model_and_every_model_a_table() -> None:
    assert {model._meta.tablename for model in TABLES} == await tables()


@pytest.mark.parametrize("model", TABLES, ids=lambda model: model._meta.tablename)
async def test_the_model_says_what_the_table_is(model: type[Table]) -> None:
    """Columns, types, what may be empty, and what is filled in: no drift (Piccolo’s defaults are not what one
    expects)."""
    there = await columns(model._meta.tablename)
    assert {column._meta.db_column_name for column in model._meta.columns} == set(there)
    for column in model._meta.columns:
        row = there[column._meta.db_column_name]
        assert row["data_type"] == sql_type(column), row["column_name"]
        assert row["nullable"] == column._meta.null, row["column_name"]
        assert row["identity"] == isinstance(column, Serial), row["column_name"]
        if isinstance(column, Serial):
            continue
        stated = getattr(column, "default", None)
        if (model._meta.tablename, row["column_name"]) not in FILLED_IN:
            assert await default_of(row) == stated, row["column_name"]


@pytest.mark.parametrize("table", ARCHIVED)
async def test_the_archive_has_the_columns_of_its_table(table: str) -> None:
    """A migration that adds a column adds it to the twin as well, or `emerald archive` fails."""

    def described(there: dict[str, db.Row]) -> dict[str, tuple[str, bool]]:
        return {name: (row["data_type"], row["nullable"]) for name, row in there.items()}

    assert described(await columns(twin(table))) == described(await columns(table))


async def test_the_models_keys_lead_where_the_databases_do() -> None:
    """Foreign keys, and what becomes of the rows when their parent goes."""
    there = {
        (row["table"], row["columns"][0]): (row["parent"], ON_DELETE[row["confdeltype"].decode()])
        for row in await constraints("f")
    }
    for model in TABLES:
        for column in model._meta.foreign_key_columns:
            key = (model._meta.tablename, column._meta.db_column_name)
            parent, on_delete = there[key]
            meta = column._foreign_key_meta
            assert parent == meta.resolved_references._meta.tablename, key
            # RESTRICT in the model and NO ACTION in the database differ only within one statement.
            wanted = meta.on_delete.value.replace("RESTRICT", "NO ACTION")
            assert on_delete == wanted, key
            there.pop(key)
    assert set(there) == PLAIN_KEYS


async def test_every_row_of_a_club_says_whose_it_is() -> None:
    """A1: every table carries `account_id`, never empty; what does not is listed, and nothing else."""
    without = set()
    for table in await tables():
        there = await columns(table)
        if "account_id" in there:
            assert not there["account_id"]["nullable"], table
        else:
            without.add(table)
    assert without == NOT_TENANTS


async def test_every_foreign_key_has_an_index() -> None:
    """Else deleting or joining its parent reads the whole table."""
    indexed = {
        (row["table"], row["first"])
        for row in await db.rows(
            "SELECT i.indrelid::regclass::text AS table, a.attname AS first FROM pg_index i"
            " JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
            " WHERE i.indpred IS NULL"
        )
    }
    keys = {(row["table"], row["columns"][0]) for row in await constraints("f")}
    assert keys - indexed == set()


async def test_nothing_points_at_a_hot_row() -> None:
    """Decision 0001: foreign-key locks on the counters made throughput collapse sixfold."""
    assert {row["parent"] for row in await constraints("f")} & HOT == set()
    rows = await db.rows(
        "SELECT relname, reloptions FROM pg_class WHERE relname = ANY($1::text[])", list(HOT)
    )
    assert {row["relname"]: row["reloptions"] for row in rows} == {table: ["fillfactor=50"] for table in HOT}


async def test_no_trigger_notifies() -> None:
    """Decision 0001: NOTIFY in a booking transaction serialises every commit of the whole cluster."""
    found = await db.rows(
        "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        " AND prosrc ~* '\\m(notify|pg_notify)\\M'"
    )
    assert found == []


async def test_constraints_and_indexes_bear_the_names_code_and_logs_quote() -> None:
    """Table, columns, and what it is."""
    for row in await constraints("p"):
        assert row["name"] == f"{row['table']}_pkey"
    for row in await constraints("u"):
        assert row["name"] == f"{row['table']}_{'_'.join(row['columns'])}_key"
    for row in await constraints("f"):
        assert row["name"] == f"{row['table']}_{row['columns'][0]}_fkey"
    checks = {row["name"]: row["table"] for row in await constraints("c")}
    assert set(checks) >= NAMED
    for name, table in checks.items():
        if name not in NAMED:
            assert name.startswith(f"{table}_"), name
            assert name.endswith("_check"), name
    plain = await db.rows(
        "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename <>"
        " 'migration'"
        " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
    )
    for row in plain:
        assert row["indexname"].startswith(f"{row['tablename']}_"), row["indexname"]
        assert row["indexname"].endswith("_idx"), row["indexname"]
