"""Barman's catalogue of our backups: its configuration, and calls of its commands (decision 0044).

Barman is a program of its own. Passwords and the passphrase reach it by its environment and stand in no file.
"""

import configparser
import io
import json
import os
import pwd
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.backup_settings import BackupSettings
from backend.database_address import DatabaseAddress
from backend.embedded_files import reason
from backend.settings import settings
from emerald.backups import encryption
from emerald.backups.errors import BackupError
from emerald.backups.programs import find_barman, find_program, newest_programs, postgres_programs

SERVER = "emerald"
SLOT = "emerald_backup"  # the replication slot: the server keeps the WAL that we have not received
LOG_MAX = 5_000_000  # bytes
RECEIVER_START = 10.0  # seconds
FAULT = re.compile(r"^(?:ERROR|EXCEPTION|CRITICAL): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Backup:
    """One base backup."""

    id: str
    ended_at: datetime
    size: int  # bytes
    encrypted: bool
    kept: bool  # kept beyond the retention, as the weekly one


def database_address() -> DatabaseAddress:
    """The address that backups are taken from; its role may replicate."""
    return settings.backups.database or settings.database


class Catalog:
    """The catalogue in a directory."""

    def __init__(self, wanted: BackupSettings, address: DatabaseAddress) -> None:
        self.settings, self.address = wanted, address
        self.home = wanted.directory
        self.program = find_barman(wanted.barman)
        find_program("rsync")  # which Barman copies with

    def prepare(self, *, server_major: int | None = None) -> None:
        """Make the directories and write the configuration. Raises `BackupError`.

        `server_major` is None where no server is asked, as when the database is lost.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in ("locks", "conf.d", "staging"):
                (self.home / name).mkdir(exist_ok=True, mode=0o700)
            log = self.home / "barman.log"
            if log.exists() and log.stat().st_size > LOG_MAX:
                log.replace(self.home / "barman.log.1")
            if self.settings.passphrase:
                encryption.prepare(self.home, self.settings.passphrase)
            self._configuration.write_text(self._configured(server_major))
        except OSError as error:
            raise BackupError(
                f"Backups cannot be written to {self.home}: {(error.strerror or str(error)).lower()}."
                " Set BACKUP_DIR to a directory this user can write to."
            ) from error

    @property
    def _configuration(self) -> Path:
        return self.home / "barman.conf"

    def _configured(self, server_major: int | None) -> str:
        needed = ("pg_basebackup", "pg_receivewal")
        programs = postgres_programs(server_major, *needed) if server_major else newest_programs(*needed)
        try:
            user = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            raise BackupError("Barman needs a user with a name: this one has only a number.") from None
        configuration = configparser.ConfigParser(interpolation=None)
        configuration["barman"] = {
            "barman_user": user,
            "barman_home": str(self.home),
            "barman_lock_directory": f"{self.home}/locks",
            "configuration_files_directory": f"{self.home}/conf.d",
            "log_file": f"{self.home}/barman.log",
            "log_level": "WARNING",
        }
        configuration[SERVER] = {
            "description": "Emerald",
            "conninfo": conninfo(self.address),
            "streaming_conninfo": conninfo(self.address),
            "backup_method": "postgres",
            "backup_compression": "gzip",
            "backup_compression_format": "tar",
            "immediate_checkpoint": "true",
            "streaming_archiver": "on",
            "slot_name": SLOT,
            "create_slot": "auto",
            "compression": "gzip",
            "path_prefix": str(programs),
            "staging_path": f"{self.home}/staging",
            "staging_location": "local",
            "retention_policy": f"RECOVERY WINDOW OF {self.settings.keep_days} DAYS",
            "minimum_redundancy": "1",
        }
        if self.settings.passphrase:
            configuration[SERVER].update(
                {
                    "encryption": "gpg",
                    "encryption_key_id": encryption.KEY,
                    "encryption_passphrase_command": f"printenv {encryption.VARIABLE}",
                }
            )
        written = io.StringIO()
        configuration.write(written)
        return written.getvalue()

    def environment(self) -> dict[str, str]:
        """The environment of Barman and all that it starts."""
        given = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        given["GNUPGHOME"] = str(encryption.directory(self.home))
        if "TMPDIR" in os.environ:
            given["TMPDIR"] = os.environ["TMPDIR"]
        if self.address.password:
            given["PGPASSWORD"] = self.address.password
        if self.settings.passphrase:
            given[encryption.VARIABLE] = self.settings.passphrase
        return given

    def call(self, *arguments: str, timeout: float | None = None) -> str:
        """Run one command of Barman. Returns its output. Raises `BackupError`."""
        try:
            done = self._run(*arguments, timeout=timeout)
        except subprocess.TimeoutExpired:
            raise BackupError(f"`barman {arguments[0]}` did not end within {timeout:.0f} s.") from None
        if done.returncode != 0:
            printed = done.stdout + done.stderr
            faults = FAULT.findall(printed)
            raise BackupError(f"`barman {arguments[0]}` failed: {faults[-1] if faults else reason(printed)}.")
        return done.stdout

    def _run(self, *arguments: str, timeout: float | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.program), "-c", str(self._configuration), *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=self.home,
            check=False,
        )

    def backups(self) -> list[Backup]:
        """The finished base backups, newest first. Raises `BackupError`."""
        output = self.call("-f", "json", "list-backups", SERVER)
        listed = json.loads(output).get(SERVER, []) if output.strip() else []
        found = []
        for entry in listed:
            if entry.get("status") == "DONE":
                ended = datetime.fromtimestamp(int(entry["end_time_timestamp"]), UTC)
                kept = str(entry.get("retention_status", "")).startswith("KEEP")
                found.append(
                    Backup(
                        entry["backup_id"],
                        ended,
                        int(entry["size_bytes"]),
                        self._is_encrypted(entry["backup_id"]),
                        kept,
                    )
                )
        return sorted(found, key=lambda backup: backup.id, reverse=True)

    def _is_encrypted(self, backup_id: str) -> bool:
        return any((self.directory / "base" / backup_id / "data").glob("*.gpg"))

    @property
    def directory(self) -> Path:
        """Where Barman stores this server’s base backups and WAL."""
        return self.home / SERVER

    def problems(self) -> list[str]:
        """What `barman check` finds wrong: name of the check, and hint."""
        done = self._run("-f", "json", "check", SERVER)
        try:
            checks: dict[str, Any] = json.loads(done.stdout)[SERVER]
        except (ValueError, KeyError):
            raise BackupError(f"`barman check` failed: {reason(done.stdout + done.stderr)}.") from None
        return [
            f"{name}: {result.get('hint') or 'failed'}"
            for name, result in checks.items()
            if isinstance(result, dict) and result.get("status") == "FAILED"
        ]

    def is_receiving(self) -> bool:
        """Whether a process receives the server's WAL: it holds Barman's lock."""
        lock = self.home / "locks" / f".{SERVER}-receive-wal.lock"
        try:
            pid = int(lock.read_text().strip() or 0)
            os.kill(pid, 0)
        except (OSError, ValueError):
            return False
        return pid > 0

    def begin_receiving(self) -> None:
        """Have a process receive the server's WAL, unless one does, and do what Barman does each minute.

        Barman starts that process and does not wait for it: on a busy machine it holds its lock only later, and
        would not be found until then. One that cannot start is waited for `RECEIVER_START` seconds.
        """
        self.call("cron")
        deadline = time.monotonic() + RECEIVER_START
        while not self.is_receiving() and time.monotonic() < deadline:
            time.sleep(0.05)

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Receive the server's WAL meanwhile, and go on when another process of ours does so anyway."""
        was_receiving = self.is_receiving()
        try:
            self.begin_receiving()
            yield
        finally:
            if not was_receiving:
                self.stop_receiving()

    def stop_receiving(self) -> None:
        """End the process that receives the WAL. The server keeps what comes until the next one."""
        if self.is_receiving():
            self.call("receive-wal", "--stop", SERVER)
        encryption.stop_agent(self.home)

    def reset_stream(self) -> None:
        """Begin to receive anew, after the server has dropped WAL that was not received."""
        self.stop_receiving()
        self.call("receive-wal", "--drop-slot", SERVER)
        self.call("receive-wal", "--create-slot", SERVER)
        self.call("receive-wal", "--reset", SERVER)


def conninfo(address: DatabaseAddress) -> str:
    """The address in libpq's own form, without the password."""
    pieces = {
        "host": ",".join(host for host, _ in address.hosts),
        "port": ",".join(str(port) for _, port in address.hosts),
        "user": address.user,
        "dbname": address.database,
        "sslmode": address.sslmode,
        "sslrootcert": address.sslrootcert,
        "sslcert": address.sslcert,
        "sslkey": address.sslkey,
        "passfile": address.passfile,
        "target_session_attrs": address.target_session_attrs
        or ("read-write" if len(address.hosts) > 1 else ""),
    }
    return " ".join(f"{name}={_quoted(value)}" for name, value in pieces.items() if value)


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w./:@,-]+", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
