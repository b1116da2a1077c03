"""`emerald backup`, `emerald verify-backup` and `emerald restore`."""

from datetime import datetime
from pathlib import Path

import click

from backend import db
from backend.settings import settings
from emerald.backups.catalog import Catalog, database_address
from emerald.backups.create import close, make_backup, megabytes
from emerald.backups.daily import keep_backups
from emerald.backups.dumps import load_dump
from emerald.backups.errors import BackupError
from emerald.backups.restore import restore_into
from emerald.backups.verify import verify_backup as verify
from emerald.commands.moments import parse_instant
from emerald.log import configure, log_start
from emerald.runtime import complete, database, result_of, result_with_pool


@click.command
@click.option(
    "--daily", is_flag=True, help="Keep running: receive the WAL, back up each day, verify each week."
)
@click.option("--list", "show", is_flag=True, help="Only list the backups that there are.")
def backup(daily: bool, show: bool) -> int:
    """Back the database up now, and check that its WAL arrives.

    The backups lie in BACKUP_DIR, made by Barman, and encrypted when BACKUP_PASSPHRASE is set. docs/BACKUPS.md goes
    through backups, restores and what else there is.
    """
    catalog = Catalog(settings.backups, database_address())
    if show:
        return _list(catalog)
    with database(needs_nothing_else=True):
        if daily:
            main(catalog)
            return 0
        try:
            report = result_with_pool("emerald backup", lambda: make_backup(catalog))
        finally:
            close(catalog)
    made = report.backup
    if report.stream_was_reset:
        print("The server had dropped WAL before it was received: moments before this backup may be missing.")
    secret = "encrypted" if made.encrypted else "NOT encrypted: set BACKUP_PASSPHRASE"
    print(f"Backup {made.id}: {megabytes(made.size)}, {secret}, in {catalog.directory}.")
    if report.removed:
        print(f"Removed, as too old: {report.removed}.")
    return 0


def main(catalog: Catalog | None = None) -> None:
    """Keep backups until SIGINT or SIGTERM."""
    configure("backup")
    log_start()
    chosen = catalog or Catalog(settings.backups, database_address())

    async def run() -> None:
        await db.open_pool(name="emerald-backup", size=2)
        try:
            await keep_backups(chosen)
        finally:
            await db.close_pool()

    complete(run)


def _list(catalog: Catalog) -> int:
    try:
        catalog.prepare()
        found = catalog.backups()
    finally:
        close(catalog)
    for one in found:
        notes = [megabytes(one.size), "encrypted" if one.encrypted else "not encrypted"]
        notes += ["kept for its week"] if one.kept else []
        print(f"{one.id}  {one.ended_at:%Y-%m-%d %H:%M:%S} UTC  {', '.join(notes)}")
    if not found:
        print(f"There is no backup in {catalog.directory}.")
    return 0


@click.command
def verify_backup() -> int:
    """Restore the newest backup into a throw-away server and count every seat again.

    The moment is recorded, and shown by /metrics.
    """
    catalog = Catalog(settings.backups, database_address())
    with database(needs_nothing_else=True):
        try:
            catalog.prepare()
            done = result_with_pool("emerald verify-backup", lambda: verify(catalog))
        finally:
            close(catalog)
    newest = f"{done.newest_change:%Y-%m-%d %H:%M:%S} UTC" if done.newest_change else "none"
    print(
        f"Backup {done.backup.id} was restored in {done.seconds:.0f} s and is consistent:"
        f" {done.bookings:,} bookings, newest change {newest}."
    )
    return 0


@click.command
@click.argument("dump", required=False, type=click.Path(path_type=Path))
@click.option(
    "--to", "moment", help="The moment to go back to, like 2026-12-01T18:00+02:00; UTC without an offset."
)
@click.option("--into", type=click.Path(path_type=Path), help="A new directory for the server’s files.")
@click.option(
    "--backup", "backup_id", default="", help="The backup to begin with, as `backup --list` names it."
)
@click.option("--replace", is_flag=True, help="Let a dump take the place of a database that has tables.")
def restore(dump: Path | None, moment: str | None, into: Path | None, backup_id: str, replace: bool) -> int:
    """Restore the database: from the backups, as it was at a moment, or from a dump of pg_dump.

    `restore --into DIR` writes the files of a server, as late as there is WAL or as they were at --to. It changes
    nothing else: start a server on the files, or move them where the database's were.

    `restore DUMP` loads the output of pg_dump (plain, gzip or -Fc) into a new database, all of it or nothing, and
    gives that the name of ours. A database that has tables is replaced with --replace only, and kept under another
    name.
    """
    if (dump is None) == (into is None):
        raise click.UsageError("Name a dump, or a directory with --into.")
    if dump is not None:
        if moment or backup_id:
            raise click.UsageError("A dump is as of one moment: --to and --backup are for --into.")
        with database(needs_nothing_else=True):
            loaded = result_of(
                lambda: load_dump(
                    dump, database_address(), settings.database.database, replace_existing=replace
                )
            )
        print(f"{dump} is now the database {loaded.database}.")
        if loaded.former:
            print(f"The database before is kept as {loaded.former}; drop it when all is well.")
        print(
            "Next: `emerald migrate`, `emerald create-roles` if you use roles, and `emerald doctor --invariants`."
        )
        return 0
    assert into is not None
    return _restore_files(into, _moment(moment), backup_id)


def _restore_files(into: Path, to: datetime | None, backup_id: str) -> int:
    catalog = Catalog(settings.backups, database_address())
    try:
        catalog.prepare()
        restored = restore_into(catalog, into.absolute(), to=to, backup_id=backup_id)
    finally:
        close(catalog)
    until = f"as of {to:%Y-%m-%d %H:%M:%S} UTC" if to else "as late as there is WAL"
    print(
        f"{restored.directory}: the files of a PostgreSQL {restored.major}, from backup {restored.backup.id}, {until}."
    )
    print(
        "Give them to the server’s user, and start it on them: it replays what is missing, and answers then."
    )
    return 0


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text, "UTC")
    except (ValueError, OverflowError):
        raise BackupError(
            "Write --to like this: 2026-12-01T18:00:00, in UTC, or with an offset: …+02:00."
        ) from None
