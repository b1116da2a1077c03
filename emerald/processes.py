"""The processes of `emerald run`: forked, watched, started again when they die, ended in order."""

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

STEADY = 60.0  # seconds of life after which a process counts as having started well
LONGEST_PAUSE = 30.0  # seconds between two tries
BEFORE_KILL = 15.0  # seconds a process has to finish what it has begun
TICK = 0.1
REQUESTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop(BaseException):
    """Somebody asked the supervisor to end: Ctrl-C, SIGTERM, or the terminal went away."""


class Signals:
    """Turns the first request to stop into `Stop`; while stopping, another one means: do not
    wait.
    """

    def __init__(self) -> None:
        self.listening = True
        self.asked = False  # looked at too: Python drops an exception that falls into a finaliser
        self.hurry = False
        for number in REQUESTS:
            signal.signal(number, self._received)

    def _received(self, _: int, __: FrameType | None) -> None:
        if self.listening:
            self.listening, self.asked = False, True
            raise Stop
        self.hurry = True


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back requests to stop, where one in the middle would leave a process nobody knows of."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, REQUESTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Lifeline:
    """A pipe only the supervisor holds open: however it dies, its processes read the end of it and
    go.
    """

    def __init__(self) -> None:
        self.read_end, self._held = os.pipe()

    def let_go(self) -> None:
        """In a process just forked: hold the supervisor's end no longer, or nobody would ever see
        it close.
        """
        os.close(self._held)

    def end_with(self) -> None:
        """End this process when the supervisor ends: politely, then at once."""

        def wait() -> None:
            os.read(self.read_end, 1)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(BEFORE_KILL)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=wait, name="lifeline", daemon=True).start()


def fork(name: str, work: Callable[[], int | None], lifeline: Lifeline) -> int:
    """Run `work` in a process of its own, in a group of its own; its id. `ps` shows it as emerald-`name`.

    Its exit code is what `work` returns; expected trouble is told in a sentence.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        # Said on both sides, so that neither runs before it is true.
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
        signal.pthread_sigmask(signal.SIG_UNBLOCK, REQUESTS)
        # A process of a background group that reads from the terminal would be stopped.
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        lifeline.let_go()
        code = exit_code_of(work)
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 1
    except BaseException:  # noqa: BLE001 - nothing above us to catch it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: what the supervisor registered to do at its end is not ours to do.
        os._exit(code)


class Process:
    """One of the processes, over all its lives."""

    def __init__(self, name: str, work: Callable[[], int | None], lifeline: Lifeline) -> None:
        self.name, self.work, self.lifeline = name, work, lifeline
        self.pid: int | None = None
        self.code = 0  # of its last end; negative is a signal
        self.failures = 0  # ends in a row that came soon after a start
        self._started_at = self._again_at = 0.0

    def start(self) -> None:
        """Fork it."""

        def mortal() -> int | None:
            self.lifeline.end_with()
            return self.work()

        self._started_at = time.monotonic()
        with undisturbed():
            self.pid = fork(self.name, mortal, self.lifeline)

    def ended(self) -> bool:
        """Whether it has ended since it was started; true once for each end."""
        if self.pid is None:
            return False
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.pid, self.code = None, os.waitstatus_to_exitcode(status)
        now = time.monotonic()
        self.failures = 1 if now - self._started_at > STEADY else self.failures + 1
        self._again_at = now + self.pause()
        return True

    def pause(self) -> float:
        """Seconds to wait before the next start: longer each time it fails soon."""
        return float(min(LONGEST_PAUSE, 2 ** (self.failures - 1)))

    def is_due(self) -> bool:
        """Whether it is down and its pause is over."""
        return self.pid is None and self.failures > 0 and time.monotonic() >= self._again_at

    def stop(self, signals: Signals) -> None:
        """End it: politely, then by force, with everything in its group."""
        if self.pid is None:
            return
        group, deadline = self.pid, time.monotonic() + BEFORE_KILL
        os.kill(self.pid, signal.SIGTERM)
        while not self.ended():
            if signals.hurry or time.monotonic() > deadline:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
            time.sleep(0.01)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def revive(processes: Sequence[Process], say: Callable[[str], None]) -> None:
    """Notice who died and start again whose pause is over."""
    for process in processes:
        if process.ended():
            how = f"signal {-process.code}" if process.code < 0 else f"exit code {process.code}"
            say(f"{process.name} ended ({how}); it starts again in {process.pause():.0f} s.")
        if process.is_due():
            process.start()
            say(f"{process.name} is started again.")
