"""The programs that backups need: Barman's, and PostgreSQL's of a given version."""

import contextlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from backend.embedded_files import ENVIRONMENT, EmbeddedError, binaries, owner_of
from emerald.backups.errors import BackupError

DEBIAN = Path("/usr/lib/postgresql")
# Where an installation of ours has Barman: in a virtual environment of its own inside ours, because its licence (GPL)
# allows to run it, not to import it into a program under another licence.
OWN_BARMAN = Path(sys.prefix) / "barman" / "bin" / "barman"
VERSION = re.compile(r"\) (\d+)")


def find_barman(named: str = "") -> Path:
    """The program `barman`. Raises `BackupError`."""
    if named:
        if not Path(named).is_file():
            raise BackupError(f"BARMAN names no program: {named}.")
        return Path(named)
    if OWN_BARMAN.is_file():
        return OWN_BARMAN
    found = shutil.which("barman")
    if found is None:
        raise BackupError(
            "Barman is not installed: docs/BACKUPS.md says how, or name it with BARMAN=/path/of/barman."
        )
    return Path(found)


def find_program(name: str) -> str:
    """A program of the system. Raises `BackupError`."""
    found = shutil.which(name)
    if found is None:
        raise BackupError(f"The program {name} is not installed (Debian: apt install rsync file gnupg).")
    return found


def postgres_programs(major: int, *needed: str) -> Path:
    """The directory with PostgreSQL's programs of this major version. Raises `BackupError`.

    PGBIN, the version that comes along and Debian's directories are looked at.
    """
    for directory in _candidates(major):
        if all((directory / name).is_file() for name in needed) and _major(directory / needed[0]) == major:
            return directory
    raise BackupError(
        f"The programs of PostgreSQL {major} are not here ({', '.join(needed)}):"
        f" install them (Debian: apt install postgresql-{major}), or set PGBIN to their directory."
    )


def newest_programs(*needed: str) -> Path:
    """The directory with the newest of PostgreSQL's programs that are here. Raises `BackupError`."""
    found = [directory for directory in _candidates() if all((directory / name).is_file() for name in needed)]
    if not found:
        raise BackupError(
            f"PostgreSQL's programs are not here: {', '.join(needed)}. Set PGBIN to their directory."
        )
    return max(found, key=lambda directory: _major(directory / needed[0]))


def _candidates(major: int | None = None) -> list[Path]:
    found = []
    with contextlib.suppress(EmbeddedError):  # a machine may have PostgreSQL's programs elsewhere
        found.append(binaries(owner_of(Path("/nonexistent"))))
    found += [path / "bin" for path in sorted(DEBIAN.glob(str(major or "*")), reverse=True)]
    return found


def _major(program: Path) -> int:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, env=ENVIRONMENT)
    found = VERSION.search(done.stdout)
    return int(found[1]) if found else 0
