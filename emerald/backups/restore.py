"""`emerald restore --into`: the files of a server as they were at a moment."""

import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from emerald.backups.catalog import SERVER, Backup, Catalog
from emerald.backups.errors import BackupError

WAL = "barman_wal"
SEGMENT = re.compile(r"[0-9A-F]{24}")
RELATIVE = re.compile(r"(?<=')(cp|rm -fr) (\S+)/barman_wal")


@dataclass(frozen=True, slots=True)
class Restored:
    """Files that a server can be started on."""

    directory: Path
    backup: Backup
    major: int  # version of PostgreSQL


def restore_into(
    catalog: Catalog, into: Path, *, to: datetime | None = None, backup_id: str = ""
) -> Restored:
    """Put the files of the server into a new directory: as they were at `to`, or as late as there is WAL.

    Raises `BackupError`. Nothing that exists is overwritten. A server that starts on the files replays the WAL that
    lies among them, in `barman_wal`, and needs nothing else.
    """
    if into.exists() and any(into.iterdir()):
        raise BackupError(f"{into} is not empty: name a new directory.")
    found = catalog.backups()
    backup = choose(found, to, backup_id)
    # The newest timeline: after a fail-over everything is on another than the backup's. What the restored server writes
    # begins one more, so it can never be taken for what the lost one wrote.
    arguments = ["restore", "--partial-wal", "--target-tli", "latest"]
    if to is not None:
        arguments += ["--target-time", to.astimezone(UTC).isoformat(sep=" "), "--target-action", "promote"]
    into.parent.mkdir(parents=True, exist_ok=True)
    try:
        # What has been received and not stored yet, such as the history of a timeline: the newest must be known.
        catalog.call("archive-wal", SERVER)
        catalog.call(*arguments, SERVER, backup.id, str(into))
        _add_received(catalog, into)
    except (BackupError, OSError):
        shutil.rmtree(into, ignore_errors=True)
        raise
    _make_movable(into)
    return Restored(into, backup, int((into / "PG_VERSION").read_text().strip()))


def choose(found: list[Backup], to: datetime | None, backup_id: str) -> Backup:
    """The backup to begin with: the one that is named, or the newest that was complete at `to`. Raises
    `BackupError`."""
    if not found:
        raise BackupError("There is no backup to restore from.")
    if backup_id:
        for backup in found:
            if backup.id == backup_id:
                return backup
        raise BackupError(f"There is no backup {backup_id}; there are {', '.join(one.id for one in found)}.")
    for backup in found:
        if to is None or backup.ended_at <= to:
            return backup
    raise BackupError(
        f"The oldest backup was complete at {found[-1].ended_at:%Y-%m-%d %H:%M:%S} UTC:"
        " no earlier moment can be restored."
    )


def _add_received(catalog: Catalog, into: Path) -> None:
    """Put the WAL that is still being received beside that which Barman copied. Barman adds the file that follows the last
    stored one on the same timeline; after a fail-over that is on the timeline of before."""
    (into / WAL).mkdir(exist_ok=True)
    for received in sorted((catalog.directory / "streaming").glob("*")):
        target = into / WAL / received.name.removesuffix(".partial")
        if SEGMENT.fullmatch(target.name) and not target.exists():
            try:
                shutil.copyfile(received, target)
            except FileNotFoundError:
                raise BackupError("More WAL was stored in this moment: restore again.") from None


def _make_movable(into: Path) -> None:
    """Let the restored server find its WAL wherever its files are moved to: a server works in its own
    directory."""
    file = into / "postgresql.auto.conf"
    file.write_text(RELATIVE.sub(r"\1 barman_wal", file.read_text()))
