"""The Mini App in a real browser: the application on a port, and a page that frames it as Telegram's web
client does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from litestar import Litestar, MediaType, get
from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    Frame,
    Page,
    async_playwright,
    expect,
)

from tests.chromium import find_chromium
from tests.webapp.conftest import init_data, launch_of

# Generous, because the machines that run tests may be busy.
PATIENCE = 15_000  # milliseconds
expect.set_options(timeout=PATIENCE)

LIGHT = {
    "bg_color": "#ffffff",
    "text_color": "#000000",
    "hint_color": "#707579",
    "link_color": "#3390ec",
    "button_color": "#3390ec",
    "button_text_color": "#ffffff",
    "secondary_bg_color": "#f4f4f5",
    "section_bg_color": "#ffffff",
    "accent_text_color": "#3390ec",
    "destructive_text_color": "#e53935",
    "bottom_bar_bg_color": "#ffffff",
}
DARK = {
    "bg_color": "#212121",
    "text_color": "#ffffff",
    "hint_color": "#aaaaaa",
    "link_color": "#8774e1",
    "button_color": "#8774e1",
    "button_text_color": "#ffffff",
    "secondary_bg_color": "#0f0f0f",
    "section_bg_color": "#212121",
    "accent_text_color": "#8774e1",
    "destructive_text_color": "#e53935",
    "bottom_bar_bg_color": "#212121",
}


def launch_hash(raw: str, *, version: str = "9.1", platform: str = "weba", theme: Any = None) -> str:
    """The fragment Telegram adds to the URL of a Mini App."""
    theme_json = json.dumps(theme or LIGHT)
    return (
        f"#tgWebAppData={quote(raw, safe='')}&tgWebAppVersion={version}"
        f"&tgWebAppPlatform={platform}&tgWebAppThemeParams={quote(theme_json, safe='')}"
    )


_serving: list[uvicorn.Server] = []


async def wait_until_idle() -> None:
    """Wait until no request is running: an open screen sends requests by itself, also while its test ends."""
    for server in _serving:
        while under_way := {task for task in server.server_state.tasks if not task.done()}:
            await asyncio.wait(under_way)


@asynccontextmanager
async def serve(app: Any, port: int = 0) -> AsyncIterator[int]:
    """The application on a port of this machine, a free one by default, in this event loop."""
    config = uvicorn.Config(app, port=port, log_config=None, lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0)
        if running.done():
            await running
    _serving.append(server)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        _serving.remove(server)
        server.should_exit = True
        await running


@get("/", media_type=MediaType.HTML, sync_to_thread=False)
def host() -> bytes:
    """The page around the frame."""
    return Path(__file__).with_name("host.html").read_bytes()


def framing_site() -> Litestar:
    """The site that frames the Mini App."""
    return Litestar([host], openapi_config=None, logging_config=None)


@asynccontextmanager
async def chromium(*, whole: bool = False) -> AsyncIterator[Browser]:
    """A browser; with `whole`, one with the rules of a profile."""
    async with async_playwright() as playwright:
        program = find_chromium(playwright.chromium.executable_path, whole=whole)
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True)
class Phone:
    """A person with the Mini App open: by itself (`opened`), or in Telegram's frame (`framed`)."""

    context: BrowserContext
    app: str
    frame_of: str

    async def opened(self, person: Any, path: str = "/app/", **how: Any) -> Page:
        """The app as the document itself, as in Telegram's own web views."""
        page = await self.context.new_page()
        raw = init_data(launch_of(person.telegram_id, person.first_name, **how.pop("launch", {})))
        await page.goto(self.app + path + launch_hash(raw, platform="android", **how))
        return page

    async def framed(self, person: Any, path: str = "/app/", **how: Any) -> tuple[Page, Frame]:
        """The app in a frame of another site, where nothing can be stored."""
        page = await self.context.new_page()
        raw = init_data(launch_of(person.telegram_id, person.first_name, **how.pop("launch", {})))
        await page.goto(f"{self.frame_of}/#{quote(self.app + path + launch_hash(raw, **how), safe='')}")
        frame = page.frames[1]
        await frame.wait_for_selector("#screen[data-outcome]")
        return page, frame


async def last_client_event(page: Page, event: str) -> Any:
    """The data of the last event of this type that the app sent to its client."""
    return await page.evaluate("event => last(event)", event)


async def wait_for_client(page: Page, condition: str, argument: Any = None) -> None:
    """Wait until this condition is true in the client around the app."""
    await page.wait_for_function(condition, arg=argument, timeout=PATIENCE)


@dataclass(frozen=True)
class Window:
    """A page's window, of one height and any width.

    What is only measured needs no pixels, and drawing those of a high window takes nearly half of the processor time: so
    the page is drawn at a tenth of its size. Layout, media queries and hit tests are those of the full size, but a mouse
    aims at what is drawn.
    """

    devtools: CDPSession
    height: int

    @classmethod
    async def of(cls, page: Page, height: int) -> "Window":
        return cls(await page.context.new_cdp_session(page), height)

    async def resize(self, width: int, *, for_mouse: bool = False) -> None:
        size = {"width": width, "height": self.height, "screenWidth": width, "screenHeight": self.height}
        drawn = {"deviceScaleFactor": 1, "mobile": False, "scale": 1 if for_mouse else 0.1}
        await self.devtools.send("Emulation.setDeviceMetricsOverride", size | drawn)


async def freeze_clock(page: Page) -> None:
    """Reload the screen with a clock that only the test advances."""
    await page.clock.install()
    await page.reload()
    await page.wait_for_selector("#live", state="attached")
    await page.wait_for_load_state("networkidle")
    at = await page.evaluate("Date.now()")
    await page.clock.pause_at(datetime.fromtimestamp((at + 1000) / 1000))
