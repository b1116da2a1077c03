"""The processes of `emerald run`: forked, watched, restarted when they end, and stopped in order (decision
0024)."""

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from emerald.errors import exit_code_of

STABLE_AFTER = 60.0  # seconds of running after which the restart pauses begin anew
RESTART_PAUSE_MAX = 30.0  # seconds
STOP_TIMEOUT = 15.0  # seconds a process has to finish after SIGTERM
POLL_INTERVAL = 0.1  # seconds
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """The supervisor is to stop: Ctrl-C, SIGTERM, or the terminal was closed."""


class Signals:
    """Raises `Stop` at the first signal. A second one, while stopping, sets `hurry`: do not wait."""

    def __init__(self) -> None:
        self.listening = True
        self.asked = (
            False  # also checked in loops: Python drops an exception that is raised inside a finaliser
        )
        self.hurry = False
        for number in STOP_SIGNALS:
            signal.signal(number, self._received)

    def _received(self, _: int, __: FrameType | None) -> None:
        if self.listening:
            self.listening, self.asked = False, True
            raise Stop
        self.hurry = True


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """Block the stop signals, where one in the middle would leave a process that is recorded nowhere."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Lifeline:
    """A pipe that only the supervisor holds open. However the supervisor ends, its processes read the end of
    the pipe and end too."""

    def __init__(self) -> None:
        self.read_end, self._held = os.pipe()

    def close_supervisor_end(self) -> None:
        """Called in a forked process: while it holds the supervisor's end, no process sees the pipe close."""
        os.close(self._held)

    def end_with_supervisor(self) -> None:
        """End this process when the supervisor ends: by SIGTERM, and after `STOP_TIMEOUT` by SIGKILL."""

        def wait() -> None:
            os.read(self.read_end, 1)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(STOP_TIMEOUT)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=wait, name="lifeline", daemon=True).start()


def fork(name: str, work: Callable[[], int | None], lifeline: Lifeline) -> int:
    """Run `work` in a new process with its own process group. Returns its id. `ps` shows it as
    emerald-`name`.

    Its exit code is what `work` returns. An expected error is printed as a sentence.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        # Set on both sides, so that neither runs before it is set.
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        with contextlib.suppress(OSError):
            Path("/proc/self/comm").write_text(f"emerald-{name}")
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        # A process of a background group that reads from the terminal is stopped.
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        lifeline.close_supervisor_end()
        code = exit_code_of(work)
    except SystemExit as request:
        code = request.code if isinstance(request.code, int) else 1
    except BaseException:  # noqa: BLE001 - nothing above catches it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: the exit handlers of the supervisor must not run here.
        os._exit(code)


class Process:
    """One of the processes, over all its restarts."""

    def __init__(self, name: str, work: Callable[[], int | None], lifeline: Lifeline) -> None:
        self.name, self.work, self.lifeline = name, work, lifeline
        self.pid: int | None = None
        self.code = 0  # of its last end; a negative number is a signal
        self.failures = 0  # times in a row that it ended soon after its start
        self._started_at = self._next_start_at = 0.0

    def start(self) -> None:
        """Fork it."""

        def work() -> int | None:
            self.lifeline.end_with_supervisor()
            return self.work()

        self._started_at = time.monotonic()
        with signals_blocked():
            self.pid = fork(self.name, work, self.lifeline)

    def ended(self) -> bool:
        """Whether it has ended since its start. True once for each end."""
        if self.pid is None:
            return False
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.pid, self.code = None, os.waitstatus_to_exitcode(status)
        now = time.monotonic()
        self.failures = 1 if now - self._started_at > STABLE_AFTER else self.failures + 1
        self._next_start_at = now + self.pause()
        return True

    def pause(self) -> float:
        """Seconds to wait before the next start: longer each time it ends soon."""
        return float(min(RESTART_PAUSE_MAX, 2 ** (self.failures - 1)))

    def is_due(self) -> bool:
        """Whether it has ended and its pause is over."""
        return self.pid is None and self.failures > 0 and time.monotonic() >= self._next_start_at

    def stop(self, signals: Signals) -> None:
        """End it by SIGTERM, then by SIGKILL, with everything in its process group."""
        if self.pid is None:
            return
        group, deadline = self.pid, time.monotonic() + STOP_TIMEOUT
        os.kill(self.pid, signal.SIGTERM)
        while not self.ended():
            if signals.hurry or time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            time.sleep(0.01)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def restart_ended(processes: Sequence[Process], say: Callable[[str], None]) -> None:
    """Report the processes that have ended, and restart those whose pause is over."""
    for process in processes:
        if process.ended():
            cause = f"signal {-process.code}" if process.code < 0 else f"exit code {process.code}"
            say(f"{process.name} stopped ({cause}); it starts again in {process.pause():.0f} s.")
        if process.is_due():
            process.start()
            say(f"{process.name} is starting again.")
