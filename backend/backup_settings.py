"""The settings of backups, which only the process that makes them needs."""

import re
import shlex
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from backend.database_address import BadAddress, DatabaseAddress
from backend.variables import Variables

TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
PASSPHRASE_MIN = 16  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupSettings:
    """Where backups go, how long they are kept, and what encrypts them. The passphrase is not part of its
    repr."""

    directory: Path
    is_set: bool  # a directory was named, so `emerald run` keeps backups too
    database: DatabaseAddress | None  # of a role that may replicate; None is the application's
    passphrase: str = field(repr=False)  # "" leaves backups unencrypted
    at: time  # of the daily backup, in `zone`
    zone: str
    keep_days: int
    keep_weeks: int
    verify_days: int  # how often a backup is restored to see whether it can be
    hook: tuple[str, ...]  # a command that copies the backups elsewhere
    barman: str  # the program; "" looks for it


def read_backup_settings(variables: Variables, home: Path) -> BackupSettings:
    """Read the variables `BACKUP_…`, and record their faults."""
    named = variables.text("BACKUP_DIR")
    directory = Path(named).expanduser() if named else home / "backups"
    if not directory.is_absolute():
        variables.fault("BACKUP_DIR must be an absolute path, like /backups.")
        directory = Path("/nonexistent")
    passphrase = variables.text("BACKUP_PASSPHRASE")
    if passphrase and len(passphrase) < PASSPHRASE_MIN:
        variables.fault(
            f"BACKUP_PASSPHRASE must have at least {PASSPHRASE_MIN} characters; `openssl rand -hex 32` makes one."
        )
    elif passphrase and not passphrase.isprintable():
        variables.fault("BACKUP_PASSPHRASE must be one line of printable characters.")
    at = variables.matching("BACKUP_AT", TIME, "a time of the day, like 02:00") or "02:00"
    zone = variables.text("BACKUP_ZONE", "UTC")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        variables.fault("BACKUP_ZONE must be a time zone, like Europe/Helsinki.")
        zone = "UTC"
    try:
        hook = tuple(shlex.split(variables.text("BACKUP_HOOK")))
    except ValueError:
        variables.fault("BACKUP_HOOK must be a command; a quotation mark is missing.")
        hook = ()
    return BackupSettings(
        directory=directory,
        is_set=bool(named),
        database=_database(variables),
        passphrase=passphrase,
        at=time.fromisoformat(at),
        zone=zone,
        keep_days=variables.integer("BACKUP_KEEP_DAYS", 30, 1, 3650),
        keep_weeks=variables.integer("BACKUP_KEEP_WEEKS", 13, 0, 520),
        verify_days=variables.integer("BACKUP_VERIFY_DAYS", 7, 1, 365),
        hook=hook,
        barman=variables.text("BARMAN"),
    )


def _database(variables: Variables) -> DatabaseAddress | None:
    url = variables.text("BACKUP_DATABASE_URL")
    if not url:
        return None
    pieces = {
        "user": variables.text("POSTGRES_USER"),
        "password": variables.text("POSTGRES_PASSWORD"),
        "database": variables.text("POSTGRES_DB"),
    }
    try:
        return DatabaseAddress.from_url(url, pieces)
    except BadAddress as error:
        variables.fault(f"BACKUP_DATABASE_URL {error}.")
        return None
