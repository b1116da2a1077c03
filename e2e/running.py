"""All of Emerald as processes: database, sandbox, web, worker, bot, and one that makes test data."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import URLError

from backend import embedded
from sandbox.client import Sandbox, SandboxChat, SandboxPerson
from tests import unlogged

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "42:E2E_TOKEN_OF_NO_BOT"
BOT_NAME = "emerald_e2e_bot"
LOGIN_SECRET = "of-no-client-at-all"
SECRET_KEY = "only-for-journeys-" + "0" * 30
MEMBERS = ["Olga", "Alice", "Bob", "Светлана", "Väinö", "Aino", "Mikko", "Pekka"]


@dataclass(frozen=True)
class Stack:
    """The running processes, and how a journey makes its own clubs, instances and polls."""

    app: str
    telegram_port: int
    environment: dict[str, str]
    maker: subprocess.Popen[str]

    @property
    def telegram(self) -> Sandbox:
        return Sandbox(f"http://127.0.0.1:{self.telegram_port}")

    def page(self, *, cross_site: bool = False) -> str:
        """The sandbox's page. From `localhost` the Mini App is on another site, as in Telegram's web
        clients."""
        return f"http://{'localhost' if cross_site else '127.0.0.1'}:{self.telegram_port}"

    def group(self, title: str) -> SandboxChat:
        """A group chat for one journey, made by Olga and linked to Kallio Yoga.

        Journeys that share a group would wait for each other: a group gets twenty messages a minute (`M2`).
        """
        olga = self.person("Olga")
        room = self.telegram.make_chat(title, creator="Olga", people=MEMBERS, with_bot=True)
        offer = olga.private.wait(sender="bot", text=title, button="Link to Kallio Yoga")
        olga.tap(offer, "Link to Kallio Yoga")
        olga.private.wait(message_id=offer["id"], text="belongs to Kallio Yoga")
        return room

    def person(self, name: str) -> SandboxPerson:
        return self.telegram.person(name)

    def event(self, group: SandboxChat, title: str, **about: Any) -> str:
        """An instance of Kallio Yoga, its card posted to the group unless `card` is False; its code."""
        return str(self._make("event", group=group.id, title=title, **about)["code"])

    def poll(self, group: SandboxChat, question: str, options: list[str], **about: Any) -> str:
        """A poll of Kallio Yoga, its card posted to the group; its code."""
        made = self._make("poll", group=group.id, question=question, options=options, **about)
        return str(made["code"])

    def emerald(self, *arguments: str) -> str:
        """Run an `emerald` command; its output."""
        return _emerald(self.environment, *arguments)

    def _make(self, noun: str, **about: Any) -> dict[str, Any]:
        asked, answers = self.maker.stdin, self.maker.stdout
        assert asked and answers
        asked.write(json.dumps({"noun": noun, **about}) + "\n")
        asked.flush()
        line = answers.readline()
        assert line, "the maker has ended; see its log"
        made: dict[str, Any] = json.loads(line)
        return made


@contextmanager
def running(logs: Path, home: Path, private: set[str]) -> Iterator[Stack]:
    """Start everything on free ports of 127.0.0.1; everything stops with the block. A traceback in any log
    is an error, and so is anything `private` in one of ours, or what was said in the sandbox."""
    app, telegram = _free_port(), _free_port()
    keep = {n: os.environ[n] for n in ("PATH", "HOME", "LANG", "TMPDIR") if n in os.environ}
    with ExitStack() as cleanup:
        url = cleanup.enter_context(embedded.throwaway())
        environment = keep | {
            "ENV": "development",
            "DATABASE_URL": url,
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_BOT_NAME": BOT_NAME,
            "TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}",
            "TELEGRAM_LOGIN_ISSUER": f"http://127.0.0.1:{telegram}",
            "TELEGRAM_LOGIN_CLIENT_SECRET": LOGIN_SECRET,
            "TELEGRAM_WEBHOOK": "false",
            "FRAME_ANCESTORS": f"http://127.0.0.1:{telegram} http://localhost:{telegram}",
            "PUBLIC_URL": f"http://127.0.0.1:{app}",
            "PORT": str(app),
            "SECRET_KEY": SECRET_KEY,
            "EMERALD_HOME": str(home),
            "LOG_LEVEL": "debug",
            "PYTHONPATH": str(ROOT),
        }

        def start(name: str, *module: str, pipes: bool = False) -> subprocess.Popen[str]:
            log: IO[str] = cleanup.enter_context((logs / f"{name}.log").open("w"))
            ends = subprocess.PIPE if pipes else subprocess.DEVNULL
            process = subprocess.Popen(
                [sys.executable, "-m", *module],
                env=environment,
                cwd=ROOT,
                stdin=ends,
                stdout=subprocess.PIPE if pipes else log,
                stderr=log,
                text=True,
            )
            cleanup.callback(_end, process)
            return process

        sandbox = start(
            "sandbox", "tests.quick_sandbox", "--port", str(telegram), "--app-url", f"http://127.0.0.1:{app}",
            "--token", TOKEN, "--bot-name", BOT_NAME, "--login-secret", LOGIN_SECRET,
            "--login-redirect", f"http://127.0.0.1:{app}/dashboard/sign-in/telegram/return",
        )  # fmt: skip
        _emerald(environment, "migrate")
        _await(f"http://127.0.0.1:{telegram}/_control/counters", sandbox)
        web = start("web", "emerald", "serve")
        start("worker", "emerald", "work")
        start("bot", "emerald", "bot")
        maker = start("maker", "e2e.maker", pipes=True)
        made = Stack(f"http://127.0.0.1:{app}", telegram, environment, maker)
        _await(f"{made.app}/ready", web)
        # The bot receives and the worker sends: the cards of the demo are posted, and a message gets its reply.
        made.telegram.chat("Kallio Yoga").wait(text="Christmas party", timeout=60)
        # Olga is asked in private what a group that she adds the bot to belongs to.
        for name in ("Pekka", "Olga"):
            made.person(name).start()
            made.person(name).private.wait(sender="bot", timeout=60)
        yield made
        _nothing_went_wrong(logs)
        secrets = {TOKEN, TOKEN.partition(":")[2], LOGIN_SECRET, SECRET_KEY}
        _nothing_private_is_logged(logs, private | secrets | unlogged.of_sandbox(made.telegram))


def _emerald(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "emerald", *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _await(url: str, process: subprocess.Popen[str], seconds: int = 120) -> None:
    deadline = time.monotonic() + seconds
    while not _answers(url):
        assert process.poll() is None, f"ended before {url} answered"
        assert time.monotonic() < deadline, f"{url} did not answer in {seconds} s"
        time.sleep(0.1)


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _nothing_went_wrong(logs: Path) -> None:
    for log in sorted(logs.iterdir()):
        text = log.read_text(errors="replace")
        assert not re.search(r"Traceback|\[(error|critical) *\]", text), f"{log.name}:\n{text[-6000:]}"


# Our processes, and a line that shows that they have been at work.
OURS = {"web": "request", "worker": "sending", "bot": "update"}


def _nothing_private_is_logged(logs: Path, private: set[str]) -> None:
    assert "Olga" in private and len(private) > 20, private
    for name, line in OURS.items():
        lines = unlogged.lines_of(logs / f"{name}.log")
        assert any(line in one for one in lines), name
        assert unlogged.found_in(lines, private) == {}, name
        # The control: each would be found.
        assert set(unlogged.found_in([*lines, *private], private)) == private, name
