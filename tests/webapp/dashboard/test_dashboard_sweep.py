"""Every screen and state of the dashboard is checked in a real browser: axe-core, and that nothing is wider than a phone.

The states are those of the gallery (`states.py`), set up once for this file in a club that writes Finnish.
`STATES=week,event-full` checks only these.
"""

import os
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.webapp.browsing import PATIENCE, Window, chromium
from tests.webapp.test_app_sweep import AXE, RUN_AXE, faults_of_colour

SWEEP = Path(__file__).parents[1] / "sweep.js"
# High enough that the bar at the bottom covers nothing.
WIDTH, HEIGHT = 390, 4000
Found = dict[str, list[str]]


@pytest.fixture(scope="module")
async def chrome() -> AsyncIterator[Any]:
    """A real browser; `browser` is this directory's without a screen."""
    async with chromium() as found:
        yield found


async def _new_page(browser: Any) -> tuple[Page, Window]:
    context = await browser.new_context(timezone_id="Europe/Helsinki", locale="fi", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    for script in (AXE, SWEEP):
        await context.add_init_script(path=script)
    page: Page = await context.new_page()
    return page, await Window.of(page, HEIGHT)


async def _check(page: Page, window: Window, seen: set[str]) -> Found:
    """What is wrong on the page, by check."""
    await window.resize(WIDTH)
    found = {"fits": await page.evaluate("sweep.fits()"), "axe": await page.evaluate(RUN_AXE, None)}
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found["dark"] = await faults_of_colour(page, seen)
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found


@pytest.fixture(scope="module")
async def found(chrome: Any, ports: tuple[int, int]) -> Found:
    """Every state opened once, in Finnish; the faults of each check, by state."""
    from backend import clock
    from tests.webapp.dashboard.states import chosen, open_state, stage_dashboard
    from tests.webapp.staging import NOON

    wrong, seen = defaultdict[str, list[str]](list), set[str]()
    with clock.stopped(NOON):
        staged, (page, window) = await stage_dashboard("fi"), await _new_page(chrome)
        app = f"http://127.0.0.1:{ports[0]}"
        for state in chosen(os.environ.get("STATES", "")):
            await window.resize(WIDTH, for_mouse=state.act is not None)
            in_place = state.act is None and page.url.startswith(app)
            await open_state(page, app, staged, state, in_place=in_place)
            for way, faults in (await _check(page, window, seen)).items():
                wrong[way].extend(f"{state.name}: {one}" for one in faults)
        await page.context.close()
    return wrong


@pytest.mark.parametrize("way", ["axe", "dark", "fits"])
async def test_no_screen_has_a_fault(found: Found, way: str) -> None:
    """Light and dark, and no horizontal scrolling at 390 pixels."""
    assert not found[way], "\n".join(found[way])


async def test_each_check_finds_its_fault(chrome: Any) -> None:
    """The control; that text was readable when it looked otherwise hides nothing."""
    page, window = await _new_page(chrome)
    seen: set[str] = set()
    await page.goto("about:blank")
    await page.set_content(
        "<main><h1>A page</h1><img src='data:,'><p style='width: 500px'>Wide</p><p id='faint'>Faint</p>"
        "<style>:root { color-scheme: light dark }</style>"
    )
    assert (await _check(page, window, seen))["dark"] == []
    await page.add_style_tag(
        content="#faint { color: light-dark(#000, #333); background: light-dark(#fff, #222) }"
    )
    found = await _check(page, window, seen)
    assert "image-alt" in " ".join(found["axe"])
    assert "#faint" in " ".join(found["dark"])
    assert "500" in " ".join(found["fits"])
    await page.context.close()
