"""A server on restored files, to look into them and to be thrown away."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from backend.embedded_files import ENVIRONMENT, launch, owner_of, reason
from emerald.backups.errors import BackupError
from emerald.backups.programs import postgres_programs

START_TIMEOUT = 4 * 3600.0  # seconds: all WAL of a day may have to be replayed
STOP_TIMEOUT = 60.0  # seconds
# Own settings and access rules: those of the restored server name users, certificates and libraries that are not here.
# Without hot_standby it asks for no more memory than it needs, and answers only once everything is replayed.
SETTINGS = """\
listen_addresses = ''
port = 5432
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
hba_file = '{sockets}/pg_hba.conf'
ident_file = '{sockets}/pg_ident.conf'
shared_buffers = 32MB
max_connections = 20
hot_standby = off
archive_mode = off
ssl = off
shared_preload_libraries = ''
synchronous_standby_names = ''
autovacuum = off
fsync = off
timezone = UTC
logging_collector = off
log_destination = stderr
"""
# ALTER SYSTEM on the server that was backed up must not undo these.
OVERRIDES = (
    "listen_addresses=",
    "port=5432",
    "shared_preload_libraries=",
    "ssl=off",
    "archive_mode=off",
    "hot_standby=off",
    "logging_collector=off",
    "log_destination=stderr",
    "synchronous_standby_names=",
    "shared_buffers=32MB",
    "max_connections=20",
    "fsync=off",
)


@contextmanager
def server_on(data: Path, *, user: str, database: str) -> Iterator[str]:
    """Start a server on restored files, wait until it has replayed its WAL, and yield its URL. Raises
    `BackupError`. The files cannot be used for anything else afterwards."""
    major = int((data / "PG_VERSION").read_text().strip())
    programs = postgres_programs(major, "postgres", "psql")
    owner = owner_of(Path("/nonexistent"))
    sockets = Path(tempfile.mkdtemp(prefix="emerald-verify-", dir="/tmp"))
    try:
        (sockets / "postgresql.conf").write_text(SETTINGS.format(sockets=sockets))
        (sockets / "pg_hba.conf").write_text("local all all trust\n")
        (sockets / "pg_ident.conf").write_text("")
        if owner.is_other:
            for path in (sockets, *sockets.iterdir(), data, *data.rglob("*")):
                shutil.chown(path, owner.uid, owner.gid)
        data.chmod(0o700)
        log = sockets / "log"
        command = [
            str(programs / "postgres"),
            "-D",
            str(data),
            "-c",
            f"config_file={sockets}/postgresql.conf",
        ]
        for option in (*OVERRIDES, f"unix_socket_directories={sockets}", f"hba_file={sockets}/pg_hba.conf"):
            command += ["-c", option]
        server = launch(command, log, owner)
        try:
            _await_ready(server, programs / "psql", sockets, log, user, database)
            yield f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={quote(str(sockets))}"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(STOP_TIMEOUT)
    finally:
        shutil.rmtree(sockets, ignore_errors=True)


def _await_ready(
    server: subprocess.Popen[bytes], psql: Path, sockets: Path, log: Path, user: str, database: str
) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    command = [
        str(psql),
        "-h",
        str(sockets),
        "-U",
        user,
        "-d",
        database,
        "-XAtqc",
        "SELECT pg_is_in_recovery()",
    ]
    while True:
        done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
        if done.returncode == 0 and done.stdout.strip() == "f":
            return
        if server.poll() is not None:
            cause = reason(log.read_bytes()[-4000:].decode("utf-8", "replace"))
            raise BackupError(f"The restored server does not start: {cause}.")
        if "does not exist" in done.stderr and "role" in done.stderr + "database":
            raise BackupError(f"The restored server lacks {user} or {database}: {reason(done.stderr)}.")
        if time.monotonic() > deadline:
            raise BackupError("The restored server does not answer.")
        time.sleep(0.1)
