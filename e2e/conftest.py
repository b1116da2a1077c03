"""Journeys in a real browser through all processes: see `running.py` for what runs, `lab.py` for how it is
used.

Screenshots go to `e2e/shots/`.
"""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from e2e.lab import Lab
from e2e.running import Stack, running
from tests.chromium import find_chromium

PHONE = (390, 844)
DESK = (1280, 860)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All processes, once for all journeys; each journey makes its own instances and polls."""
    logs, home = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("home")
    with running(logs, home) as made:
        yield made
        assert made.emerald("doctor", "--invariants").strip() == "All is well."


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The whole browser, started once: one journey needs the rules of a profile."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(playwright.chromium.executable_path, whole=True),
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
        )  # fmt: skip
        yield browser
        browser.close()


Open = Callable[..., Page]
OpenLab = Callable[..., Lab]


@pytest.fixture
def window(chromium: Browser) -> Iterator[Open]:
    """Open browser windows, each with its own cookies. Any error in a page's console fails the journey."""
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def open_window(*, size: tuple[int, int] = DESK, dark: bool = False, locale: str = "en-GB") -> Page:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale=locale,
            timezone_id="Europe/Helsinki",
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console",
            lambda message: None if _expected(message) else troubles.append(message.text),
        )
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not troubles, troubles


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
    """Open the sandbox in a window of its own."""

    def open_lab(*, cross_site: bool = False, **how: object) -> Lab:
        return Lab(window(**how), stack.page(cross_site=cross_site))

    return open_lab
