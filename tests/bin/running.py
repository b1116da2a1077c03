"""A real `bin/run` for the tests: started, read line by line, and checked for leftovers."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds for one line; a first start makes a database on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """One `bin/run` with its own home and ports."""

    def __init__(self, home: Path, port: int, sandbox_port: int, *arguments: str, **environ: str) -> None:
        self.home, self.port, self.sandbox_port = home, port, sandbox_port
        self.lines: list[str] = []
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"EMERALD_HOME": str(home), "PORT": str(port), "SANDBOX_PORT": str(sandbox_port)}
        self.process = subprocess.Popen(
            [ROOT / "bin" / "run", *arguments],
            env={**kept, **own, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # In a session of its own, as in a terminal.
            start_new_session=True,
        )

    def wait_for(self, word: str) -> str:
        """Read until a line contains this word. Returns the line."""
        assert self.process.stdout
        deadline = time.monotonic() + PATIENCE
        for line in self.process.stdout:
            self.lines.append(line)
            if word in line:
                return line
            assert time.monotonic() < deadline, self.output
        raise AssertionError(f"it ended without saying {word!r}:\n{self.output}")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it as Ctrl-C does, with a signal to the whole group. Returns the exit code."""
        os.killpg(self.process.pid, number)
        return self.rest()

    def rest(self) -> int:
        """Read to its end. Returns the exit code."""
        assert self.process.stdout
        self.lines += self.process.stdout.readlines()
        return self.process.wait(PATIENCE)

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def get(self, path: str) -> int:
        """The status of the web server's answer."""
        return status(self.port, path)

    def await_pids(self, name: str) -> list[int]:
        """Its processes of this name, as soon as there are any."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.pids(name)):
            assert time.monotonic() < deadline, f"no {name}:\n{self.output}"
            time.sleep(0.02)
        return found

    def pids(self, name: str = "") -> list[int]:
        """Its processes that live now, or the one `ps` shows by that name; the database's among them."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if not entry.name.isdecimal() or " Z " in (entry / "stat").read_text().rpartition(")")[2][:3]:
                    continue
                mine = f"EMERALD_HOME={self.home}".encode() in (entry / "environ").read_bytes().split(b"\0")
                database = str(self.home).encode() + b"/" in (entry / "cmdline").read_bytes()
                if (mine or database) and name in (entry / "comm").read_text():
                    found.append(int(entry.name))
        return found


def status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


@contextlib.contextmanager
def own_home() -> Iterator[Path]:
    """A home in /tmp, reachable by the database's user, with nothing left in it that runs."""
    home = Path(tempfile.mkdtemp(prefix="emerald-home-", dir="/tmp"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running(home: Path, *arguments: str, **environ: str) -> Iterator[Running]:
    """`bin/run` with these arguments, ended at the end whatever happens."""
    one = Running(home, free_port(), free_port(), *arguments, **environ)
    try:
        yield one
    finally:
        if one.process.poll() is None:
            os.killpg(one.process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(30)
        for pid in one.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if one.process.stdout:
            one.process.stdout.close()
