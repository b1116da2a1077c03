"""The roles of the database, and what each of them cannot do however it tries (`B8`)."""

import asyncio
import gzip
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend.database_address import DatabaseAddress
from emerald.rights import (
    APP,
    ARCHIVER,
    BACKUP,
    BACKUP_FUNCTIONS,
    DEFAULTS,
    DELETED_FROM,
    GUARDS,
    LOGS,
    OWNER,
    READER,
    ROLES,
    SECRETS,
    rights_of,
)
from emerald.roles import NAMES
from tests.migrations.steps import RELEASED
from tests.processes import worker
from tests.workers import Done, run

ROOT = Path(__file__).parents[2]
STEPS = str(Path(__file__).parents[1] / "migrations" / "steps.py")
SUPERUSER = DatabaseAddress.from_url(os.environ["DATABASE_URL"])


async def on(address: DatabaseAddress, *statements: str) -> None:
    async with connected(address) as connection:
        for statement in statements:
            await connection.execute(statement)


@asynccontextmanager
async def connected(address: DatabaseAddress) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**address.connect_kwargs())
    try:
        yield connection
    finally:
        await connection.close()


def at(address: DatabaseAddress, *command: str, migrate: DatabaseAddress | None = None) -> Done:
    environ = {"MIGRATE_DATABASE_URL": migrate.own_url()} if migrate else {}
    return run(*command, DATABASE_URL=address.own_url(), **environ)


def dropping_roles(*more: str) -> list[str]:
    return [f"DROP ROLE IF EXISTS {role}" for role in (*ROLES, BACKUP, *more)]


@pytest.fixture(scope="module")
def admin() -> Iterator[DatabaseAddress]:
    """A database of 0.3.0, where one superuser does everything."""
    named = replace(SUPERUSER, database="for_roles")
    drop = "DROP DATABASE IF EXISTS for_roles WITH (FORCE)"
    asyncio.run(on(SUPERUSER, drop, *dropping_roles(), "CREATE DATABASE for_roles"))
    asyncio.run(on(named, gzip.decompress(RELEASED.read_bytes()).decode()))
    yield named
    asyncio.run(on(SUPERUSER, drop, *dropping_roles()))


@pytest.fixture(scope="module")
def roles(admin: DatabaseAddress, tmp_path_factory: pytest.TempPathFactory) -> dict[str, DatabaseAddress]:
    """The address of each role, after `create-roles` and `migrate` as an update runs them."""
    into = tmp_path_factory.mktemp("roles")
    made = at(admin, "create-roles", "--into", str(into))
    assert made.returncode == 0, made
    files = {role: into / name / "database_url" for role, name in NAMES.items()}
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files.values())
    kept = {role: file.read_text() for role, file in files.items()}
    again = at(admin, "create-roles", "--into", str(into))
    assert again.returncode == 0, again
    assert {role: file.read_text() for role, file in files.items()} == kept, "the passwords stay"
    found = {role: DatabaseAddress.from_url(text.strip()) for role, text in kept.items()}
    migrated = at(found[APP], "migrate", migrate=found[OWNER])
    assert migrated.returncode == 0 and "taken: " in migrated.stdout, migrated
    return found


@pytest.mark.usefixtures("roles")
async def test_tables_change_hands_while_people_book(admin: DatabaseAddress) -> None:
    """Whoever reads the table that the command waits for reads every other one meanwhile: one at a time is given away."""
    async with connected(admin) as booking, connected(admin) as looking:
        tables = [
            row[0]
            for row in await looking.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        for table in tables:
            await looking.execute(f"ALTER TABLE {table} OWNER TO CURRENT_USER")
        async with booking.transaction():
            await booking.execute("SELECT 1 FROM bookings")
            making = asyncio.create_task(asyncio.to_thread(at, admin, "create-roles"))
            while not await looking.fetchval(
                "SELECT 1 FROM pg_locks WHERE relation = 'bookings'::regclass AND NOT granted"
            ):
                assert not making.done(), making.result()
            await booking.execute("SET LOCAL lock_timeout = '2s'")
            for table in tables:
                await booking.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE")
        done = await making
        assert done.returncode == 0, done
        owners = await looking.fetch("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
        assert [row[0] for row in owners] == [OWNER]


def test_addresses_follow_the_database_and_pgbouncer(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress], tmp_path: Path
) -> None:
    """Of roles that are there too, whose passwords stay: PgBouncer comes to an installation that runs."""
    files = {role: tmp_path / name / "database_url" for role, name in NAMES.items()}
    for role, file in files.items():
        file.parent.mkdir()
        moved = replace(roles[role], hosts=(("db-before", 5432),))
        file.write_text(moved.own_url() + "\n")
    pooled = replace(roles[APP], hosts=(("pgbouncer", 6432),), pgbouncer=True)
    for through, expected in (("pgbouncer:6432", pooled), ("", roles[APP])):
        done = at(admin, "create-roles", "--into", str(tmp_path), f"--through={through}")
        assert done.returncode == 0, done
        found = {role: DatabaseAddress.from_url(file.read_text().strip()) for role, file in files.items()}
        assert found == roles | {APP: expected}


async def test_the_application_does_its_work_as_app(roles: dict[str, DatabaseAddress]) -> None:
    """Booking, leaving, voting, every job, sending, exporting and erasing need no more rights than app has."""
    async with worker(STEPS, "play", DATABASE_URL=roles[APP].own_url()) as process:
        played = await process.run({})
    assert played["answers"] == ["booked", "waiting", "left", "voted"]
    assert played["wrong"] == []
    async with worker(STEPS, "erase_alice", DATABASE_URL=roles[APP].own_url()) as process:
        assert await process.run({}) == {"name": "", "changes": True}
    assert at(roles[APP], "doctor", "--invariants").stdout == "All is well.\n"


async def test_each_role_has_its_rights_and_no_others(roles: dict[str, DatabaseAddress]) -> None:
    async with connected(roles[OWNER]) as connection:
        await connection.execute("CREATE TABLE later (n int)")
        tables = [
            row[0]
            for row in await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        assert {"bookings", "migration", *LOGS, *SECRETS, *DELETED_FROM} <= set(tables)
        for role in DEFAULTS:
            for table in tables:
                held = await connection.fetchval(
                    "SELECT string_agg(right_, ', ') FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE',"
                    " 'TRUNCATE', 'REFERENCES', 'TRIGGER']) right_ WHERE has_table_privilege($1, $2, right_)",
                    role,
                    table,
                )
                assert (held or "") == rights_of(role, table), (role, table)
        assert {
            row[0]
            for row in await connection.fetch("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
        } == {OWNER}
        await connection.execute("DROP TABLE later")


LOG_REWRITES = tuple(
    statement
    for log in LOGS
    for statement in (f"UPDATE {log} SET at = now()", f"DELETE FROM {log}", f"TRUNCATE {log}")
)
CHANGES = (
    "DROP TABLE bookings",
    "CREATE TABLE mine (n int)",
    "CREATE TEMPORARY TABLE mine (n int)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER TABLE event_participation_log DISABLE TRIGGER ALL",
    "ALTER ROLE emerald_reader PASSWORD 'mine'",
    "SET ROLE emerald_owner",
    "SET session_replication_role = replica",
    "COPY bookings TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
    "GRANT emerald_archiver TO CURRENT_USER",
    "UPDATE migration SET name = 'mine'",
)
ATTEMPTS = {
    APP: (
        *LOG_REWRITES,
        *CHANGES,
        "SET ROLE emerald_archiver",
        "DELETE FROM bookings",
        "DELETE FROM messages",
    ),
    ARCHIVER: (
        *CHANGES,
        *(f"UPDATE {log} SET at = now()" for log in LOGS),
        "UPDATE bookings SET seats = 0",
        "DELETE FROM memberships",
        *(f"SELECT * FROM {table}" for table in SECRETS),
    ),
    READER: (
        *CHANGES,
        *LOG_REWRITES,
        "SET ROLE emerald_app",
        "SET default_transaction_read_only = off; INSERT INTO accounts (name) VALUES ('mine')",
        *(f"SELECT * FROM {table}" for table in SECRETS),
    ),
    OWNER: (
        *(statement for statement in LOG_REWRITES if "participation" in statement),
        "CREATE ROLE mine",
        "SET ROLE emerald_app",
        "SET session_replication_role = replica",
        "COPY bookings TO PROGRAM 'cat'",
    ),
    BACKUP: (
        *CHANGES,
        *LOG_REWRITES,
        *(f"SELECT * FROM {table}" for table in ("bookings", "telegram_users", "pg_authid", *SECRETS)),
        "SET default_transaction_read_only = off; INSERT INTO accounts (name) VALUES ('mine')",
        "SET ROLE emerald_app",
        "ALTER SYSTEM SET fsync = off",
        "SELECT pg_reload_conf()",
        "SELECT pg_promote()",
        "SELECT pg_ls_dir('.')",
    ),
}
EVERY_ROLE = (*ROLES, BACKUP)
NOT_ALLOWED = (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
# The backup's role has no business in the schema: for it there are no tables.
UNSEEN = (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError)


@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_a_role_cannot_do_what_is_not_its_own(roles: dict[str, DatabaseAddress], role: str) -> None:
    """B8. Every statement is one that the superuser could run, so it is the rights that refuse it."""
    async with connected(roles[role]) as connection:
        if role == BACKUP:
            await connection.execute("SET default_transaction_read_only = off")
        for statement in ATTEMPTS[role]:
            with pytest.raises((*NOT_ALLOWED, *UNSEEN) if role == BACKUP else NOT_ALLOWED):
                await connection.execute(statement)
                raise AssertionError(f"{role}: {statement}")


async def test_the_archiver_takes_rows_out_of_the_log(roles: dict[str, DatabaseAddress]) -> None:
    """B8: archiving moves them under its own role."""
    async with connected(roles[ARCHIVER]) as connection:
        moving = connection.transaction()
        await moving.start()
        for log in LOGS:
            there = await connection.fetchval(f"SELECT count(*) FROM {log}")
            assert there > 0
            assert await connection.execute(f"DELETE FROM {log}") == f"DELETE {there}"
        await moving.rollback()


def test_only_the_archiver_archives(roles: dict[str, DatabaseAddress]) -> None:
    """B8: the application may not, whichever command it runs."""
    refused = at(roles[APP], "archive")
    assert refused.returncode == 1 and "This role may not archive" in refused.stderr
    done = at(roles[ARCHIVER], "archive")
    assert done.returncode == 0, done.stderr
    assert "Log rows moved into the archive" in done.stdout


async def test_backup_replicates_and_asks_what_barman_asks(roles: dict[str, DatabaseAddress]) -> None:
    """Barman itself takes backups as this role in `tests/emerald/backups`."""
    async with connected(roles[BACKUP]) as connection:
        held = await connection.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
        assert held["rolreplication"] and held["rolcanlogin"]
        assert not any(held[f"rol{name}"] for name in ("super", "createrole", "createdb", "bypassrls"))
        for function in BACKUP_FUNCTIONS:
            assert await connection.fetchval("SELECT has_function_privilege($1, 'EXECUTE')", function)
        assert await connection.fetchval("SELECT pg_switch_wal() IS NOT NULL")
        await connection.execute("CHECKPOINT")


def test_where_another_role_takes_backups_that_one_is_kept(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress], managed: DatabaseAddress, tmp_path: Path
) -> None:
    """Only a superuser makes one that may replicate."""
    named = "postgresql://somebody@elsewhere:5432/emerald"
    options = ("create-roles", "--into", str(tmp_path))
    kept = tmp_path / "backup" / "database_url"
    assert run(*options, DATABASE_URL=admin.own_url(), BACKUP_DATABASE_URL=named).returncode == 0
    assert kept.read_text() == named + "\n"
    assert at(managed, "migrate").returncode == 0
    assert at(managed, *options).stdout.endswith("manager does the work of emerald_backup too.\n")
    assert DatabaseAddress.from_url(kept.read_text().strip()) == managed


AGED = """
SET session_replication_role = replica;
UPDATE event_instances SET starts_at = starts_at - interval '3 years', ends_at = ends_at - interval '3 years',
    original_start = original_start - interval '3 years', state = 'COMPLETED' WHERE id = {id};
UPDATE event_participation_log SET at = at - interval '3 years' WHERE instance_id = {id};
UPDATE messages SET state = 'sent' WHERE instance_id = {id};
UPDATE cards SET state = 'live' WHERE instance_id = {id};
RESET session_replication_role;
"""


async def test_old_rows_of_the_log_move_into_the_archive(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress]
) -> None:
    """B8: each row as it was, those of dates that have moved, and no younger one."""
    count = "SELECT count(*) FROM event_participation_log"
    async with connected(admin) as connection:
        instance = await connection.fetchval(
            "SELECT instance_id FROM event_participation_log l WHERE NOT EXISTS (SELECT 1 FROM poll_options o"
            " WHERE o.made_instance_id = l.instance_id) GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
        )
        await connection.execute(AGED.format(id=instance))
        of_instance = "SELECT * FROM event_participation_log{} WHERE instance_id = $1 ORDER BY id"
        old, before = (
            await connection.fetch(of_instance.format(""), instance),
            await connection.fetchval(count),
        )
        assert 0 < len(old) < before
        for moved in (len(old), 0):
            done = at(roles[ARCHIVER], "archive")
            assert f"Log rows moved into the archive: {moved}" in done.stdout, done
        assert await connection.fetch(of_instance.format("_archive"), instance) == old
        assert await connection.fetch(of_instance.format(""), instance) == []
        assert await connection.fetchval(count) == before - len(old)


async def test_the_archiver_deletes_what_a_club_keeps_no_longer(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress]
) -> None:
    """A13: with the rows of the log, and of a date that a poll chose too."""
    async with connected(admin) as connection:
        instance, account = await connection.fetchrow(
            "SELECT l.instance_id, l.account_id FROM event_participation_log l JOIN bookings b USING (instance_id)"
            " GROUP BY 1, 2 ORDER BY bool_or(EXISTS (SELECT 1 FROM poll_options o WHERE o.made_instance_id = l.instance_id))"
            " DESC, count(*) DESC, 1 LIMIT 1"
        )
        await connection.execute(AGED.format(id=instance))
        await connection.execute(
            "UPDATE accounts SET history_years = 2, history_chosen_at = now() - interval '8 days' WHERE id = $1",
            account,
        )
        done = at(roles[ARCHIVER], "archive")
        assert "Dates whose people were deleted" in done.stdout, done
        tables = ("bookings", "absences", "messages", "event_participation_log")
        for table in (*tables, *(f"{table}_archive" for table in tables)):
            left = f"SELECT count(*) FROM {table} WHERE instance_id = $1"
            assert await connection.fetchval(left, instance) == 0, table
        kept = "SELECT count(*) FROM instance_seats_archive WHERE instance_id = $1"
        assert await connection.fetchval(kept, instance) == 1
        await connection.execute(
            "UPDATE accounts SET history_years = NULL, history_chosen_at = NULL WHERE id = $1", account
        )


@pytest.mark.parametrize("role", EVERY_ROLE)
async def test_the_guards_are_the_roles_own(roles: dict[str, DatabaseAddress], role: str) -> None:
    """Whatever connects has them: psql, PgBouncer, a script."""
    async with connected(roles[role]) as connection:
        for name, value in {**GUARDS[role], "search_path": "public"}.items():
            assert await connection.fetchval("SELECT current_setting($1)", name) == value, name


async def test_rights_given_by_hand_go_with_the_next_migration(roles: dict[str, DatabaseAddress]) -> None:
    async with connected(roles[OWNER]) as connection:
        held = "SELECT has_table_privilege('emerald_app', 'audit_log', 'DELETE')"
        await connection.execute("GRANT DELETE ON audit_log TO emerald_app")
        assert await connection.fetchval(held)
        assert at(roles[APP], "migrate", migrate=roles[OWNER]).returncode == 0
        assert not await connection.fetchval(held)


async def test_the_superuser_of_before_goes_on(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress]
) -> None:
    """Processes of the version before keep its address until they are replaced."""
    done = at(admin, "create-account", "Kallio Chess")
    assert done.returncode == 0, done


def test_the_application_deletes_of_the_listed_tables_only() -> None:
    modules = [path for part in ("backend", "emerald") for path in (ROOT / part).rglob("*.py")]
    found = {table for path in modules for table in re.findall(r"\bDELETE FROM ([a-z_]+)", path.read_text())}
    assert sorted(found) == sorted(DELETED_FROM)


@pytest.fixture
def managed(roles: dict[str, DatabaseAddress]) -> Iterator[DatabaseAddress]:
    """A database of somebody who may create roles and is no superuser, as with managed services."""
    drop = ("DROP DATABASE IF EXISTS managed WITH (FORCE)", "DROP ROLE IF EXISTS manager")
    asyncio.run(
        on(
            SUPERUSER,
            *drop,
            "CREATE ROLE manager LOGIN CREATEROLE",
            "CREATE DATABASE managed OWNER manager",
            *(f"GRANT {role} TO manager WITH ADMIN OPTION" for role in ROLES),
        )
    )
    yield replace(SUPERUSER, database="managed", user="manager")
    asyncio.run(on(SUPERUSER, *drop))


def test_who_may_create_roles_needs_to_be_no_superuser(managed: DatabaseAddress) -> None:
    assert at(managed, "migrate").returncode == 0
    made = at(managed, "create-roles", "--new-passwords")
    assert made.returncode == 0, made
    app = DatabaseAddress.from_url(re.findall(r"^emerald_app, shown this once: (\S+)$", made.stdout, re.M)[0])
    assert at(app, "doctor").stdout == "All is well.\n"
    assert at(managed, "create-account", "Kallio Chess").returncode == 0, "what was theirs stays usable"


def test_who_may_not_create_roles_reads_so_or_goes_on_alone(
    roles: dict[str, DatabaseAddress], tmp_path: Path
) -> None:
    refused = at(roles[APP], "create-roles")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("User emerald_app may not create roles")
    alone = at(roles[APP], "create-roles", "--into", str(tmp_path))
    assert alone.returncode == 0
    assert "emerald_app does the work of emerald_owner too." in alone.stdout
    kept = (tmp_path / "owner" / "database_url").read_text().strip()
    assert DatabaseAddress.from_url(kept) == roles[APP]


async def test_a_role_that_may_too_much_is_not_taken_for_ours(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress]
) -> None:
    for more, less in (
        ("ALTER ROLE emerald_app CREATEDB", "ALTER ROLE emerald_app NOCREATEDB"),
        ("GRANT emerald_archiver TO emerald_app", "REVOKE emerald_archiver FROM emerald_app"),
        ("ALTER ROLE emerald_app REPLICATION", "ALTER ROLE emerald_app NOREPLICATION"),
    ):
        await on(admin, more)
        refused = at(admin, "create-roles")
        await on(admin, less)
        assert refused.returncode == 1
        assert refused.stderr.startswith("Role emerald_app exists and may do more than it should")


@pytest.mark.parametrize(
    ("role", "says"), [(None, "is a superuser"), (OWNER, "may rewrite the log"), (APP, "")]
)
async def test_doctor_says_when_the_application_may_too_much(
    admin: DatabaseAddress, roles: dict[str, DatabaseAddress], role: str | None, says: str
) -> None:
    address: Any = admin if role is None else roles[role]
    async with worker(STEPS, "role_findings", DATABASE_URL=address.own_url()) as process:
        findings = await process.run({})
    assert [says in finding for finding in findings] == ([True] if says else [])
