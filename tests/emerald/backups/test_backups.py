"""Backups by the real programs: Barman, PostgreSQL's own, GnuPG. The server of all tests is what is backed up."""

import asyncio
import gzip
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from backend import backup_status, clock, db
from backend.backup_settings import BackupSettings
from backend.bookings.actions import book
from backend.database_address import DatabaseAddress
from backend.people.queries import Person
from backend.seats.requests import Via
from backend.settings import settings
from emerald.backups import create, daily, dumps, encryption
from emerald.backups.catalog import SERVER, SLOT, Backup, Catalog, conninfo
from emerald.backups.errors import BackupError
from emerald.backups.programs import find_barman, find_program, newest_programs, postgres_programs
from emerald.backups.restore import choose, restore_into
from emerald.backups.throwaway import server_on
from emerald.backups.verify import verify_backup
from emerald.rights import BACKUP
from emerald.roles import let_back_up

PASSPHRASE = "correct horse battery staple"


def missing() -> str:
    """Why backups cannot be tested here; "" when they can."""
    try:
        find_barman()
        for name in ("rsync", "file", "gpg"):
            find_program(name)
        newest_programs("pg_basebackup", "pg_receivewal", "pg_dump", "pg_restore")
    except BackupError as error:
        return str(error)
    return ""


needs_programs = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def backup_settings(directory: Path, **fields: Any) -> BackupSettings:
    return replace(settings.backups, directory=directory, passphrase=PASSPHRASE, **fields)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="module")
async def first(directory: Path, database: None) -> AsyncIterator[tuple[Catalog, create.Report]]:
    """A catalogue with a first backup, which receives the WAL of the server under test while this module runs, all as the role
    that `emerald create-roles` makes for it."""
    await db.execute(f"CREATE ROLE {BACKUP} LOGIN")
    await let_back_up()
    catalog = Catalog(backup_settings(directory), replace(settings.database, user=BACKUP))
    major = int(await db.value("SHOW server_version_num")) // 10_000
    catalog.prepare(server_major=major)
    catalog.begin_receiving()
    yield catalog, await create.make_backup(catalog)
    catalog.stop_receiving()
    await db.execute(f"SELECT pg_drop_replication_slot('{SLOT}')")
    await db.execute("DELETE FROM backup_status")
    await db.execute(f"DROP OWNED BY {BACKUP}; DROP ROLE {BACKUP}")


@pytest.fixture
async def catalog(first: tuple[Catalog, create.Report], world: None) -> Catalog:
    return first[0]


def is_encrypted(file: Path) -> bool:
    said = subprocess.run(["file", str(file)], capture_output=True, text=True).stdout
    return "PGP" in said and "encrypted" in said


@needs_programs
async def test_a_backup_is_encrypted_and_kept_for_its_week(first: tuple[Catalog, create.Report]) -> None:
    catalog, report = first
    assert report.backup.encrypted and report.backup.kept and report.removed == 0
    [stored] = (catalog.directory / "base").glob("*/data/base.*")
    assert stored.name == "base.tar.gz.gpg"
    wal = next((catalog.directory / "wals").glob("*/*"))
    assert is_encrypted(wal) and is_encrypted(stored)
    held = (catalog.home / "barman.conf").read_text()
    assert PASSPHRASE not in held
    figures = await backup_status.read()
    assert figures is not None and figures.encrypted and not figures.failed
    assert figures.age_seconds < 300 and figures.verified_age_seconds == float("inf")


@needs_programs
async def test_a_backup_is_verified_and_a_damaged_database_is_not(
    catalog: Catalog, instance: Callable[..., Awaitable[str]], alice: Person
) -> None:
    await book(await instance(), alice, via=Via.CARD)
    await received(catalog)
    place = Path("/var/lib/emerald") if os.geteuid() == 0 else catalog.home
    (place / "verify-of-a-killed-run" / "data").mkdir(parents=True)
    verified = await verify_backup(catalog)
    assert list(place.glob("verify-*")) == []
    assert verified.bookings == 1 and verified.newest_change is not None
    figures = await backup_status.read()
    assert figures is not None and figures.verified_age_seconds < 300

    await db.execute("UPDATE instance_seats SET booked = booked + 1")
    await received(catalog)
    with pytest.raises(BackupError, match="its seats row says"):
        await verify_backup(catalog)
    figures = await backup_status.read()
    assert figures is not None and figures.error.startswith("verify-backup: The restored database is not")


@needs_programs
async def test_goes_back_to_the_moment_before_a_bad_delete(
    catalog: Catalog, instance: Callable[..., Awaitable[str]], alice: Person, bob: Person, tmp_path: Path
) -> None:
    """WAL that is still being received counts too: nothing waits for a file of it to be full."""
    code = await instance()
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    good = await db.value("SELECT clock_timestamp()")
    await db.execute("TRUNCATE bookings CASCADE")
    position = await db.value(create.POSITION)
    await until(lambda: create.has_received(catalog, position))

    place = Path("/var/lib/emerald") if os.geteuid() == 0 else tmp_path
    into, moved = (place / f"{name}-{tmp_path.name}-{os.getpid()}" for name in ("restored", "moved"))
    try:
        restore_into(catalog, into, to=good)
        with pytest.raises(BackupError, match="is not empty"):
            restore_into(catalog, into, to=good)
        into.rename(moved)
        with server_on(moved, user=settings.database.user, database=settings.database.database) as url:
            restored = DatabaseAddress.from_url(url)
            assert await ask(restored, "SELECT count(*) FROM bookings") == 2
            assert await ask(restored, "SELECT count(*) FROM event_participation_log") == 2
    finally:
        shutil.rmtree(into, ignore_errors=True)
        shutil.rmtree(moved, ignore_errors=True)
    with pytest.raises(BackupError, match="no earlier moment"):
        restore_into(catalog, into, to=datetime(2020, 1, 1, tzinfo=UTC))


@needs_programs
async def test_wal_that_the_server_dropped_is_noticed_and_the_stream_begins_anew(catalog: Catalog) -> None:
    catalog.stop_receiving()
    await db.execute("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
    try:
        await db.execute("SELECT pg_reload_conf()")
        for _ in range(4):
            await db.execute("SELECT pg_logical_emit_message(false, 'test', 'x')")
            await db.execute("SELECT pg_switch_wal()")
        await until(lost)
    finally:
        await db.execute("ALTER SYSTEM RESET max_slot_wal_keep_size")
        await db.execute("SELECT pg_reload_conf()")
    report = await create.make_backup(catalog)
    assert report.stream_was_reset
    assert not await create.mend_stream(catalog)
    catalog.begin_receiving()


async def lost() -> bool:
    await db.execute("CHECKPOINT")
    status = await db.value("SELECT wal_status FROM pg_replication_slots WHERE slot_name = $1", SLOT)
    return bool(status == "lost")


@needs_programs
async def test_a_copy_goes_elsewhere_and_a_failed_one_is_reported(catalog: Catalog, tmp_path: Path) -> None:
    def hooked(script: str) -> Catalog:
        hook = ("/bin/sh", "-c", script, "hook")
        return Catalog(backup_settings(catalog.home, hook=hook), catalog.address)

    made = catalog.backups()[0]
    create.copy_elsewhere(hooked(f'echo "$1 $2" >{tmp_path}/said'), made)
    assert (tmp_path / "said").read_text() == f"{catalog.home} {made.id}\n"
    with pytest.raises(BackupError, match="BACKUP_HOOK failed: no route"):
        create.copy_elsewhere(hooked("echo no route >&2; exit 7"), made)


@needs_programs
async def test_the_daily_process_backs_up_when_it_is_time(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = clock.now()
    monkeypatch.setattr(daily, "last_due", lambda now: at)
    await backup_status.record(verified_at=at, error="")
    process = daily.Daily(catalog)
    before = len(catalog.backups())
    await process.step()
    assert len(catalog.backups()) == before + 1
    await process.step()
    assert len(catalog.backups()) == before + 1, "the next is due tomorrow"

    # How far the WAL has come is noted once its arrival is confirmed.
    await db.execute("UPDATE backup_status SET received_at = '2020-01-01'")
    assert process.awaited is not None
    position, reached_at = process.awaited
    await until(lambda: create.has_received(catalog, position))
    await process.step()
    assert await db.value("SELECT received_at FROM backup_status") == reached_at


@needs_programs
async def test_another_passphrase_and_a_full_volume_are_refused(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Catalog(replace(catalog.settings, passphrase="something else entirely"), catalog.address)
    with pytest.raises(BackupError, match="another than the one of the key"):
        wrong.prepare()
    assert encryption.can_decrypt(catalog.home, PASSPHRASE)
    monkeypatch.setattr(create, "ROOM_MIN", 10**18)
    # First the room: GnuPG takes a full volume for a wrong passphrase.
    with pytest.raises(BackupError, match="nearly full"):
        await create.make_backup(wrong)
    figures = await backup_status.read()
    assert figures is not None and figures.error.startswith("The volume of")


@pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("gpg", "gpgconf", "file")), reason="GnuPG is not installed"
)
def test_one_key_is_made_whoever_comes_first_and_whoever_dies(tmp_path: Path) -> None:
    """The service that starts and a command by hand come at once; then a process has died midway, and left a key alone."""
    listing = ["gpg", "--homedir", str(tmp_path / "gnupg"), "--with-colons", "--list-keys"]
    try:
        for _ in range(2):
            with ThreadPoolExecutor() as both:
                list(both.map(lambda _: encryption.prepare(tmp_path, PASSPHRASE), range(2)))
            assert encryption.can_decrypt(tmp_path, PASSPHRASE)
            listed = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
            assert listed.count("\npub:") == 1
            (tmp_path / "gnupg" / "probe.gpg").unlink()
    finally:
        encryption.stop_agent(tmp_path)


# --- dumps: the commands of the guide ---


@pytest.fixture
def run_psql() -> Callable[..., subprocess.CompletedProcess[str]]:
    programs = newest_programs("psql", "pg_dump")

    def run(command: str, database: str) -> subprocess.CompletedProcess[str]:
        address = replace(settings.database, database=database)
        return subprocess.run(
            ["/bin/sh", "-c", command],
            env={"PATH": f"{programs}:/usr/bin:/bin", "DATABASE_URL": address.url()},
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture
async def other(database: None) -> AsyncIterator[str]:
    """The name of another, empty database on the server; what is made of it is dropped afterwards."""
    name = "emerald_dumps"
    await db.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    for row in await db.rows("SELECT datname FROM pg_database WHERE datname LIKE 'emerald\\_dumps%'"):
        await db.execute(f"DROP DATABASE {row['datname']} WITH (FORCE)")


async def test_the_guides_commands_work_on_an_empty_database_and_ours_on_a_filled_one(
    run_psql: Callable[..., subprocess.CompletedProcess[str]],
    other: str,
    instance: Callable[..., Awaitable[str]],
    alice: Person,
    tmp_path: Path,
) -> None:
    await book(await instance(), alice, via=Via.CARD)
    ours = settings.database.database
    dump, custom = tmp_path / "backup.sql", tmp_path / "backup.dump"
    done = run_psql(f"pg_dump $DATABASE_URL > {dump} && pg_dump -Fc $DATABASE_URL > {custom}", ours)
    assert done.returncode == 0, done.stderr
    packed = pack(dump)
    filled = replace(settings.database, database=other)

    # The guide's command on an empty database.
    assert run_psql(f"psql $DATABASE_URL < {dump}", other).returncode == 0
    assert await ask(filled, "SELECT count(*) FROM bookings") == 1

    # On a filled one it changes nothing and says that all is well: what our own command is for.
    await ask(filled, "DELETE FROM bookings RETURNING id")
    silent = run_psql(f"psql -q $DATABASE_URL < {dump}", other)
    assert silent.returncode == 0 and "already exists" in silent.stderr
    assert await ask(filled, "SELECT count(*) FROM bookings") == 1, (
        "rows come in, on tables that were not emptied"
    )
    await ask(filled, "DELETE FROM bookings RETURNING id")
    with pytest.raises(BackupError, match="is not empty"):
        await dumps.load_dump(dump, settings.database, other)
    for file in (dump, custom, packed):
        loaded = await dumps.load_dump(file, settings.database, other, replace_existing=True)
        assert await ask(filled, "SELECT count(*) FROM bookings") == 1, file
        former = replace(filled, database=loaded.former)
        assert await ask(former, "SELECT count(*) FROM bookings") in (0, 1)


async def test_a_dump_that_breaks_off_changes_nothing(
    run_psql: Callable[..., subprocess.CompletedProcess[str]], other: str, world: None, tmp_path: Path
) -> None:
    dump = tmp_path / "backup.sql"
    assert run_psql(f"pg_dump $DATABASE_URL > {dump}", settings.database.database).returncode == 0
    dump.write_text(dump.read_text() + "SELECT nothing_of_this_name;\n")
    with pytest.raises(BackupError, match="nothing has changed"):
        await dumps.load_dump(dump, settings.database, other)
    names = await db.rows("SELECT datname FROM pg_database WHERE datname LIKE 'emerald\\_dumps%'")
    assert [row["datname"] for row in names] == [other]


def pack(file: Path) -> Path:
    packed = file.with_suffix(".sql.gz")
    packed.write_bytes(gzip.compress(file.read_bytes()))
    return packed


async def ask(address: DatabaseAddress, sql: str) -> Any:
    connection = await asyncpg.connect(**address.connect_kwargs())
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def received(catalog: Catalog) -> None:
    """Store all WAL until now, at once: by itself the server's news of what was stored comes every ten seconds."""
    await asyncio.to_thread(catalog.call, "switch-wal", "--force", "--archive", SERVER)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - another program is waited for
            await asyncio.sleep(0.1)


# --- pure ---


SLOW_BARMAN = """#!/bin/sh
lock=$PWD/locks/.emerald-receive-wal.lock
case "$*" in
    *cron) (sleep 0.5; sleep 60 & echo $! >"$lock") >/dev/null 2>&1 & ;;
    *--stop*) kill "$(cat "$lock")" ;;
esac
"""


def test_a_receiver_that_is_slow_to_start_goes_on_after_a_backup(tmp_path: Path) -> None:
    """The daily process starts it and makes a backup at once: it is not taken for one that the backup started."""
    program = tmp_path / "barman"
    program.write_text(SLOW_BARMAN)
    program.chmod(0o755)
    (tmp_path / "locks").mkdir()
    catalog = Catalog(replace(settings.backups, directory=tmp_path, barman=str(program)), settings.database)
    catalog.begin_receiving()
    try:
        with catalog.receiving():
            assert catalog.is_receiving()
        assert catalog.is_receiving()
    finally:
        catalog.stop_receiving()


def backup_at(day: str) -> Backup:
    return Backup(day, datetime.fromisoformat(day).replace(tzinfo=UTC), 1, True, False)


def test_the_first_backup_of_each_week_is_kept_longer() -> None:
    days = ["2026-11-23", "2026-11-24", "2026-11-30", "2026-12-01", "2026-12-08"]
    assert create.first_of_weeks([backup_at(day) for day in reversed(days)]) == {
        "2026-11-23",
        "2026-11-30",
        "2026-12-08",
    }


def test_restores_from_the_newest_backup_before_the_moment() -> None:
    found = [backup_at(day) for day in ("2026-12-02", "2026-12-01", "2026-11-30")]
    assert choose(found, None, "").id == "2026-12-02"
    assert choose(found, datetime(2026, 12, 1, 12, tzinfo=UTC), "").id == "2026-12-01"
    assert choose(found, None, "2026-11-30").id == "2026-11-30"
    with pytest.raises(BackupError, match="no backup 2020"):
        choose(found, None, "2020")
    with pytest.raises(BackupError, match="no backup to restore"):
        choose([], None, "")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T01:00+00:00", "2026-11-23T00:00+00:00"),
        ("2026-11-22T23:59+00:00", "2026-11-22T00:00+00:00"),
        # 02:00 comes on every day in Helsinki; the clocks change at three and four.
        ("2026-10-25T12:00+00:00", "2026-10-24T23:00+00:00"),
    ],
)
def test_the_daily_backup_is_due_at_its_wall_clock(
    now: str, due: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = replace(settings, backups=replace(settings.backups, at=time(2), zone="Europe/Helsinki"))
    monkeypatch.setattr(daily, "settings", chosen)
    assert daily.last_due(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


def test_an_address_never_shows_its_password_to_barman() -> None:
    address = DatabaseAddress.from_url("postgresql://emerald:s3cret@a,b:5433/o'clock?sslmode=require")
    assert conninfo(address) == (
        "host=a,b port=5432,5433 user=emerald dbname='o\\'clock' sslmode=require target_session_attrs=read-write"
    )


def test_programs_of_another_version_are_asked_for() -> None:
    with pytest.raises(BackupError, match="programs of PostgreSQL 9 are not here"):
        postgres_programs(9, "postgres")
