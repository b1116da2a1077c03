"""Journeys in a real browser through all processes: see `running.py` for what runs, `lab.py` for how it is
used.

With `--shots`, screenshots go to `e2e/shots/`.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

import e2e.lab
from e2e.lab import Lab
from e2e.running import Stack, running
from tests import unlogged
from tests.chromium import find_chromium

PHONE = (390, 844)
DESK = (1280, 860)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shots", action="store_true", help="save screenshots of the journeys")


def pytest_configure(config: pytest.Config) -> None:
    e2e.lab.keep_shots = config.getoption("--shots")


@pytest.fixture(scope="session")
def private() -> set[str]:
    """What browsers have sent that no log may hold: what was typed, and what lets somebody in."""
    return set()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, private: set[str]) -> Iterator[Stack]:
    """All processes, once for all journeys; each journey makes its own instances and polls."""
    logs, home = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("home")
    with running(logs, home, private) as made:
        yield made
        assert made.emerald("doctor", "--invariants").strip() == "All is well."


Launch = Callable[[bool], Browser]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Launch]:
    """Give a browser, started when it is first asked for: the headless shell, or the whole one with the rules of a
    profile, which takes several times the processor time for each page."""
    with sync_playwright() as playwright, ExitStack() as cleanup:

        @cache
        def launch(whole: bool) -> Browser:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(playwright.chromium.executable_path, whole=whole),
                args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
            )  # fmt: skip
            cleanup.callback(browser.close)
            return browser

        yield launch


Open = Callable[..., Page]
OpenLab = Callable[..., Lab]


@pytest.fixture
def window(chromium: Launch, private: set[str]) -> Iterator[Open]:
    """Open browser windows, each with its own cookies. Any error in a page's console fails the journey."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_window(
        *, size: tuple[int, int] = DESK, dark: bool = False, locale: str = "en-GB", whole: bool = False
    ) -> Page:
        context = chromium(whole).new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Europe/Helsinki",
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("request", lambda request: private.update(_private_in(request)))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda message: None if _expected(message) else troubles.append(message.text),
        )
        return page

    yield open_window
    for context in contexts:
        private.update(unlogged.of_fields((cookie["name"], cookie["value"]) for cookie in context.cookies()))
        context.close()
    assert not troubles, troubles


def _private_in(request: Request) -> set[str]:
    return unlogged.of_request(request.headers, (request.post_data_buffer or b"").decode(errors="replace"))


def _expected(message: ConsoleMessage) -> bool:
    """Whether a console message is no fault. Browsers report every refused request as an error, but 401, 404
    and 422 are our own responses.

    Our policy also refuses the empty style element that Telegram's own script adds, as it should.
    """
    if message.type != "error" or re.search(r"status of (401|404|422)", message.text):
        return True
    return "inline style" in message.text and "telegram-web-app" in message.location.get("url", "")


@pytest.fixture
def lab(stack: Stack, window: Open) -> OpenLab:
    """Open the sandbox in a window of its own. With `cross_site` in the whole browser: only its profile keeps a frame of
    another site from storing anything."""

    def open_lab(*, cross_site: bool = False, **how: object) -> Lab:
        return Lab(window(whole=cross_site, **how), stack.page(cross_site=cross_site))

    return open_lab
