"""`emerald run`: everything on one machine, from nothing to addresses to click, and back to nothing
on Ctrl-C.

The supervisor loads the program once and forks its processes before any of them starts a loop, so they
share the memory of the code. Each process has a group of its own, so that a Ctrl-C reaches the supervisor
alone, which ends them in order; and each watches a pipe that closes when the supervisor is gone, so that
none outlives it, however it went.
"""

import gc
import http.client
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable

from backend import embedded, zone_data
from backend.settings import settings
from emerald.errors import MISCONFIGURED
from emerald.lazy import load
from emerald.log import configure
from emerald.processes import TICK, Lifeline, Process, Signals, Stop, fork, revive, undisturbed
from emerald.runtime import result_of, result_with_pool
from emerald.serve import check_port

# What is loaded before forking, for all. `bot` comes first: it sees to it that aiogram takes little memory.
SHARED = (
    "bot",
    "emerald.web",
    "emerald.worker",
    "emerald.bot",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
READY_WITHIN = 60.0  # seconds
WITHOUT_HOPE = 3  # ends in a row before it was ever ready
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened at


class NotReady(Exception):
    """It did not start. What went wrong was said before, by the process it went wrong in."""


def run() -> int:
    """Start everything, say where to click, keep it running until told to stop; the exit code."""
    check_port(settings.host, settings.port, "PORT")
    if settings.sandbox:
        check_port("127.0.0.1", settings.sandbox_port, "SANDBOX_PORT")
    begun, signals, lifeline = time.monotonic(), Signals(), Lifeline()
    keeper: int | None = None
    running: list[Process] = []
    try:
        if settings.database_embedded:
            with undisturbed():
                keeper = fork("keeper", lambda: _end_database_after(lifeline), lifeline)
            first = not (embedded.place(settings.home) / "data").exists()
            say(f"· database   {'being made' if first else 'starting'}")
            embedded.start(settings.home)
        _start(running, lifeline)
        _say_where(time.monotonic() - begun)
        while not signals.asked:
            revive(running, say)
            _mend_database()
            time.sleep(TICK)
        raise Stop
    except Stop:
        say("\nStopping.")
        return 0
    except NotReady as reason:
        say(str(reason))
        return 1
    finally:
        signals.listening = False
        for process in reversed(running):
            process.stop(signals)
        if settings.database_embedded and not embedded.stop(settings.home):
            say("The database keeps running, for somebody else uses it.")
        if keeper is not None:
            os.kill(keeper, signal.SIGKILL)
            os.waitpid(keeper, 0)


def say(line: str) -> None:
    """Progress, for a person."""
    print(line, flush=True)


def _start(running: list[Process], lifeline: Lifeline) -> None:
    """Start the processes, each after what it needs, until all can be used. Raises `NotReady`."""

    def start(name: str, work: Callable[[], int | None]) -> Process:
        running.append(Process(name, work, lifeline))
        running[-1].start()
        return running[-1]

    say(f"· zone data  {zone_data.current()}")
    say("· tables     checking")
    tables = start("tables", _prepare)
    # Meanwhile, on the other core.
    say("· program    loading")
    _load()
    _await_end(tables, running)
    if settings.sandbox:
        start("sandbox", _sandbox)
    start("web", _web)
    if settings.sandbox:
        _await(running, settings.sandbox_port, "/")
    start("worker", _worker)
    if not settings.telegram_webhook:
        start("bot", _bot)
    say(f"· starting   {', '.join(process.name for process in running)}")
    _await(running, settings.port, "/ready")


def _load() -> None:
    # Half a million objects are made and none thrown away: the collector need not look meanwhile, nor
    # afterwards walk, and so unshare, their pages ever again.
    gc.disable()
    for name in SHARED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    gc.enable()


def _prepare() -> None:
    """The tables, and the first time the demo."""
    configure("tables")
    steps = result_of(load("emerald.migrate:migrate"))
    if steps:
        say(f"· tables     {len(steps)} steps taken")
    # The people of the demo are the sandbox's: with a bot of your own, nobody could be them.
    if settings.sandbox and result_with_pool("emerald demo", load("emerald.demo:fill")):
        say("· demo       two clubs moved in")


def _await(running: list[Process], port: int, path: str) -> None:
    """Wait until a server here answers 200. Raises `NotReady` when somebody gives up first."""
    deadline = time.monotonic() + READY_WITHIN
    while _status(port, path) != 200:
        revive(running, say)
        for process in running:
            if process.pid is None and process.code == MISCONFIGURED:
                raise NotReady("Emerald starts when that is mended.")
            if process.failures >= WITHOUT_HOPE:
                raise NotReady(f"Emerald does not start: {process.name} ends again and again.")
        if time.monotonic() > deadline:
            raise NotReady(f"Emerald does not start: port {port} is not ready, see {path} there.")
        time.sleep(TICK * 2)


def _await_end(process: Process, running: list[Process]) -> None:
    """Wait for a process that has something to do only once. Raises `NotReady` when it fails."""
    while not process.ended():
        time.sleep(TICK / 2)
    running.remove(process)
    if process.code != 0:
        raise NotReady("Emerald starts when that is mended.")


def _status(port: int, path: str) -> int:
    """What a server here answers to a GET; 0 when none does."""
    host = "127.0.0.1" if settings.host in EVERYWHERE else settings.host
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _mend_database() -> None:
    if settings.database_embedded and not embedded.lives(settings.home):
        say("The database ended; it starts again.")
        embedded.start(settings.home)


def _end_database_after(lifeline: Lifeline) -> None:
    """Wait until the supervisor is gone without having stopped the database, and do so in its
    stead.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(lifeline.read_end, 1)
    deadline = time.monotonic() + 30
    while not embedded.stop(settings.home) and time.monotonic() < deadline:
        time.sleep(TICK)


def _sandbox() -> int:
    settings.home.mkdir(parents=True, exist_ok=True)
    state = settings.home / "sandbox.json"
    sys.argv = ["sandbox", "--port", str(settings.sandbox_port), "--app-url", settings.public_url]
    sys.argv += ["--token", settings.telegram_bot_token, "--bot-name", settings.telegram_bot_name]
    sys.argv += ["--state", str(state)]
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    code: int = load("sandbox.__main__:main")()
    return code


def _web() -> None:
    load("emerald.serve:main")(graceful=3)


def _worker() -> None:
    load("emerald.worker:main")()


def _bot() -> None:
    load("emerald.bot:main")()


def _say_where(seconds: float) -> None:
    lines = [f"\nEmerald is ready ({seconds:.1f} s).\n"]
    if settings.sandbox:
        lines.append(f"  {settings.sandbox_url}/  the sandbox: be Alice, tap JOIN, open the Mini App")
    else:
        lines.append(f"  https://t.me/{settings.telegram_bot_name}  your bot")
    lines.append(f"  {settings.public_url}/dashboard  the organisers' dashboard")
    if not settings.sandbox and not settings.public_url.startswith("https://"):
        lines.append(
            "\n  Telegram opens the Mini App on https only: give PUBLIC_URL an https address that"
            f"\n  leads here (a tunnel to port {settings.port} will do), and start again."
        )
    lines.append("\n  Ctrl-C stops everything.")
    say("\n".join(lines))
