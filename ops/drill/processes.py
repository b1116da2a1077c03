"""The programs of the stack as processes: started, stopped, killed, awaited."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.embedded_files import Owner
from ops.drill.hosts import Host
from ops.drill.programs import PATH, find

POLL = 0.1  # seconds between two looks
RESTART_AFTER = 1.0  # seconds until an engine or systemd starts a process again that has ended


class DrillError(Exception):
    """The drill itself cannot go on. One sentence says why."""


def wait_until(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until a condition is true. Returns how many seconds that took. Raises `DrillError`."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise DrillError(f"{what}: not after {seconds:.0f} s.")
        time.sleep(POLL)
    return time.monotonic() - started


@dataclass(slots=True)
class Program:
    """One program of the stack, over all its starts. `owner` and `host` say as whom and where it runs."""

    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    host: Host | None = None
    owner: Owner | None = None
    directory: Path = Path("/")
    process: subprocess.Popen[bytes] | None = None
    is_wanted: bool = False  # it was started, and neither stopped nor killed since

    def start(self) -> None:
        """Start it."""
        command = list(self.command)
        if self.owner is not None:
            # Not Popen's own `user`: entering a host takes root.
            ids = [f"--reuid={self.owner.uid}", f"--regid={self.owner.gid}", "--clear-groups"]
            # Patroni's Python may lie where only root may look, as under /root.
            look = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
            command = [find("setpriv"), *ids, *look, "--", *command]
        if self.host is not None:
            command = [*self.host.inside(), *command]
        environment = {"PATH": PATH, "LANG": "C.UTF-8", **self.environment}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.directory,
                start_new_session=True,
            )
        self.is_wanted = True

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id. Raises `DrillError` when it does not run."""
        if self.process is None or self.process.poll() is not None:
            raise DrillError(f"{self.name} does not run; its log ends with: {self.last_words()}.")
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def stop(self, seconds: float = 40) -> None:
        """Ask it to end, and wait until it has. Raises `DrillError` when it does not."""
        self.is_wanted = False
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self._await_end(seconds)

    def kill(self) -> None:
        """Kill it and its workers, as an engine or systemd does with what is left of a service."""
        self.is_wanted = False
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self._await_end(10)

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()
        return lines[-1][-300:] if lines else "nothing"

    def _await_end(self, seconds: float) -> None:
        assert self.process is not None
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise DrillError(f"{self.name} did not end within {seconds:.0f} s.") from None


def keep_running(programs: Callable[[], Sequence[Program]]) -> None:
    """Start again, for ever, what has ended without being stopped or killed."""
    while True:
        time.sleep(RESTART_AFTER)
        for program in programs():
            if program.is_wanted and not program.is_running:
                program.start()


def run(command: Sequence[str], environment: Mapping[str, str] | None = None, *, seconds: float = 60) -> str:
    """The output of a command that ends by itself. Raises `DrillError` with the end of what it printed."""
    environment = {"PATH": PATH, "LANG": "C.UTF-8", **(environment or {})}
    try:
        done = subprocess.run(
            list(command), env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise DrillError(f"{Path(command[0]).name} did not end within {seconds:.0f} s.") from None
    if done.returncode:
        words = " ".join((done.stdout + done.stderr).split())[-600:]
        raise DrillError(f"{Path(command[0]).name} failed with {done.returncode}: {words}")
    return done.stdout
