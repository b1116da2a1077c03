"""`emerald run`: everything on one machine, until Ctrl-C (decision 0024).

The supervisor loads the code once and forks its processes before any of them starts an event loop, so they
share its memory. Each process has its own process group: Ctrl-C reaches only the supervisor, which stops them
in order. Each watches a pipe that closes when the supervisor ends, so that none outlives it.
"""

import gc
import http.client
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from backend import embedded, zone_data
from backend.settings import settings
from emerald.errors import MISCONFIGURED
from emerald.lazy import load
from emerald.log import configure, keep_in_files
from emerald.processes import (
    POLL_INTERVAL,
    Lifeline,
    Process,
    Signals,
    Stop,
    fork,
    restart_ended,
    signals_blocked,
)
from emerald.runtime import freeze_loaded, result_of, result_with_pool
from emerald.serve import check_port

# Modules that all processes share. `bot` comes first: it makes aiogram take little memory.
SHARED = (
    "bot",
    "emerald.web",
    "emerald.worker",
    "emerald.bot",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
)
# All on one machine: each process publishes its metrics this many ports after METRICS_PORT.
METRICS_OFFSETS = {"web": 0, "worker": 1, "bot": 2}
READY_TIMEOUT = 60.0  # seconds
FAILURES_MAX = 3  # of one process before everything was ready
ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - only compared with


class NotReady(Exception):
    """Something did not start. The process that failed has printed why."""


def run(*, verbose: bool = False) -> int:
    """Start everything, print the addresses, and keep it running until it is to stop. Returns the exit
    code.

    What it logs goes to files, so that the addresses stay in sight, and with `verbose` to the terminal instead.
    """
    check_port(settings.host, settings.port, "PORT")
    if settings.metrics_port:
        for offset in METRICS_OFFSETS.values():
            check_port(settings.host, settings.metrics_port + offset, "METRICS_PORT")
    if settings.sandbox:
        check_port("127.0.0.1", settings.sandbox_port, "SANDBOX_PORT")
    logs = None if verbose else _keep_logs()
    started, signals, lifeline = time.monotonic(), Signals(), Lifeline()
    guard: int | None = None
    running: list[Process] = []
    try:
        if settings.database_embedded:
            with signals_blocked():
                guard = fork("guard", lambda: _stop_database_after(lifeline), lifeline)
            first = not (embedded.place(settings.home) / "data").exists()
            say(f"· database   {'being made' if first else 'starting'}")
            embedded.start(settings.home)
        _start(running, lifeline)
        _print_addresses(time.monotonic() - started, logs)
        while not signals.asked:
            restart_ended(running, say)
            _restart_database()
            time.sleep(POLL_INTERVAL)
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
            say("The database keeps running because someone else is using it.")
        if guard is not None:
            os.kill(guard, signal.SIGKILL)
            os.waitpid(guard, 0)


def say(line: str) -> None:
    """Print progress for a person."""
    print(line, flush=True)


def _keep_logs() -> Path | None:
    """Where the log files are from now on; None when none can be written there."""
    directory = settings.home / "logs"
    try:
        keep_in_files(directory)
    except OSError as error:
        say(f"· log        here, for {directory} cannot be made ({error.strerror})")
        return None
    return directory


def _start(running: list[Process], lifeline: Lifeline) -> None:
    """Start the processes, each after those it needs, and wait until all can be used. Raises `NotReady`."""

    def start(name: str, work: Callable[[], int | None]) -> Process:
        running.append(Process(name, work, lifeline))
        running[-1].start()
        return running[-1]

    say(f"· zone data  {zone_data.current()}")
    say("· tables     checking")
    tables = start("tables", _prepare)
    # Loaded meanwhile, on another core.
    say("· program    loading")
    _load()
    _wait_for_end(tables, running)
    if settings.sandbox:
        start("sandbox", _sandbox)
    start("web", _web)
    if settings.sandbox:
        _wait_until_ready(running, settings.sandbox_port, "/")
    start("worker", _worker)
    if not settings.telegram_webhook:
        start("bot", _bot)
    if settings.backups.is_set:
        start("backup", _backup)
    say(f"· starting   {', '.join(process.name for process in running)}")
    _wait_until_ready(running, settings.port, "/ready")


def _load() -> None:
    # Loading creates half a million objects and drops none, so the collector is off meanwhile. Frozen, it
    # never walks them again, which would write to their memory pages and end the sharing.
    gc.disable()
    for name in SHARED:
        importlib.import_module(name)
    load("webapp.rendering:load_templates")()
    load("bot.rendering:load_templates")()
    freeze_loaded()
    gc.enable()


def _prepare() -> None:
    """Migrate the tables, and the first time fill in the demo."""
    configure("tables")
    steps = result_of(load("emerald.migrate:migrate"))
    if steps:
        say(f"· tables     {len(steps)} steps taken")
    # The people of the demo are the sandbox's: with a bot of your own, nobody could be them.
    if settings.sandbox and result_with_pool("emerald demo", load("emerald.demo:fill")):
        say("· demo       two clubs moved in")


def _wait_until_ready(running: list[Process], port: int, path: str) -> None:
    """Wait until a local server answers 200. Raises `NotReady` when a process fails before."""
    deadline = time.monotonic() + READY_TIMEOUT
    while _status(port, path) != 200:
        restart_ended(running, say)
        for process in running:
            if process.pid is None and process.code == MISCONFIGURED:
                raise NotReady("Emerald starts once that is fixed.")
            if process.failures >= FAILURES_MAX:
                raise NotReady(f"Emerald does not start: {process.name} keeps stopping.")
        if time.monotonic() > deadline:
            raise NotReady(f"Emerald does not start: port {port} is not ready, see {path} there.")
        time.sleep(POLL_INTERVAL * 2)


def _wait_for_end(process: Process, running: list[Process]) -> None:
    """Wait for a process that runs once. Raises `NotReady` when it fails."""
    while not process.ended():
        time.sleep(POLL_INTERVAL / 2)
    running.remove(process)
    if process.code != 0:
        raise NotReady("Emerald starts once that is fixed.")


def _status(port: int, path: str) -> int:
    """The status with which a local server answers a GET; 0 when none answers."""
    host = "127.0.0.1" if settings.host in ALL_ADDRESSES else settings.host
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _restart_database() -> None:
    if settings.database_embedded and not embedded.is_alive(settings.home):
        say("The database stopped and is starting again.")
        embedded.start(settings.home)


def _stop_database_after(lifeline: Lifeline) -> None:
    """Wait until the supervisor has ended without stopping the database, and stop it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.read(lifeline.read_end, 1)
    deadline = time.monotonic() + 30
    while not embedded.stop(settings.home) and time.monotonic() < deadline:
        time.sleep(POLL_INTERVAL)


def _sandbox() -> int:
    settings.home.mkdir(parents=True, exist_ok=True)
    state = settings.home / "sandbox.json"
    sys.argv = ["sandbox", "--port", str(settings.sandbox_port), "--app-url", settings.public_url]
    sys.argv += ["--token", settings.telegram_bot_token, "--bot-name", settings.telegram_bot_name]
    sys.argv += ["--login-secret", settings.telegram_login_client_secret]
    sys.argv += ["--login-redirect", settings.telegram_login_redirect]
    sys.argv += ["--state", str(state)]
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    code: int = load("sandbox.__main__:main")()
    return code


def _web() -> None:
    load("emerald.serve:main")(graceful=3)


def _backup() -> None:
    load("emerald.commands.backups:main")()


def _worker() -> None:
    load("emerald.worker:main")(metrics_offset=METRICS_OFFSETS["worker"])


def _bot() -> None:
    load("emerald.bot:main")(metrics_offset=METRICS_OFFSETS["bot"])


def _print_addresses(seconds: float, logs: Path | None) -> None:
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
    if logs is not None:
        lines.append(f"\n  Requests and jobs are logged in {logs}; --verbose shows them here.")
    lines.append("\n  Ctrl-C stops everything.")
    say("\n".join(lines))
