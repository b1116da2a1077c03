"""`emerald backup`: one base backup, the check of the WAL stream, the retention, and the copy elsewhere."""

import asyncio
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from backend import backup_status, clock, db
from backend.embedded_files import reason
from backend.engine import connect, connect_kwargs
from backend.errors import Busy, Unavailable
from backend.operations import Operation, record_run
from emerald.backups import encryption
from emerald.backups.catalog import SERVER, SLOT, Backup, Catalog
from emerald.backups.errors import BackupError

HOOK_TIMEOUT = 6 * 3600.0  # seconds
STREAM_TIMEOUT = 30.0  # seconds until a process receives the WAL
WAL_TIMEOUT = 300  # seconds until the WAL that a base backup needs has arrived
ROOM = 1.5  # times the newest backup's size that must be free
ROOM_MIN = 200_000_000  # bytes: a small database, and several files of WAL

SERVER_FACTS = """
SELECT current_setting('server_version_num')::int / 10000 AS major, pg_is_in_recovery() AS replica,
    pg_database_size(current_database()) AS bytes
"""
SLOT_FACTS = "SELECT wal_status, active FROM pg_replication_slots WHERE slot_name = $1"
# What has been received of the WAL. The position moves with the confirmations, every ten seconds; what was sent is
# ahead of it.
RECEIVED = """
SELECT coalesce(bool_or(r.write_lsn >= $2::text::pg_lsn), false) FROM pg_replication_slots s
JOIN pg_stat_replication r ON r.pid = s.active_pid WHERE s.slot_name = $1
"""
# A lone server writes nothing while nobody does anything; a switch of the WAL file moves the position on.
POSITION = "SELECT pg_current_wal_lsn()::text"


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did."""

    backup: Backup
    stream_was_reset: bool
    removed: int  # backups beyond the retention


async def make_backup(catalog: Catalog) -> Report:
    """Make one base backup and wait until the WAL that it needs is stored. Raises `BackupError`, and records
    it.

    What has become known is written to `backup_status`, for metrics and alerts.
    """
    try:
        report = await _make(catalog)
    except BackupError as error:
        await backup_status.record_failure(str(error))
        raise
    backup = report.backup
    await backup_status.record(
        backed_up_at=backup.ended_at,
        backup_bytes=backup.size,
        encrypted=backup.encrypted,
        free_bytes=free_bytes(catalog),
        received_at=clock.now(),
        error="",
        failed_at=None,
    )
    await record_run(Operation.BACKUP, finished_at=backup.ended_at)
    return report


async def _make(catalog: Catalog) -> Report:
    facts = await ask_server(catalog, SERVER_FACTS)
    if facts["replica"]:
        raise BackupError("The server is a replica: take backups from the primary.")
    # Before anything is tried: on a full volume GnuPG fails as it does with a wrong passphrase.
    _check_room(catalog, facts["bytes"])
    await asyncio.to_thread(catalog.prepare, server_major=facts["major"])
    was_reset = await mend_stream(catalog)
    with catalog.receiving():
        await await_receiver(catalog)
        await asyncio.to_thread(catalog.call, "backup", "--wait", "--wait-timeout", str(WAL_TIMEOUT), SERVER)
        found = await asyncio.to_thread(catalog.backups)
        if not found:
            raise BackupError("Barman lists no backup after making one: see its log.")
        await asyncio.to_thread(apply_retention, catalog, found)
        left = await asyncio.to_thread(catalog.backups)
    await asyncio.to_thread(copy_elsewhere, catalog, left[0])
    return Report(left[0], was_reset, len(found) - len(left))


async def ask_server(catalog: Catalog, sql: str, *values: object) -> asyncpg.Record:
    """One row, by the address that backups are taken from. Raises `Unavailable`."""
    with db.translate_errors():
        connection = await connect(**connect_kwargs(catalog.address))
        try:
            row: asyncpg.Record = await connection.fetchrow(sql, *values)
            return row
        finally:
            await connection.close()


async def mend_stream(catalog: Catalog) -> bool:
    """Begin the WAL stream anew if the server has dropped what was not received. Returns whether it had."""
    slot = await ask_server(catalog, SLOT_FACTS, SLOT)
    if slot is None or slot["wal_status"] != "lost":
        return False
    await asyncio.to_thread(catalog.reset_stream)
    return True


async def await_receiver(catalog: Catalog) -> None:
    """Wait until WAL is received, and a first file of it is stored, for Barman makes no backup without. Raises
    `BackupError`."""
    deadline = time.monotonic() + STREAM_TIMEOUT
    while not await _is_streaming(catalog):
        if time.monotonic() > deadline:
            problems = await asyncio.to_thread(catalog.problems)
            raise BackupError(f"The server's WAL is not received. {'; '.join(problems)}.")
        await asyncio.sleep(0.1)
    if not any((catalog.directory / "wals").glob("*/*")):
        await asyncio.to_thread(catalog.call, "switch-wal", "--force", "--archive", SERVER)


async def _is_streaming(catalog: Catalog) -> bool:
    slot = await ask_server(catalog, SLOT_FACTS, SLOT)
    return slot is not None and slot["active"] and catalog.is_receiving()


async def has_received(catalog: Catalog, position: str) -> bool:
    """Whether the WAL up to a position is stored here."""
    return bool((await ask_server(catalog, RECEIVED, SLOT, position))[0])


def free_bytes(catalog: Catalog) -> int:
    """What is free on the volume with the backups, which may have no directory yet."""
    return shutil.disk_usage(next(one for one in (catalog.home, *catalog.home.parents) if one.exists())).free


def _check_room(catalog: Catalog, database_bytes: int) -> None:
    """Raise `BackupError` when the volume is too full for another backup: a half-written one would fill it."""
    needed = max(ROOM_MIN, int(database_bytes * ROOM))
    free = free_bytes(catalog)
    if free < needed:
        raise BackupError(
            f"The volume of {catalog.home} is nearly full: {megabytes(free)} are free and {megabytes(needed)} are"
            " needed. Make room, or keep fewer backups (BACKUP_KEEP_DAYS)."
        )


def megabytes(size: int) -> str:
    """For people: "12 MB"."""
    return f"{max(1, round(size / 1_000_000)):,} MB"


def apply_retention(catalog: Catalog, found: list[Backup]) -> None:
    """Keep one backup of each week for longer, release those that are old, and remove what is not to be
    kept."""
    weekly = first_of_weeks(found)
    oldest = clock.now() - timedelta(weeks=catalog.settings.keep_weeks)
    for backup in found:
        wanted = backup.id in weekly and backup.ended_at >= oldest
        if wanted and not backup.kept:
            catalog.call("keep", "--target", "standalone", SERVER, backup.id)
        elif backup.kept and not wanted:
            catalog.call("keep", "--release", SERVER, backup.id)
    catalog.call("cron")


def first_of_weeks(found: list[Backup]) -> set[str]:
    """The first backup of each ISO week."""
    first: dict[tuple[int, int], Backup] = {}
    for backup in sorted(found, key=lambda one: one.ended_at):
        year, week, _ = backup.ended_at.isocalendar()
        first.setdefault((year, week), backup)
    return {backup.id for backup in first.values()}


def copy_elsewhere(catalog: Catalog, backup: Backup) -> None:
    """Run BACKUP_HOOK with the directory of all backups and the id of the new one. Raises `BackupError`."""
    hook = catalog.settings.hook
    if not hook:
        return
    try:
        done = subprocess.run(
            [*hook, str(catalog.home), backup.id],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HOOK_TIMEOUT,
            cwd=catalog.home,
        )
    except OSError as error:
        raise BackupError(f"BACKUP_HOOK cannot be run: {error.strerror or error}.") from error
    except subprocess.TimeoutExpired:
        raise BackupError(f"BACKUP_HOOK did not end within {HOOK_TIMEOUT / 3600:.0f} hours.") from None
    if done.returncode != 0:
        raise BackupError(
            f"The backup is made, but BACKUP_HOOK failed: {reason(done.stderr or done.stdout)}."
        )


async def record_stream(catalog: Catalog, position: str, at: object) -> bool:
    """Note that all WAL up to a position, which the server had reached at `at`, is stored. False, and nothing noted, while
    it is not."""
    try:
        if not await has_received(catalog, position):
            return False
        await backup_status.record(received_at=at, free_bytes=free_bytes(catalog))
    except (Busy, Unavailable):
        return False
    return True


def close(catalog: Catalog) -> None:
    """End what a run leaves behind."""
    encryption.stop_agent(catalog.home)
