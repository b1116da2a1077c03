"""Journeys in a real browser through everything that runs: see `running.py` for what, `lab.py` for how it is used.

Pictures go to `e2e/shots/`.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from e2e.lab import Lab
from e2e.running import Stack, running

PHONE = (390, 844)
DESK = (1280, 860)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, once for all journeys; each makes its own dates and polls."""
    logs, home = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("home")
    with running(logs, home) as made:
        yield made
        assert made.emerald("doctor", "--invariants").strip() == "All is well."


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser, as `bin/test` found it (`CHROMIUM`); else the system's, else Playwright's own."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
        )  # fmt: skip
        yield browser
        browser.close()


Open = Callable[..., Page]
OpenLab = Callable[..., Lab]


@pytest.fixture
def window(chromium: Browser) -> Iterator[Open]:
    """Open browser windows, each with cookies of its own. Any error in a page's console fails the journey."""
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
            lambda said: None if _expected(said) else troubles.append(said.text),
        )
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert not troubles, troubles


def _expected(said: ConsoleMessage) -> bool:
    """Whether nothing is wrong. Browsers report every refused request as an error: a 422, a 401 or a 404 is our answer.

    The empty style element that Telegram's own script makes for its clients is refused by our policy, as it should be.
    """
    if said.type != "error" or re.search(r"status of (401|404|422)", said.text):
        return True
    return "inline style" in said.text and "telegram-web-app" in said.location.get("url", "")


@pytest.fixture
def lab(stack: Stack, window: Open) -> OpenLab:
    """Open the sandbox in a window of its own."""

    def open_lab(*, cross_site: bool = False, **how: object) -> Lab:
        return Lab(window(**how), stack.page(cross_site=cross_site))

    return open_lab
