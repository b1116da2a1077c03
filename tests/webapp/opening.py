"""States that are set up and opened in a real browser, one after the other in the same page."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from playwright.async_api import BrowserContext, Page

from backend.people.queries import Person
from tests.webapp.browsing import DARK, LIGHT, launch_hash
from tests.webapp.conftest import init_data, launch_of
from tests.webapp.staging import TEXTS, LargeAccountFactory, Stage, someone
from tests.webapp.states import State

# A custom theme: page and cards in nearly the same colour, a bright accent, pale hints.
ODD = {
    "bg_color": "#f7ead2",
    "text_color": "#4a2c5a",
    "hint_color": "#b79a86",
    "link_color": "#c2185b",
    "button_color": "#ffb300",
    "button_text_color": "#fff8e1",
    "secondary_bg_color": "#f3dfc1",
    "section_bg_color": "#f9e8cf",
    "accent_text_color": "#c2185b",
    "destructive_text_color": "#e64a19",
    "bottom_bar_bg_color": "#e8cfae",
}
THEMES = {"light": LIGHT, "dark": DARK, "odd": ODD}

# The event a client sends after a change of theme.
SEND_THEME = "theme => Telegram.WebView.receiveEvent('theme_changed', { theme_params: theme })"


_openings = count(1)


@dataclass(frozen=True, slots=True)
class StagedState:
    """A state that is set up: its reader and its path."""

    state: State
    language: str
    reader: Person
    path: str


async def stage_state(state: State, language: str, crowd: LargeAccountFactory) -> StagedState:
    """Set up a state for a new reader."""
    reader = await someone(TEXTS[language].reader, language=language, may_write=True)
    stage = Stage(language, reader, crowd)
    path = await state.stage(stage)
    return StagedState(state, language, stage.reader, path)


async def open_state(page: Page, app: str, ready: StagedState, *, language: str = "") -> None:
    """Open the state in this page, as an old client without native buttons does."""
    state = ready.state
    await page.context.set_offline(False)
    await page.unroute_all()
    if page.url.startswith(app):
        if state.outside:  # a page without our scripts, which would store a session again
            await page.goto(f"{app}/nothing")
        await page.evaluate("sessionStorage.clear()")  # or the session of the previous reader would be used
    await page.set_extra_http_headers({"Accept-Language": ready.language})
    if state.before:
        await state.before(page)
    person = ready.reader
    fields = {"language": language or ready.language, **(state.launch or {})}
    raw = init_data(launch_of(person.telegram_id, person.first_name, **fields))
    after = "" if state.outside else launch_hash(raw, platform="android", version="5.0")
    # Another URL each time: a change of the fragment alone loads nothing.
    query = f"{'&' if '?' in ready.path else '?'}opened={next(_openings)}"
    await page.goto(app + ready.path + query + after)
    try:
        await page.wait_for_selector(state.shows)
        if state.act:
            await state.act(page)
    except Exception as error:
        error.add_note(f"while opening {state.name} in {ready.language}")
        raise


async def show_theme(page: Page, theme: dict[str, Any], *, outside: bool = False) -> None:
    """Give the page a theme; outside Telegram there is only the browser's own light or dark."""
    dark = theme is DARK
    if outside:
        await page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    else:
        await page.evaluate(SEND_THEME, json.loads(json.dumps(theme)))


async def new_page(context: BrowserContext) -> Page:
    """A page for many states, one after the other."""
    page = await context.new_page()
    context.set_default_timeout(60_000)
    return page
