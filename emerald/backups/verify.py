"""`emerald verify-backup`: restore the newest backup, start a server on it, and count everything again."""

import asyncio
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg

from backend import backup_status, clock, db
from backend.embedded_files import owner_of
from backend.operations import Operation, record_run
from backend.settings import settings
from emerald.backups.catalog import Backup, Catalog
from emerald.backups.errors import BackupError
from emerald.backups.restore import restore_into
from emerald.backups.throwaway import server_on

CHECK_TIMEOUT = 3600.0  # seconds
# The newest change of a seat or of the messages, which there is one of with nearly every change.
NEWEST = """
SELECT greatest((SELECT max(at) FROM event_participation_log), (SELECT max(created_at) FROM messages))
"""


@dataclass(frozen=True, slots=True)
class Verified:
    """A backup that was restored and found consistent."""

    backup: Backup
    newest_change: datetime | None
    bookings: int
    seconds: float


async def verify_backup(catalog: Catalog) -> Verified:
    """Restore the newest backup with all WAL that is stored, run the checks of `emerald doctor --invariants` on it, and
    record the moment. Raises `BackupError`, and records it."""
    started = clock.now()
    try:
        verified = await asyncio.to_thread(_verify, catalog)
    except BackupError as error:
        await backup_status.record_failure(f"verify-backup: {error}")
        raise
    now = clock.now()
    await backup_status.record(
        verified_at=now, verified_until=verified.newest_change, error="", failed_at=None
    )
    await record_run(Operation.VERIFIED_RESTORE, finished_at=now)
    return Verified(
        verified.backup, verified.newest_change, verified.bookings, (now - started).total_seconds()
    )


def _verify(catalog: Catalog) -> Verified:
    # PostgreSQL never runs as root, and its own user may not enter the backups.
    place = Path("/var/lib/emerald") if owner_of(Path("/nonexistent")).is_other else catalog.home
    place.mkdir(parents=True, exist_ok=True)
    with (place / "verify.lock").open("a") as lock:
        # One at a time, so that whatever lies there is of a run that was killed. Its server ends when it finds its files gone.
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in place.glob("verify-*"):
            shutil.rmtree(left, ignore_errors=True)
        return _verify_in(Path(tempfile.mkdtemp(prefix="verify-", dir=place)), catalog)


def _verify_in(where: Path, catalog: Catalog) -> Verified:
    where.chmod(0o711)
    try:
        restored = restore_into(catalog, where / "data")
        address = settings.database
        with server_on(restored.directory, user=address.user, database=address.database) as url:
            _check(url)
            newest, bookings = asyncio.run(_look(url))
        return Verified(restored.backup, newest, bookings, 0.0)
    finally:
        shutil.rmtree(where, ignore_errors=True)


async def _look(url: str) -> tuple[datetime | None, int]:
    with db.translate_errors():
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchval(NEWEST), await connection.fetchval(
                "SELECT count(*) FROM bookings"
            )
        finally:
            await connection.close()


def _check(url: str) -> None:
    """The checks of `emerald doctor` in a process of its own, whose database is the restored one."""
    names = (
        "DATABASE_URL_FILE",
        "POSTGRES_HOST",
        "POSTGRES_PORT",
        "POSTGRES_USER",
        "POSTGRES_PASSWORD",
        "POSTGRES_DB",
    )
    dropped = {*names, *(f"{name}_FILE" for name in names)}
    environment = {name: value for name, value in os.environ.items() if name not in dropped}
    command = [sys.executable, "-m", "emerald", "doctor", "--invariants", "--database-only"]
    done = subprocess.run(
        command,
        env={**environment, "DATABASE_URL": url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=CHECK_TIMEOUT,
    )
    if done.returncode != 0:
        found = (done.stdout or done.stderr).strip().splitlines()
        raise BackupError(f"The restored database is not consistent: {' '.join(found[:5])}")
