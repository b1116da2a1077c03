"""Making the roles of the database, `emerald create-roles`: who owns the tables, who serves, who archives, who reads and
who takes backups (`emerald/rights.py`).

It may be run again at any time: roles that exist keep their passwords, and everything else is set right, their addresses
too: the database may have moved, or PgBouncer come.
Tables of an installation where one role did everything are given to the owner; that role goes on working.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from backend import db
from backend.database_address import DatabaseAddress
from backend.engine import DB, connect, connect_kwargs
from backend.settings import settings
from emerald.errors import CommandFailed
from emerald.migrate import say_on_stderr, schema_locked
from emerald.rights import (
    APP,
    ARCHIVER,
    BACKUP,
    BACKUP_FUNCTIONS,
    BACKUP_MEMBERSHIPS,
    DEFAULTS,
    GUARDS,
    OWNER,
    READER,
    ROLES,
    grant_rights,
)
from emerald.table_locks import PATIENCE, between_others

SCRAM_ITERATIONS = 4096  # as PostgreSQL itself
NAMES = {OWNER: "owner", APP: "app", ARCHIVER: "archiver", READER: "reader", BACKUP: "backup"}

ME = """
SELECT rolsuper, rolsuper OR rolcreaterole AS may_make, rolname AS name,
    current_setting('server_version_num')::int / 10000 AS version
FROM pg_roles WHERE rolname = current_user
"""
TOO_MIGHTY = """
SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND (rolsuper OR rolcreaterole OR rolcreatedb
    OR (rolreplication AND rolname <> $2) OR rolbypassrls)
UNION SELECT member.rolname FROM pg_auth_members m JOIN pg_roles member ON member.oid = m.member
WHERE member.rolname = ANY($1) AND NOT (member.rolname = $2 AND m.roleid::regrole::text = ANY($3))
"""
# What belongs to somebody else than the owner; what belongs to an extension, or to a column, goes with that.
OTHERS = """
SELECT format('ALTER %s %s OWNER TO emerald_owner', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE'
    WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, oid::regclass)
FROM pg_class c WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    AND relowner <> 'emerald_owner'::regrole
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
        AND d.deptype IN ('a', 'e', 'i') AND (d.deptype = 'e' OR c.relkind = 'S'))
UNION ALL SELECT format('ALTER ROUTINE %s OWNER TO emerald_owner', oid::regprocedure)
FROM pg_proc p WHERE pronamespace = current_schema()::regnamespace AND proowner <> 'emerald_owner'::regrole
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
        AND d.deptype = 'e')
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class MadeRole:
    """A role, and its address; None when it existed and keeps its password, which nobody knows here."""

    name: str
    address: DatabaseAddress | None


async def create_roles(
    *, into: Path | None, new_passwords: bool, through: DatabaseAddress | None
) -> list[MadeRole]:
    """Make the roles and set their rights, as the user of `DATABASE_URL`, while the version before serves. When it fails
    midway, passwords are as before, and the next run goes on.

    With `into`, each role's address is kept in the file `<into>/<owner, app, archiver, reader or backup>/database_url`,
    and a role whose file is missing or no longer works gets a new password. `through` is the address of
    PgBouncer, which becomes the app's. Only a superuser makes the backup's role; where BACKUP_DATABASE_URL names another,
    that is kept. Raises `CommandFailed` when this user may not make roles.
    """
    with DB.at(settings.database, name="emerald create-roles"), db.translate_errors():
        me = await db.row(ME)
        assert me is not None, "everybody has a row"
        if not me["may_make"]:
            if into is None:
                raise CommandFailed(
                    f"User {me['name']} may not create roles: let DATABASE_URL name a user who may."
                )
            return [
                _keep(into, role, settings.migrate_database if role == OWNER else settings.database)
                for role in ROLES
            ] + _kept_backup(into)
        makes_backup = me["rolsuper"] and settings.backups.database is None
        roles = (*ROLES, BACKUP) if makes_backup else ROLES
        mighty = await db.rows(TOO_MIGHTY, roles, BACKUP, BACKUP_MEMBERSHIPS)
        if mighty:
            raise CommandFailed(
                f"Role {mighty[0]['rolname']} exists and may do more than it should: take its attributes and"
                " memberships away, or drop it."
            )
        there = {
            row["rolname"]
            for row in await db.rows("SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", roles)
        }
        known = {} if new_passwords else await _kept_passwords(into, there)
        untold = there if into is None and not new_passwords else set()
        passwords = {role: secrets.token_hex(20) for role in roles if role not in known.keys() | untold}
        async with schema_locked(settings.database):
            async with db.transaction():
                await _make(roles, there)
                await _let_own(superuser=me["rolsuper"])
            await _give_tables_to_owner()
            async with db.transaction():
                await _set_passwords(passwords)
                await grant_rights()
                if makes_backup:
                    await let_back_up()
        made = [_made(role, (known | passwords).get(role), into, through) for role in roles]
        return made if makes_backup else made + _kept_backup(into)


def _kept_backup(into: Path | None) -> list[MadeRole]:
    """Where no role for backups is made: keep the address that is named, or that of this user."""
    if into is None:
        return []
    return [_keep(into, BACKUP, settings.backups.database or settings.migrate_database)]


async def let_back_up() -> None:
    """Let the backup's role replicate, and ask and tell the server what Barman does."""
    script = [f"ALTER ROLE {BACKUP} REPLICATION", f"GRANT {', '.join(BACKUP_MEMBERSHIPS)} TO {BACKUP}"]
    script += [f"GRANT EXECUTE ON FUNCTION {function} TO {BACKUP}" for function in BACKUP_FUNCTIONS]
    await db.execute("; ".join(script))


async def _make(roles: Sequence[str], there: set[str]) -> None:
    """Create the roles that are missing, and set guards."""
    database = await db.value("SELECT quote_ident(current_database())")
    schema = await db.value("SELECT quote_ident(current_schema())")
    if schema is None:
        raise CommandFailed(
            "The database has no schema to keep tables in: create the one DATABASE_URL names."
        )
    script = []
    for role in roles:
        script.append(f"{'ALTER' if role in there else 'CREATE'} ROLE {role} LOGIN")
        for name, value in GUARDS[role].items():
            script.append(f"ALTER ROLE {role} IN DATABASE {database} SET {name} = '{value}'")
        script.append(f"ALTER ROLE {role} IN DATABASE {database} SET search_path = {schema}")
        script.append(f"GRANT CONNECT ON DATABASE {database} TO {role}")
        if role != BACKUP:
            script.append(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    script.append(f"GRANT CREATE ON SCHEMA {schema} TO {OWNER}")
    script.append(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
    script.append(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC")
    await db.execute("; ".join(script))


async def _set_passwords(passwords: dict[str, str]) -> None:
    # Not the password itself: a statement may be logged.
    script = [
        f"ALTER ROLE {role} PASSWORD '{scram_verifier(password)}'" for role, password in passwords.items()
    ]
    if script:
        await db.execute("; ".join(script))


async def _let_own(*, superuser: bool) -> None:
    """Let this user give tables to the owner, and say what others may do with those that the owner makes later."""
    if not superuser:
        # Whoever is no superuser must be a member to give something away, and stays one: with what was theirs
        # until now a version before this one goes on.
        await db.execute(f"GRANT {OWNER} TO CURRENT_USER")
    schema = await db.value("SELECT quote_ident(current_schema())")
    script = []
    later = f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER}"
    for role, rights in DEFAULTS.items():
        script.append(f"{later} IN SCHEMA {schema} GRANT {rights} ON TABLES TO {role}")
    script.append(f"{later} REVOKE EXECUTE ON ROUTINES FROM PUBLIC")
    await db.execute("; ".join(script))


async def _give_tables_to_owner() -> None:
    """Give everything in the schema to the owner, one after the other: whoever holds one table for itself and waits for the
    next is in the way of those who read both."""
    for row in await db.rows(OTHERS):

        async def give(statement: str = row[0]) -> None:
            async with db.transaction(PATIENCE):
                await db.execute(statement)

        await between_others(give, row[0], say_on_stderr)


def _made(role: str, password: str | None, into: Path | None, through: DatabaseAddress | None) -> MadeRole:
    if password is None:
        return MadeRole(role, None)
    # PgBouncer is for the application; the others need sessions of their own.
    address = settings.database if role == APP else settings.migrate_database
    # The role has the search path.
    address = replace(address, user=role, password=password, schema="", passfile="")
    if role == APP and through is not None:
        address = replace(address, hosts=through.hosts, pgbouncer=True)
    return _keep(into, role, address) if into is not None else MadeRole(role, address)


def _file(into: Path, role: str) -> Path:
    return into / NAMES[role] / "database_url"


async def _kept_passwords(into: Path | None, roles: set[str]) -> dict[str, str]:
    """The passwords that are kept of these roles and still work."""
    passwords: dict[str, str] = {}
    if into is None:
        return passwords
    for role in roles:
        try:
            address = DatabaseAddress.from_url(_file(into, role).read_text().strip())
        except (FileNotFoundError, ValueError):
            continue
        # Where the server is may have changed, and PgBouncer may not run yet: only the password counts.
        here = replace(settings.database, user=address.user, password=address.password, schema="")
        try:
            connection = await connect(**connect_kwargs(here))
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidPasswordError):
            continue
        await connection.close()
        if address.user == role:
            passwords[role] = address.password
    return passwords


def _keep(into: Path, role: str, address: DatabaseAddress) -> MadeRole:
    """Write an address into the role's file, which only this user may read."""
    path = _file(into, role)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".new")
    temporary.touch(0o600)
    temporary.write_text(address.own_url() + "\n")
    temporary.rename(path)
    return MadeRole(role, address)


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that it never sees the password itself."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    coded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{coded[0]}${coded[1]}:{coded[2]}"
