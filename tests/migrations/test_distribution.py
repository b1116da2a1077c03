"""docs/SCALING.md: how far the schema and the statements are from a database that is distributed by `account_id`.

Such an engine (Citus) keeps all rows of an account on one of its servers. It checks a key only where the key names the
account, and joins, locks and foreign keys stay within an account. What does not fit yet is listed here, each with the reason,
and the page lists the same.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend import db
from emerald.schedule import SCHEDULE

PAGE = Path(__file__).parents[2] / "docs" / "SCALING.md"

# Unique over all accounts, because the world outside names the row by it and does not name the account.
GLOBAL_KEYS = {
    "api_keys_key_hash_key",
    "event_instances_code_key",
    "groups_chat_id_key",
    "messages_dedupe_key",
    "polls_code_key",
    "shared_cards_inline_message_id_key",
}
# Copied whole to every server: they are small, and rows of every account point at them.
REFERENCE_TABLES = {"accounts", "telegram_users"}
# Keys between tables of accounts that do not name the account, by the table that points. Whether both rows are of one account is
# what `emerald doctor --invariants` checks until they do.
WITHOUT_ACCOUNT = {
    "absences": {"instance_id", "membership_id"},
    "announcement_groups": {"announcement_id", "group_id"},
    "bookings": {"instance_id", "membership_id"},
    "cards": {"group_id", "instance_id", "poll_id"},
    "event_instances": {"series_id"},
    "event_series": {"follows_id", "group_id"},
    "group_members": {"group_id"},
    "group_topics": {"group_id"},
    "instance_reminders": {"instance_id"},
    "instance_seats": {"instance_id"},
    "messages": {"announcement_id", "group_id", "instance_id"},
    "poll_option_tallies": {"option_id"},
    "poll_options": {"made_instance_id", "poll_id"},
    "poll_tallies": {"poll_id"},
    "poll_votes": {"membership_id", "option_id", "poll_id"},
    "polls": {"group_id"},
    "regulars": {"membership_id", "series_id"},
    "seat_claims": {"instance_id", "membership_id"},
    "shared_cards": {"instance_id", "poll_id"},
}
# Modules with statements that concern several accounts at once, beside the jobs of `emerald/schedule.py`.
ACROSS_ACCOUNTS = {
    "backend/accounts/organisers.py",
    "backend/accounts/memberships.py",
    "backend/bookings/etags.py",
    "backend/bookings/queries/lists.py",
    "backend/cards/posting.py",
    "backend/cards/queries.py",
    "backend/cards/shared.py",
    "backend/groups/presence.py",
    "backend/messages/waiting.py",
    "backend/metrics.py",
    "backend/outbox/claim.py",
    "backend/outbox/recent.py",
    "backend/outbox/sending.py",
    "backend/personal/inventory.py",
    "backend/polls/etags.py",
    "backend/polls/queries.py",
    "backend/polls/store.py",
    "backend/screens/queries.py",
    "backend/seats/store.py",
    "emerald/backups/verify.py",
}
# Modules whose statements of one account name its rows in a way that is not recognised: parts that stand in a larger statement,
# and lists of rows that are joined.
OF_ONE_ACCOUNT = {
    "backend/accounts/member_pages.py",
    "backend/announcements/actions.py",
    "backend/announcements/instance_parts.py",
    "backend/announcements/queries.py",
    "backend/bookings/absences.py",
    "backend/bookings/organiser_etags.py",
    "backend/bookings/view_queries.py",
    "backend/closing/export.py",
    "backend/closing/queries.py",
    "backend/events/merging.py",
    "backend/events/queries.py",
    "backend/events/sync.py",
    "backend/groups/sql.py",
    "backend/outbox/enqueue.py",
    "backend/outbox/starts.py",
    "backend/polls/non_voters.py",
    "backend/reports/numbers.py",
    "backend/request_order.py",
    "backend/seats/rows.py",
}
# A row, named by a parameter.
ROW = re.compile(
    r"\b(?:\w+\.)?\w*(?:id|ids|code|dedupe|key_hash)\s*(?:=|IN)\s*(?:ANY\s*\()?\(?\s*(?:\$|unnest)"
)

KEYS = """
SELECT c.conrelid::regclass::text AS table, c.conname AS name, c.contype::text AS kind,
    c.confrelid::regclass::text AS parent,
    ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i) AS columns
FROM pg_constraint c
WHERE c.connamespace = current_schema()::regnamespace AND c.contype IN ('p', 'u', 'f')
UNION ALL
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text, 'u', '-',
    ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int[]) WITH ORDINALITY k(n, i2)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n ORDER BY k.i2)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE i.indisunique AND c.relnamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
"""


@pytest.fixture
async def keys(database: None) -> list[dict[str, Any]]:
    """Every key of every table of accounts. Their twins in the archive have the same keys."""
    tenants = {
        row["table"]
        for row in await db.rows(
            "SELECT table_name AS table FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND column_name = 'account_id'"
        )
    }
    return [
        dict(row)
        for row in await db.rows(KEYS)
        if row["table"] in tenants and not row["table"].endswith("_archive")
    ]


def split(keys: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The names of the unique keys, by what has to be done to them."""
    parents = {(key["table"], key["columns"][0]) for key in keys if key["kind"] == "f"}
    found: dict[str, set[str]] = {"fits": set(), "by row": set(), "by parent": set(), "global": set()}
    for key in keys:
        if key["kind"] == "f":
            continue
        if key["columns"][0] == "account_id":
            found["fits"].add(key["name"])
        elif key["columns"] == ["id"]:
            found["by row"].add(key["name"])
        elif any((key["table"], column) in parents for column in key["columns"]):
            found["by parent"].add(key["name"])
        else:
            found["global"].add(key["name"])
    return found


async def test_every_key_names_the_account_or_is_listed(keys: list[dict[str, Any]]) -> None:
    """A key by a row's own id, or by a row that it hangs on, stays as unique when the account is put before it."""
    found = split(keys)
    assert found["global"] == GLOBAL_KEYS
    assert len(found["by row"]) > 10 and len(found["by parent"]) > 10


async def test_every_foreign_key_names_the_account_or_is_listed(keys: list[dict[str, Any]]) -> None:
    """A1"""
    tenants = {key["table"] for key in keys}
    without: dict[str, set[str]] = {}
    for key in keys:
        if key["kind"] != "f":
            continue
        if key["parent"] not in tenants:
            assert key["parent"] in REFERENCE_TABLES, key
        elif "account_id" not in key["columns"]:
            without.setdefault(key["table"], set()).update(key["columns"])
    assert without == WITHOUT_ACCOUNT


def jobs() -> set[str]:
    """The modules of the jobs, each of which does what is due in all accounts."""
    root = PAGE.parents[1]
    files = {Path(str(inspect.getsourcefile(inspect.unwrap(job.run)))) for job in SCHEDULE}
    return {path.relative_to(root).as_posix() for path in files}


def test_the_page_lists_what_does_not_fit() -> None:
    page = PAGE.read_text()
    cited = set(re.findall(r"`((?:backend|emerald)/[\w/]+\.py)`", page))
    assert cited == jobs() | ACROSS_ACCOUNTS
    assert set(re.findall(r"`(\w+_key)`", page)) == GLOBAL_KEYS
    numbers = re.search(r"\*\*(\d+)\*\* foreign keys", page)
    assert numbers and int(numbers[1]) == sum(map(len, WITHOUT_ACCOUNT.values()))
    assert all(f"`{table}`" in page for table in REFERENCE_TABLES)


def statements(source: str) -> Iterator[str]:
    """The strings of a module, with what is filled in left out."""
    parts: set[ast.AST] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            parts.update(node.values)
            yield "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node.value


def names_no_account(source: str, tables: set[str]) -> bool:
    """Whether a statement of a module concerns tables of accounts, and names neither an account nor a row."""
    of_accounts = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE) (?:{'|'.join(sorted(tables))})\b")
    return any(
        of_accounts.search(sql) and "account_id" not in sql and not ROW.search(sql)
        for sql in statements(source)
    )


async def test_a_module_that_asks_all_accounts_at_once_is_listed(keys: list[dict[str, Any]]) -> None:
    tables, root = {key["table"] for key in keys}, PAGE.parents[1]
    modules = [*(root / "backend").rglob("*.py"), *(root / "emerald").rglob("*.py")]
    found = {
        path.relative_to(root).as_posix() for path in modules if names_no_account(path.read_text(), tables)
    }
    assert found - jobs() - ACROSS_ACCOUNTS == OF_ONE_ACCOUNT


def test_a_statement_without_an_account_is_recognised() -> None:
    """The control."""
    for sql, expected in (
        ("SELECT id FROM messages WHERE state = 'due'", True),
        ("SELECT id FROM messages WHERE state = 'due' AND account_id = $1", False),
        ("UPDATE cards SET state = 'live' WHERE id = $1", False),
        ("SELECT 1 FROM leases", False),
    ):
        assert names_no_account(f"SQL = {sql!r}", {"cards", "messages"}) is expected, sql


@pytest.mark.parametrize("kind", ["u", "f"])
async def test_a_new_key_without_the_account_is_found(keys: list[dict[str, Any]], kind: str) -> None:
    """The control: a key that somebody adds tomorrow."""
    new = {"table": "cards", "name": "cards_message_id_key", "kind": kind, "columns": ["message_id"]}
    added = [*keys, {**new, "parent": "groups" if kind == "f" else "-"}]
    if kind == "u":
        with pytest.raises(AssertionError):
            await test_every_key_names_the_account_or_is_listed(added)
    else:
        with pytest.raises(AssertionError):
            await test_every_foreign_key_names_the_account_or_is_listed(added)
