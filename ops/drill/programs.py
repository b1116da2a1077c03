"""The programs the drill runs, and which of them are missing."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from backend import embedded_files

# Programs outside of Python, and the Debian packages they come with.
PACKAGES = {
    "etcd": "etcd-server",
    "haproxy": "haproxy",
    "pgbouncer": "pgbouncer",
    "nginx": "nginx-light",
    "openssl": "openssl",
    "ip": "iproute2",
    "bridge": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "git": "git",
    # What Barman needs.
    "rsync": "rsync",
    "file": "file",
    "gpg": "gnupg",
}
PATH = os.pathsep.join(("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"))
DEBIAN = "/usr/lib/postgresql"
# What the drill does inside: namespaces, a bridge and a mount.
TRIAL = "ip link add trial type bridge && mount -t tmpfs none /mnt"


@dataclass(frozen=True, slots=True)
class Engine:
    """The PostgreSQL that is drilled: its major version and the directory of its programs."""

    version: str
    programs: Path


def find(name: str) -> str:
    """Where a program is. Raises `FileNotFoundError`."""
    found = shutil.which(name, path=PATH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def engine(name: str) -> Engine:
    """Debian's PostgreSQL, or the embedded one. Raises `FileNotFoundError` and `EmbeddedError`."""
    if name == "embedded":
        programs = embedded_files.binaries(embedded_files.owner_of(Path("/nonexistent")))
    else:
        made = sorted(Path(DEBIAN).glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        if not made:
            raise FileNotFoundError(f"{DEBIAN}/15/bin/postgres")
        programs = made[0].parent
    return Engine(embedded_files.version(programs), programs)


def obstacle(engines: Sequence[str]) -> str:
    """Why this machine cannot run the drill, in one sentence; "" when it can."""
    if os.geteuid() != 0:
        return "The drill needs root: it makes network namespaces, each of which is one host."
    missing = {PACKAGES[name] for name in PACKAGES if shutil.which(name, path=PATH) is None}
    if "debian" in engines and not list(Path(DEBIAN).glob("*/bin/postgres")):
        missing.add("postgresql")
    if missing:
        return f"The drill needs programs that are missing: apt install {' '.join(sorted(missing))}."
    if importlib.util.find_spec("patroni") is None:
        return "The drill needs Patroni, which requirements-dev.lock installs."
    command = [find("unshare"), "--net", "--mount", "--pid", "--fork", "sh", "-c", TRIAL]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return "The drill needs network and mount namespaces, which this machine does not allow."
    return ""
