"""`emerald restore FILE`: a dump of `pg_dump` into a new, empty database, all of it or nothing.

`psql < dump.sql` on a database with tables prints hundreds of errors, changes nothing, and ends with success.
"""

import gzip
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import asyncpg

from backend import clock, db
from backend.database_address import DatabaseAddress
from backend.embedded_files import reason
from backend.engine import connect, connect_kwargs
from emerald.backups.catalog import conninfo
from emerald.backups.errors import BackupError
from emerald.backups.programs import newest_programs

CUSTOM, GZIP = b"PGDMP", b"\x1f\x8b"
MAINTENANCE = "postgres"  # the database that a connection uses while ours is being replaced
HEAD_LINES = 100  # within which a dump sets up its session
# Set by the pg_dump of 17 and newer, and unknown to older servers, where it would stop the restore.
NEWER = re.compile(rb"SET transaction_timeout\b")
TRANSACTION_TIMEOUT_SINCE = 17


@dataclass(frozen=True, slots=True)
class Loaded:
    """A dump in a database of its own."""

    database: str
    former: str  # what the database that was replaced is called now; "" when there was none


async def load_dump(
    file: Path, address: DatabaseAddress, name: str, *, replace_existing: bool = False
) -> Loaded:
    """Load a dump into a new database, and let that take the place of the one called `name`, which is kept under
    another name. The role of `address` must be allowed to create databases. Raises `BackupError`; then everything is as it was.

    Without `replace_existing`, a database that has tables is not replaced.
    """
    kind = _kind(file)
    if await _has_tables(address, name) and not replace_existing:
        raise BackupError(
            f"The database {name} is not empty. With --replace the dump takes its place, and the database of today is"
            " kept under another name."
        )
    stamp = f"{clock.now():%Y%m%d_%H%M%S_%f}"
    fresh, former = f"{name}_loading_{stamp}", f"{name}_before_{stamp}"
    with db.translate_errors():
        major = await _create(address, fresh)
        try:
            _load(file, kind, replace(address, database=fresh), major)
        except BaseException:
            await _run(address, f"DROP DATABASE {_quoted(fresh)}")
            raise
        return Loaded(name, await _exchange(address, name, fresh, former))


def _kind(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            head = opened.read(5)
    except OSError as error:
        raise BackupError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from error
    if not head:
        raise BackupError(f"{file} is empty.")
    return "custom" if head.startswith(CUSTOM) else "gzip" if head.startswith(GZIP) else "plain"


async def _connect(address: DatabaseAddress) -> asyncpg.Connection:
    connection: asyncpg.Connection = await connect(**connect_kwargs(replace(address, database=MAINTENANCE)))
    return connection


async def _run(address: DatabaseAddress, *statements: str) -> None:
    connection = await _connect(address)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _has_tables(address: DatabaseAddress, name: str) -> bool:
    with db.translate_errors():
        try:
            connection = await connect(**connect_kwargs(replace(address, database=name)))
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            return bool(
                await connection.fetchval(
                    "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                    " WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema'"
                    " AND n.nspname NOT LIKE 'pg\\_%')"
                )
            )
        finally:
            await connection.close()


async def _create(address: DatabaseAddress, fresh: str) -> int:
    """Create the empty database. Returns the server's major version."""
    connection = await _connect(address)
    try:
        await connection.execute(f"CREATE DATABASE {_quoted(fresh)} TEMPLATE template0")
        return int(await connection.fetchval("SHOW server_version_num")) // 10_000
    finally:
        await connection.close()


async def _exchange(address: DatabaseAddress, name: str, fresh: str, former: str) -> str:
    """Give the new database the name of the old one, in one transaction. Returns what the old one is called
    now."""
    connection = await _connect(address)
    try:
        exists = await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name)
        if not exists:
            await connection.execute(f"ALTER DATABASE {_quoted(fresh)} RENAME TO {_quoted(name)}")
            return ""
        owner = await connection.fetchval(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = $1", name
        )
        await connection.execute(f"ALTER DATABASE {_quoted(fresh)} OWNER TO {_quoted(owner)}")
        # Nobody comes back while the names change; what runs gets an error, and connects to the new one.
        await connection.execute(f"ALTER DATABASE {_quoted(name)} ALLOW_CONNECTIONS false")
        try:
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1".replace(
                    "$1", _literal(name)
                )
            )
            async with connection.transaction():
                await connection.execute(f"ALTER DATABASE {_quoted(name)} RENAME TO {_quoted(former)}")
                await connection.execute(f"ALTER DATABASE {_quoted(fresh)} RENAME TO {_quoted(name)}")
        finally:
            present = await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", former)
            await connection.execute(
                f"ALTER DATABASE {_quoted(former if present else name)} ALLOW_CONNECTIONS true"
            )
        return former
    finally:
        await connection.close()


def _load(file: Path, kind: str, target: DatabaseAddress, major: int) -> None:
    programs = newest_programs("psql", "pg_restore")
    environment = {
        "PATH": str(programs),
        "LC_ALL": "C.UTF-8",
        "PGOPTIONS": "-c lock_timeout=0 -c statement_timeout=0",
    }
    if target.password:
        environment["PGPASSWORD"] = target.password
    if kind == "custom":
        command = [str(programs / "pg_restore"), "--exit-on-error", "--single-transaction", "--dbname"]
        done = subprocess.run(
            [*command, conninfo(target), str(file)], env=environment, capture_output=True, text=True
        )
        printed, code = done.stderr, done.returncode
    else:
        command = [str(programs / "psql"), "-X", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
        with _opened(file, kind) as source:
            printed, code = _feed([*command, "--dbname", conninfo(target)], environment, source, major)
    if code != 0:
        raise BackupError(f"{file} cannot be loaded, and nothing has changed: {reason(printed)}.")


@contextmanager
def _opened(file: Path, kind: str) -> Iterator[IO[bytes]]:
    with gzip.open(file, "rb") if kind == "gzip" else file.open("rb") as source:
        yield source  # type: ignore[misc]


def _feed(command: list[str], environment: dict[str, str], source: IO[bytes], major: int) -> tuple[str, int]:
    """Run psql on a dump. Returns what it printed, and its exit code."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stdin is not None and process.stderr is not None
    try:
        for number, line in enumerate(source):
            if number < HEAD_LINES and major < TRANSACTION_TIMEOUT_SINCE and NEWER.match(line):
                continue
            process.stdin.write(line)
        process.stdin.close()
    except BrokenPipeError:
        pass  # psql has ended, and says why
    except (OSError, EOFError) as error:
        process.kill()
        process.wait()
        return str(error), 1
    printed = process.stderr.read().decode("utf-8", "replace")
    process.stderr.close()
    return printed, process.wait()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
