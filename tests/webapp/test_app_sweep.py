"""Every screen and state of the Mini App is checked: axe-core, keyboard, target sizes, narrow windows, large
text, reduced motion, live regions.

The states are those of the gallery (`states.py`), set up once for this file in a club that writes Finnish.
`STATES=home,event-offer` checks only these.
"""

import asyncio
import hashlib
import os
import re
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.webapp.browsing import DARK, LIGHT, PATIENCE, Window

VENDOR = Path(__file__).with_name("vendor")
AXE = VENDOR / "axe-core-4.14.1.min.js"

# All rules of axe-core but the experimental ones; with `looks`, those that a theme can affect, for texts that look so.
RUN_AXE = """
async looks => {
  const all = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const ofColour = ['color-contrast', 'link-in-text-block'];
  const [part, rules] = looks
    ? [{ include: sweep.textsOf(looks) }, { type: 'rule', values: ofColour }]
    : [document, { type: 'tag', values: all }];
  const { violations } = await axe.run(part, { runOnly: rules, resultTypes: ['violations'], preload: false, iframes: false });
  const reason = node => [...node.any, ...node.all, ...node.none][0]?.message ?? '';
  return violations.flatMap(found => found.nodes.map(node => `${found.id}: ${node.target.join(' ')}: ${reason(node)}`));
}
"""
AGAIN = "htmx.ajax('GET', location.pathname + location.search, { target: '#screen', swap: 'outerSync' })"


def test_axe_core_is_unchanged() -> None:
    response = re.search(r"`axe-core-[^`]+` .*`([0-9a-f]{64})` \|", (VENDOR / "VENDOR.md").read_text())
    assert response
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == response[1]


@pytest.fixture(scope="module")
async def states(site: Any, database: None) -> AsyncIterator[list[Any]]:
    """All states, set up at noon; the clock stays there."""
    from backend import clock
    from tests.webapp.opening import stage_state
    from tests.webapp.staging import NOON, LargeAccountFactory
    from tests.webapp.states import chosen

    crowd = LargeAccountFactory(36)
    with clock.stopped(NOON):
        yield [await stage_state(state, "fi", crowd) for state in chosen(os.environ.get("STATES", ""))]


async def faults_of_colour(page: Page, seen: set[str]) -> list[str]:
    """What axe-core finds in the present theme, of looks that are not in `seen`, to which they are added.

    Text that looks the same on the same grounds is read as well on every page.
    """
    new = [look for look in await page.evaluate("sweep.looks()") if look not in seen]
    seen.update(new)
    return await page.evaluate(RUN_AXE, new) if new else []


Found = dict[str, list[str]]
# High enough that nothing is behind the bar at the bottom.
HEIGHT = 4000
WIDE, NARROW = 390, 320


@pytest.fixture(scope="module")
async def found(browser: Any, ports: tuple[int, int], states: list[Any]) -> Found:
    """Every state opened once, in Finnish, and checked in all ways: the faults of each check, by state."""
    page, window = await _new_page(browser)
    wrong, seen, loaded = defaultdict[str, list[str]](list), set[str](), False
    for ready in states:
        loaded = await _show(page, window, f"http://127.0.0.1:{ports[0]}", ready, loaded=loaded)
        async for way, response in _check(page, window, ready, seen):
            wrong[way].extend(f"{ready.state.name}: {one}" for one in response)
    await page.context.close()
    return wrong


async def _new_page(browser: Any) -> tuple[Page, Window]:
    context = await browser.new_context(timezone_id="Europe/Helsinki", locale="fi", reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    for script in (AXE, Path(__file__).with_name("sweep.js")):
        await context.add_init_script(path=script)
    page: Page = await context.new_page()
    return page, await Window.of(page, HEIGHT)


async def _show(page: Page, window: Window, app: str, ready: Any, *, loaded: bool) -> bool:
    """Open a state, in the present page if that makes no difference; whether the next state may use it
    too."""
    from backend import clock
    from tests.webapp.opening import open_state, show_theme
    from webapp.miniapp.authentication import issue_session

    state = ready.state
    plain = not (state.before or state.outside or state.launch)
    await window.resize(WIDE, for_mouse=state.act is not None)
    if not (loaded and plain):
        await open_state(page, app, ready)
    else:
        await show_theme(page, LIGHT)
        await page.evaluate(
            "([reader, path]) => sweep.be(reader, path)",
            [issue_session(ready.reader, clock.now(), clock.now()), ready.path],
        )
        await page.wait_for_selector(f"{state.shows}:not([data-before])")
        if state.act:
            await state.act(page)
    if state.act:
        await window.resize(WIDE)
    return plain and not state.act


async def _check(
    page: Page, window: Window, ready: Any, seen: set[str]
) -> AsyncIterator[tuple[str, list[str]]]:
    """The faults of the page, one check after the other."""
    from backend.people.actions import choose_language
    from tests.webapp.opening import ODD, show_theme

    yield "targets", await page.evaluate("sweep.targets()")
    yield "moving", await page.evaluate("sweep.moving()")
    yield "axe", await page.evaluate(RUN_AXE, None)
    for theme, name in ((DARK, "dark"), (ODD, "odd")):
        await show_theme(page, theme, outside=ready.state.outside)
        yield name, await faults_of_colour(page, seen)
    stops = await page.evaluate("sweep.startTabbing()")
    await asyncio.gather(*(page.keyboard.press("Tab") for _ in range(stops + 1)))
    yield "keys", await page.evaluate("sweep.tabbed()")
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    yield "large", await page.evaluate("sweep.fits()")
    await page.evaluate("document.documentElement.style.fontSize = ''")
    await window.resize(NARROW)
    yield "fi", await page.evaluate("sweep.fits()")
    if ready.state.launch is None and not ready.state.outside and not ready.state.before:
        await choose_language(ready.reader, "ru")
        await page.context.set_offline(False)
        await page.evaluate(AGAIN)
        yield "ru", await page.evaluate("sweep.fits()")


async def test_axe_finds_nothing(found: Found) -> None:
    """On any screen, in light and dark themes."""
    assert not found["axe"] + found["dark"], "\n".join(found["axe"] + found["dark"])


async def test_text_is_readable_in_an_odd_theme(found: Found) -> None:
    assert not found["odd"], "\n".join(found["odd"])


async def test_everything_is_reachable_by_keyboard(found: Found) -> None:
    """Tab reaches everything, in order, and shows the focus."""
    assert not found["keys"], "\n".join(found["keys"])


async def test_targets_are_large_enough(found: Found) -> None:
    """44 pixels each way."""
    assert not found["targets"], "\n".join(found["targets"])


async def test_reduced_motion_is_respected(found: Found) -> None:
    assert not found["moving"], "\n".join(found["moving"])


async def test_text_of_double_size_is_not_cut(found: Found) -> None:
    assert not found["large"], "\n".join(found["large"])


@pytest.mark.parametrize("language", ["fi", "ru"])
async def test_long_words_fit_the_smallest_phone(found: Found, language: str) -> None:
    """No horizontal scrolling at 320 pixels."""
    assert not found[language], "\n".join(found[language])


BAD = """
(document.querySelector('#screen .body') ?? document.body).insertAdjacentHTML('beforeend', `
  <button class="bad" id="tiny">x</button><img src="data:," class="bad">
  <p class="bad" id="faint">You can hardly read this.</p><p class="bad" id="wide">Lentokonesuihkuturbiinimoottori</p>
  <div id="finger" hx-post="/nowhere">Only for fingers</div><a class="bad" id="blind" href="#">No outline</a>`);
document.adoptedStyleSheets = [new CSSStyleSheet()];
document.adoptedStyleSheets[0].replaceSync(`#tiny { width: 20px; height: 20px }
  #faint { color: #999; background: #aaa } #blind { outline: none !important }
  #wide { width: 500px; animation: breathe 1s infinite !important }`);
"""


async def test_each_check_finds_its_fault(browser: Any, ports: tuple[int, int], states: list[Any]) -> None:
    """The negative control."""
    from tests.webapp.opening import open_state

    page, window = await _new_page(browser)
    await window.resize(WIDE)
    await open_state(page, f"http://127.0.0.1:{ports[0]}", states[0])
    await page.evaluate(BAD)
    seen = {way: " ".join(response) async for way, response in _check(page, window, states[0], set())}
    assert "image-alt" in seen["axe"]
    assert "#faint" in seen["axe"]
    assert "button#tiny" in seen["targets"]
    assert "p#wide" in seen["moving"]
    assert "div#finger" in seen["keys"]
    assert "a#blind" in seen["keys"]
    assert "p#wide" in seen["fi"]
    await page.context.close()
