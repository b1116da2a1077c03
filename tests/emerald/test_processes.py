"""The processes of `emerald run`: restarted when they end, stopped in order, and never left behind."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches processes as Linux can")

SUPERVISOR = """
import os, signal, sys, time
from emerald.processes import POLL_INTERVAL, Lifeline, Process, Signals, Stop, restart_ended

def report(line):
    os.write(1, f"{line}\\n".encode())  # in one call, because several processes write here

def wait():
    report(f"here {os.getpid()}")
    while True:
        signal.pause()

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait()

def with_offspring():
    if os.fork() == 0:
        stubborn()
    wait()

signals, lifeline = Signals(), Lifeline()
running = [Process(name, globals()[name], lifeline) for name in sys.argv[1:]]
try:
    for process in running:
        process.start()
    while True:
        restart_ended(running, lambda line: report(f"reported {line}"))
        time.sleep(POLL_INTERVAL)
except Stop:
    report("stopping")
finally:
    for process in reversed(running):
        process.stop(signals)
report("stopped")
"""


class Supervisor:
    """A supervisor in a Python of its own, and its output."""

    def __init__(self, *works: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, *works],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def children(self, number: int) -> list[int]:
        """The ids of this many processes that have reported themselves; their ends are watched."""
        return [os.pidfd_open(int(self.line().removeprefix("here "))) for _ in range(number)]


@contextmanager
def supervising(*works: str) -> Iterator[Supervisor]:
    one = Supervisor(*works)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()
        if one.process.stdout:
            one.process.stdout.close()


def ends(watched: int, within: float = 20) -> bool:
    """Whether a watched process ends within so many seconds."""
    return bool(select.select([watched], [], [], within)[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_stop_signal_ends_all(number: signal.Signals) -> None:
    with supervising("wait", "wait") as one:
        watched = one.children(2)
        one.process.send_signal(number)
        assert [one.line(), one.line()] == ["stopping", "stopped"]
        assert all(ends(child, 0) for child in watched), "none may be left when it says so"
        assert one.process.wait(20) == 0


def test_ctrl_c_reaches_only_the_supervisor() -> None:
    """The terminal sends it to the whole foreground group; the supervisor stops the others in order."""
    with supervising("wait") as one:
        (child,) = one.children(1)
        os.killpg(one.process.pid, signal.SIGINT)
        assert one.line() == "stopping"
        assert one.line() == "stopped", "a child that had it too would have printed a traceback"
        assert ends(child, 0)


def test_a_second_ctrl_c_kills_processes_that_do_not_end() -> None:
    with supervising("stubborn") as one:
        (child,) = one.children(1)
        one.process.send_signal(signal.SIGINT)
        assert one.line() == "stopping"
        assert not ends(child, 0.3)
        one.process.send_signal(signal.SIGINT)
        assert one.line() == "stopped"
        assert ends(child, 0)


def test_children_of_a_process_end_with_it() -> None:
    with supervising("with_offspring") as one:
        watched = one.children(2)
        one.process.send_signal(signal.SIGTERM)
        assert [one.line(), one.line()] == ["stopping", "stopped"]
        assert all(ends(child) for child in watched)


def test_no_process_outlives_a_killed_supervisor() -> None:
    with supervising("wait", "wait") as one:
        watched = one.children(2)
        one.process.kill()
        assert all(ends(child) for child in watched)


def test_ended_processes_are_restarted_and_reported() -> None:
    with supervising("wait") as one:
        (child,) = one.children(1)
        signal.pidfd_send_signal(child, signal.SIGKILL)
        assert one.line() == "reported wait stopped (signal 9); it starts again in 1 s."
        after = {one.line(), one.line()}
        assert "reported wait is starting again." in after
        assert any(line.startswith("here ") for line in after)
