"""Behind PgBouncer in transaction mode, with the ini of the operations guide: every process and command works,
nothing waits for ever, and what is wrong is said."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import db
from backend.bookings.actions import book
from backend.database_address import DatabaseAddress
from backend.embedded_files import owner_of
from backend.errors import Busy
from backend.people.queries import person_of_telegram
from backend.seats.requests import Via
from emerald.rights import APP, OWNER, ROLES
from emerald.roles import NAMES
from tests.bin.running import free_port
from tests.processes import worker
from tests.workers import Done, run

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:" + os.environ.get("PATH", ""))
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed")

SUPERUSER = DatabaseAddress.from_url(os.environ["DATABASE_URL"])
# The guide's lines; then where everything is on this machine. Two connections are fewer than ask at once.
INI = """
[databases]
emerald = host={host} port=5432 dbname=for_pooler pool_size=2

[pgbouncer]
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 25

listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
admin_users = pooler
pidfile = {folder}/pid
logfile = {folder}/log
"""


# --- what the worker processes do ---


async def many(_: object) -> int:
    """Statements with parameters from more connections than PgBouncer has, all at once; how many were right."""

    async def one(n: int) -> bool:
        alone: int = await db.value("SELECT $1::int + count(*) FROM accounts WHERE id < $2", n, -1)
        async with db.transaction():
            inside: int = await db.value("SELECT $1::int * 2 FROM generate_series(1, $2) LIMIT 1", n, 3)
        return (alone, inside) == (n, n * 2)

    return sum(await asyncio.gather(*(one(n) for n in range(400))))


async def book_while_locked(task: dict[str, Any]) -> str:
    alice = await person_of_telegram(1002)
    assert alice
    try:
        return (await book(task["code"], alice, via=Via.MINIAPP)).kind
    except Busy:
        return "busy"


# --- the pooler ---


@dataclass(frozen=True)
class Pooled:
    """A database behind PgBouncer: the addresses of its roles through it, and past it."""

    admin: DatabaseAddress
    roles: dict[str, DatabaseAddress]
    port: int

    def through(self, role: str, *, says_so: bool = True) -> DatabaseAddress:
        return replace(
            self.roles[role],
            hosts=(("127.0.0.1", self.port),),
            database="emerald",
            sslmode="disable",
            pgbouncer=says_so,
        )

    def run(self, *command: str, role: str = APP) -> Done:
        return run(*command, DATABASE_URL=self.through(role).own_url())

    async def reconnect(self) -> None:
        """Let new sessions have what the roles have now."""
        console = replace(self.through(APP), user="pooler", database="pgbouncer")
        async with connected(console) as connection:
            await connection.execute("RECONNECT")


@asynccontextmanager
async def connected(address: DatabaseAddress) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(**address.connect_kwargs())
    try:
        yield connection
    finally:
        await connection.close()


async def on(address: DatabaseAddress, *statements: str) -> None:
    async with connected(address) as connection:
        for statement in statements:
            await connection.execute(statement)


@pytest.fixture(scope="module")
def pooled() -> Iterator[Pooled]:
    clear = [
        "DROP DATABASE IF EXISTS for_pooler WITH (FORCE)",
        *(f"DROP ROLE IF EXISTS {role}" for role in ROLES),
    ]
    asyncio.run(on(SUPERUSER, *clear, "CREATE DATABASE for_pooler"))
    admin = replace(SUPERUSER, database="for_pooler")
    # Not of `tmp_path_factory`: PgBouncer runs as PostgreSQL's user, who may not enter there.
    folder = Path(tempfile.mkdtemp(prefix="emerald-pooler-", dir="/tmp"))
    assert run("create-roles", "--into", str(folder), DATABASE_URL=admin.own_url()).returncode == 0
    roles = {
        role: DatabaseAddress.from_url((folder / name / "database_url").read_text().strip())
        for role, name in NAMES.items()
    }
    # Until `test_doctor…`, so that nobody waits five seconds for a lock.
    asyncio.run(on(admin, f"ALTER ROLE {APP} IN DATABASE for_pooler SET lock_timeout = '300ms'"))
    made = Pooled(admin, roles, free_port())
    (folder / "users").write_text(
        "".join(f'"{role}" "{roles[role].password}"\n' for role in ROLES) + '"pooler" ""\n'
    )
    (folder / "ini").write_text(INI.format(host=SUPERUSER.host, port=made.port, folder=folder))
    owner = owner_of(Path(SUPERUSER.host).parent / "data")
    for path in (folder, folder / "users", folder / "ini"):
        os.chown(path, owner.uid, owner.gid)
    assert PGBOUNCER is not None
    process = subprocess.Popen(
        [PGBOUNCER, str(folder / "ini")], stderr=subprocess.DEVNULL, **owner.as_popen()
    )
    try:
        asyncio.run(answers(made))
        yield made
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        asyncio.run(on(SUPERUSER, *clear))
        shutil.rmtree(folder)


async def answers(pooled: Pooled) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return await on(pooled.through(OWNER), "SELECT 1")
        except OSError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def migrated(pooled: Pooled) -> Pooled:
    assert pooled.run("migrate", "--check", role=OWNER).stdout.startswith("missing: ")
    done = pooled.run("migrate", role=OWNER)
    assert done.returncode == 0 and done.stdout.startswith("taken: "), done
    assert pooled.run("demo").returncode == 0
    return pooled


async def test_a_migration_leaves_no_lock_behind(migrated: Pooled) -> None:
    """A session's lock would stay with PgBouncer's connection, and whoever migrates next would wait for ever."""
    async with connected(migrated.admin) as connection:
        assert await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    check = migrated.run("migrate", "--check")
    assert (check.returncode, check.stdout) == (0, "The database is up to date.\n")


async def test_many_at_once_share_few_connections(migrated: Pooled) -> None:
    async with worker(__file__, "many", DATABASE_URL=migrated.through(APP).own_url()) as process:
        assert await process.run({"go": True}) == 400


async def test_a_booking_on_a_locked_row_is_refused_as_soon_as_past_it(migrated: Pooled) -> None:
    """The guard is the role's, so it needs no setting of the session."""
    async with connected(migrated.admin) as connection:
        code = await connection.fetchval(
            "SELECT i.code FROM event_instances i WHERE state = 'SCHEDULED' AND starts_at > now() + interval '1 day' LIMIT 1"
        )
        holding = connection.transaction()
        await holding.start()
        await connection.execute("SELECT FROM instance_seats FOR UPDATE")
        async with worker(
            __file__, "book_while_locked", DATABASE_URL=migrated.through(APP).own_url()
        ) as process:
            assert await process.run({"code": code}) == "busy"
        await holding.rollback()


async def test_doctor_says_what_the_role_lacks_and_create_roles_gives_it(migrated: Pooled) -> None:
    found = migrated.run("doctor")
    assert found.stdout == (
        "Sessions have lock_timeout = 300ms instead of 5s: PgBouncer passes no settings on, so the role must have"
        " them. Run `emerald create-roles`.\n"
    )
    assert run("create-roles", DATABASE_URL=migrated.admin.own_url()).returncode == 0
    await migrated.reconnect()
    found = migrated.run("doctor", "--invariants")
    assert (found.returncode, found.stdout) == (0, "All is well.\n"), found


def test_whoever_does_not_say_pgbouncer_is_told_to(migrated: Pooled) -> None:
    done = run("doctor", DATABASE_URL=migrated.through(APP, says_so=False).own_url())
    assert (done.returncode, done.stdout) == (2, "")
    assert re.search(r"add \?pgbouncer=true to DATABASE_URL", done.stderr), done.stderr
