"""Backups of the drill: the process that makes them, on a small volume of its own, and servers on restored files."""

import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from ops.drill.drill import Drill, Measured
from ops.drill.processes import DrillError, Program, wait_until
from ops.drill.programs import find
from ops.drill.stack import EMERALD, is_open

VOLUME, PORT = "700m", 5499
RESTORE_TIMEOUT = 300.0  # seconds


class Backups:
    """The volume and the process."""

    def __init__(self, drill: Drill) -> None:
        self.drill, self.volume = drill, drill.folder / "volume"
        self.filler = self.volume / "filler"
        self.settings = {
            "BACKUP_DIR": str(self.volume / "backups"),
            "BACKUP_PASSPHRASE": secrets.token_hex(32),
            "BACKUP_DATABASE_URL": drill.stack.address("backup"),
        }

    def start(self) -> None:
        """Mount the volume and start the process, unless an earlier try did, and wait for its first backup."""
        stack = self.drill.stack
        if "backup" not in stack.programs:
            self.volume.mkdir()
            size = f"size={VOLUME},mode=700"
            subprocess.run([find("mount"), "-t", "tmpfs", "-o", size, "none", str(self.volume)], check=True)
            log = self.drill.folder / "logs" / "backup"
            stack.programs["backup"] = Program("backup", [*EMERALD, "backup", "--daily"], log)
            stack.programs["backup"].environment = stack.environment(**self.settings)
            stack.programs["backup"].start()
        database = self.drill.stack.database
        made = "SELECT count(backed_up_at) FROM backup_status"
        wait_until(lambda: self.drill.cluster.psql(made, database=database) != "0", 240, "A first backup")

    def run(self, *arguments: str) -> str:
        """Run one command about backups; what it printed. Raises `DrillError` with its sentence."""
        return self.drill.stack.emerald(*arguments, seconds=RESTORE_TIMEOUT, **self.settings)

    def fill_volume(self) -> None:
        """Take all of its room."""
        # Without a buffer: what does not fit must not be written later.
        with self.filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"x" * 100_000)

    def await_received(self, position: str) -> None:
        """Wait until the WAL up to a position of the primary is stored; after a fail-over the process looks once a minute whether
        it still receives."""
        received = "SELECT count(*) FROM pg_replication_slots JOIN pg_stat_replication ON pid = active_pid"
        received += f" WHERE slot_name = 'emerald_backup' AND write_lsn >= '{position}'"
        wait_until(lambda: self.drill.cluster.psql(received) == "1", 150, "The WAL of the moment")

    def restore(self, to: float | None) -> tuple[Program, Path]:
        """A server on restored files, as of a Unix time or as late as there is WAL, once it can be written."""
        into = self.drill.folder / f"restored-{time.time_ns()}"
        moment = [] if to is None else ["--to", datetime.fromtimestamp(to, UTC).isoformat()]
        self.run("restore", "--into", str(into), *moment)
        owner = self.drill.cluster.owner
        for path in (into, *into.rglob("*")):
            os.chown(path, owner.uid, owner.gid, follow_symlinks=False)
        settings = {
            "port": str(PORT),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(into),
            # Those of the cluster that was lost would be waited for at each commit.
            "synchronous_standby_names": "",
        }
        command = [str(self.drill.engine.programs / "postgres"), "-D", str(into)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        log = self.drill.folder / "logs" / "restored"
        server = Program("The restored server", command, log, owner=owner, directory=into)
        server.start()
        wait_until(lambda: server.pid and self._is_writable(), RESTORE_TIMEOUT, "The restored server")
        return server, into

    @property
    def restored_url(self) -> str:
        """The restored database, for its superuser."""
        password = self.drill.cluster.passwords["superuser"]
        return f"postgresql://postgres:{password}@127.0.0.1:{PORT}/{self.drill.stack.database}"

    def _is_writable(self) -> bool:
        if not is_open(PORT):
            return False
        try:
            return self.drill.query(self.restored_url, "SELECT pg_is_in_recovery()") == "f"
        except DrillError:
            return False

    def measure(self, to: float | None, until: float) -> Measured:
        """Restore, as of a Unix time or as late as there is WAL; how long that took until everything was counted again."""
        begun = time.monotonic()
        server, into = self.restore(to)
        self.drill.stack.emerald(
            "doctor", "--invariants", "--database-only", DATABASE_URL=self.restored_app_url
        )
        measured = Measured(time.monotonic() - begun, self.drill.held(self.restored_url), until)
        server.stop()
        shutil.rmtree(into)
        return measured

    @property
    def restored_app_url(self) -> str:
        """The restored database, for the application."""
        app = self.drill.stack.address("app").split("@")[0]
        return f"{app}@127.0.0.1:{PORT}/{self.drill.stack.database}"


@contextmanager
def with_backups(drill: Drill) -> Iterator[None]:
    """There are backups, from now on."""
    if drill.backups is None:
        drill.backups = Backups(drill)
    drill.backups.start()
    yield
