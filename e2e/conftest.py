"""The whole of Emerald on this machine, for journeys in a real browser: database, sandbox, web, worker, bot, Chromium.

Everything runs as its own process on a free port of 127.0.0.1 and ends with the tests. Pictures go to `e2e/shots/`.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, sync_playwright

from backend import embedded
from sandbox.client import Room, Sandbox, Somebody

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "e2e" / "shots"
TOKEN = "42:E2E_TOKEN_OF_NO_BOT"
BOT_NAME = "emerald_e2e_bot"
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}


@dataclass(frozen=True)
class Stack:
    """What is running: where the product and the sandbox are, and the environment that scripts of ours need."""

    app: str
    sandbox_url: str
    environment: dict[str, str]

    @property
    def telegram(self) -> Sandbox:
        return Sandbox(self.sandbox_url)

    def emerald(self, *arguments: str) -> str:
        """Run a command of ours; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "emerald", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _await(url: str, process: subprocess.Popen[bytes], seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while not _answers(url):
        assert process.poll() is None, f"ended before {url} answered"
        assert time.monotonic() < deadline, f"{url} did not answer in {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Start everything once for all journeys; each journey makes its own events."""
    logs = tmp_path_factory.mktemp("logs")
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
            "TELEGRAM_WEBHOOK": "false",
            "FRAME_ANCESTORS": f"http://127.0.0.1:{telegram} http://localhost:{telegram}",
            "PUBLIC_URL": f"http://127.0.0.1:{app}",
            "PORT": str(app),
            "SECRET_KEY": "only-for-journeys-" + "0" * 30,
            "EMERALD_HOME": str(tmp_path_factory.mktemp("home")),
            "PYTHONPATH": str(ROOT),
        }
        made = Stack(f"http://127.0.0.1:{app}", f"http://127.0.0.1:{telegram}", environment)
        made.emerald("migrate")

        def start(name: str, *module: str) -> subprocess.Popen[bytes]:
            log = cleanup.enter_context((logs / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-m", *module], env=environment, cwd=ROOT, stdout=log, stderr=log
            )
            cleanup.callback(_end, process)
            return process

        sandbox = start(
            "sandbox", "sandbox", "--port", str(telegram), "--app-url", made.app,
            "--token", TOKEN, "--bot-name", BOT_NAME,
        )  # fmt: skip
        _await(f"{made.sandbox_url}/_control/counters", sandbox)
        web = start("web", "emerald", "serve")
        start("worker", "emerald", "work")
        start("bot", "emerald", "bot")
        _await(f"{made.app}/ready", web)
        made.emerald("demo")
        yield made
        _show_errors(logs)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _show_errors(logs: Path) -> None:
    """A traceback in any log fails the run: nothing may go wrong unseen."""
    for log in logs.iterdir():
        text = log.read_text(errors="replace")
        assert "Traceback" not in text, f"{log.name}:\n{text[-6000:]}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, as `bin/test` found it (`CHROMIUM`)."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
        )  # fmt: skip
        yield browser
        browser.close()


Open = Callable[..., Page]


@pytest.fixture
def page_of(chromium: Browser) -> Iterator[Open]:
    """Open pages: `page_of(viewport=PHONE, dark=True)`. Any error in a page's console fails the journey."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_page(*, viewport: dict[str, int] = DESK, dark: bool = False, locale: str = "en-GB") -> Page:
        context = chromium.new_context(
            viewport={"width": viewport["width"], "height": viewport["height"]},
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Europe/Helsinki",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda said: troubles.append(said.text) if said.type == "error" and not _expected(said.text) else None,
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not troubles, troubles


def _expected(text: str) -> bool:
    """Browsers report every refused request as an error: a 422, a 401 or a 404 is our answer, not a fault."""
    return bool(re.search(r"status of (401|404|422)", text))


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Leave a picture a person can look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.wait_for_timeout(250)  # let the 220 ms of a swap end; nothing is asserted on it
        page.screenshot(path=SHOTS / f"{name}.png")

    return take


@pytest.fixture
def group(stack: Stack) -> Room:
    """The chat of Kallio Yoga."""
    return stack.telegram.chat("Kallio Yoga")


@pytest.fixture
def somebody(stack: Stack) -> Callable[[str], Somebody]:
    """One of the cast, by first name."""
    return lambda name: stack.telegram.person(name)


def mini_app(page: Page, stack: Stack, person: str, startapp: str = "") -> FrameLocator:
    """Open the Mini App in the sandbox's phone as this person; the frame to look into."""
    page.goto(f"{stack.sandbox_url}/#person={person}&startapp={startapp}")
    return page.frame_locator("iframe")
