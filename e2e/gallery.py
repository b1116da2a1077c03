"""Screenshots of every screen and state of the Mini App and the dashboard: `.venv/bin/python -m e2e.gallery`, then open
`e2e/shots/gallery/index.html`.

    --only home,event-offer   only these screens or states; `dashboard` or `dashboard-week` of the dashboard
    --language fi,ru   --theme dark,odd   --size 390x844,320x568
    --all                     every state × theme × language × size, with a club of 3,000 (a quarter of an hour)
    --out DIR                 another directory

Without `--all`: everything in English, light and dark, on a phone; other combinations where they differ most
(dark and Russian on the smallest phone, the odd theme in Finnish on the desktop panel). Only the clock is not
real: it stands at noon.
"""

import argparse
import asyncio
import json
import os
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend import embedded

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

    from tests.webapp.opening import StagedState

OUT = Path(__file__).parent / "shots" / "gallery"
LANGUAGES, LOOKS = ("en", "fi", "ru"), ("light", "dark", "odd")
SIZES = {"390x844": (390, 844), "320x568": (320, 568), "420x700": (420, 700), "1280x860": (1280, 860)}
TALLEST = 3000  # pixels of a screenshot; longer lists are cut
MANY, SOME = 3000, 300  # members of the large club
WINDOWS = 2  # open at once, one for each processor

# language, theme, size
FEW = (
    ("en", "light", "390x844"),
    ("en", "dark", "390x844"),
    ("fi", "light", "320x568"),
    ("fi", "odd", "420x700"),
    ("ru", "dark", "320x568"),
)
FEW_OF_DASHBOARD = (
    ("en", "light", "390x844"),
    ("en", "dark", "390x844"),
    ("en", "light", "1280x860"),
    ("fi", "light", "390x844"),
    ("ru", "dark", "1280x860"),
)
Cover = list[tuple[str, str, str]]
OF_DASHBOARD = "dashboard-"  # what the names of its states begin with


@dataclass(frozen=True, slots=True)
class Picture:
    """One of the screenshots, as `index.html` lists it."""

    file: str
    state: str
    screen: str
    language: str
    theme: str
    size: str


def main() -> None:
    """Read the command line, take the screenshots, and print where they are."""
    parser = argparse.ArgumentParser("e2e.gallery", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", metavar="SCREENS")
    parser.add_argument("--language", default="", metavar="LANGUAGES")
    parser.add_argument("--theme", default="", metavar="THEMES")
    parser.add_argument("--size", default="", metavar="SIZES")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--out", type=Path, default=OUT, metavar="DIR")
    asked = parser.parse_args()
    app, dashboard = _by_site(asked.only)
    cover, wide = _cover(asked, FEW), _cover(asked, FEW_OF_DASHBOARD)
    cover = [one for one in cover if one[2] != "1280x860"] if app is not None else []
    wide = [one for one in wide if one[1] != "odd"] if dashboard is not None else []
    if not cover and not wide:
        parser.error("no picture has that language, theme and size")
    asked.out.mkdir(parents=True, exist_ok=True)
    with embedded.throwaway() as url:
        os.environ.update(
            ENV="test",
            DATABASE_URL=url,
            TELEGRAM_BOT_TOKEN="42:TEST_TOKEN_OF_NO_BOT",
            TELEGRAM_BOT_NAME="emerald_test_bot",
            PUBLIC_URL="https://emerald.example",
            SECRET_KEY="only-for-pictures-" + "0" * 40,
            LOG_LEVEL="error",
        )
        asyncio.run(_take(app or "", cover, dashboard or "", wide, asked.out, MANY if asked.all else SOME))


def _by_site(only: str) -> tuple[str | None, str | None]:
    """The names of `--only` for the Mini App and for the dashboard: "" is every state, None is none."""
    if not only:
        return "", ""
    names = [name.strip() for name in only.split(",")]
    app = [name for name in names if not f"{name}-".startswith(OF_DASHBOARD)]
    dashboard = [name.removeprefix(OF_DASHBOARD) for name in names if name.startswith(OF_DASHBOARD)]
    is_all = OF_DASHBOARD.rstrip("-") in names
    return ",".join(app) or None, "" if is_all else ",".join(dashboard) or None


def _cover(asked: argparse.Namespace, few: tuple[tuple[str, str, str], ...]) -> Cover:
    """What to take of each state: what the command line names, else all of it or a few that differ most."""
    named = [asked.language, asked.theme, asked.size]
    if not (asked.all or any(named)):
        return list(few)
    every = zip(named, (LANGUAGES, LOOKS, tuple(SIZES)), strict=True)
    wanted = [[one for one in all_ if not named or one in named.split(",")] for named, all_ in every]
    return [(language, look, size) for language, look, size in product(*wanted)]


async def _take(only: str, cover: Cover, of_dashboard: str, wide: Cover, out: Path, many: int) -> None:
    """Set everything up, then open it and take the screenshots."""
    # Settings are read on import, so our modules are imported after the environment is set.
    from backend import clock, db
    from emerald.migrate import migrate
    from emerald.web import create_app
    from tests.webapp.browsing import chromium, serve
    from tests.webapp.opening import stage_state
    from tests.webapp.staging import NOON, LargeAccountFactory
    from tests.webapp.states import chosen

    begun, states, crowd = time.monotonic(), chosen(only) if cover else [], LargeAccountFactory(many)
    languages = [language for language in LANGUAGES if any(language == one[0] for one in cover)]
    await migrate()
    await db.open_pool(name="emerald-gallery")
    try:
        with clock.stopped(NOON):
            ready = [await stage_state(s, language, crowd) for s in states for language in languages]
            print(f"{len(ready)} states are set up ({time.monotonic() - begun:.0f} s)", flush=True)
            waiting: asyncio.Queue[tuple[int, StagedState]] = asyncio.Queue()
            for one in enumerate(ready):
                waiting.put_nowait(one)
            async with serve(create_app(with_pool=False)) as port, chromium() as browser:
                address = f"http://127.0.0.1:{port}"
                takers = [_window(browser, address, waiting, cover, out) for _ in range(WINDOWS)]
                taken = await asyncio.gather(*takers)
                of_the_dashboard = await _take_dashboard(browser, address, of_dashboard, wide, out)
    finally:
        await db.close_pool()
    pictures = [picture for _, _, picture in sorted(one for window in taken for one in window)]
    pictures += of_the_dashboard
    names = [state.name for state in states] + [picture.state for picture in of_the_dashboard]
    _write_index(out, pictures, names)
    print(f"{len(pictures)} pictures in {time.monotonic() - begun:.0f} s: {out / 'index.html'}")


async def _window(
    browser: "Browser",
    address: str,
    waiting: "asyncio.Queue[tuple[int, StagedState]]",
    cover: Cover,
    out: Path,
) -> list[tuple[int, int, Picture]]:
    """Take screenshots of one state after the other until none is left."""
    from tests.webapp.opening import new_page, open_state

    context = await browser.new_context(
        timezone_id="Europe/Helsinki", reduced_motion="reduce", service_workers="block"
    )
    page, taken = await new_page(context), []
    while not waiting.empty():
        at, ready = waiting.get_nowait()
        looks = [(look, size) for language, look, size in cover if language == ready.language]
        width, height = SIZES[looks[0][1]]
        await page.set_viewport_size({"width": width, "height": height})
        await open_state(page, address, ready)
        for nth, (look, size) in enumerate(looks):
            picture = await _picture(page, ready, look, size, out)
            taken.append((at, nth, picture))
    await context.close()
    return taken


async def _take_dashboard(
    browser: "Browser", address: str, only: str, cover: Cover, out: Path
) -> list[Picture]:
    """Screenshots of the dashboard's states, which one club of each language serves."""
    from tests.webapp.dashboard.states import chosen, open_state, stage_dashboard
    from tests.webapp.opening import new_page

    taken: dict[str, list[Picture]] = {}
    for spoken in dict.fromkeys(language for language, _, _ in cover):
        staged = await stage_dashboard(spoken)
        page = await new_page(
            await browser.new_context(timezone_id="Europe/Helsinki", reduced_motion="reduce", locale=spoken)
        )
        for state in chosen(only):
            looks = [(look, size) for language, look, size in cover if language == spoken]
            width, height = SIZES[looks[0][1]]
            await page.set_viewport_size({"width": width, "height": height})
            await open_state(page, address, staged, state)
            for look, size in looks:
                name = f"{OF_DASHBOARD}{state.name}"
                file = f"{name}.{spoken}.{look}.{size}.png"
                await page.emulate_media(color_scheme="dark" if look == "dark" else "light")
                await _shoot(page, size, out / file)
                taken.setdefault(name, []).append(
                    Picture(file, name, OF_DASHBOARD.rstrip("-"), spoken, look, size)
                )
        await page.context.close()
    return [picture for pictures in taken.values() for picture in pictures]


async def _picture(page: "Page", ready: "StagedState", look: str, size: str, out: Path) -> Picture:
    from tests.webapp.opening import THEMES, show_theme

    state = ready.state
    await show_theme(page, THEMES[look], outside=state.outside)
    name = f"{state.name}.{ready.language}.{look}.{size}.png"
    await _shoot(page, size, out / name)
    return Picture(name, state.name, state.screen, ready.language, look, size)


async def _shoot(page: "Page", size: str, path: Path) -> None:
    """The whole page in a window of this width."""
    width, height = SIZES[size]
    await page.set_viewport_size({"width": width, "height": height})
    # The bar sticks to the bottom of the window; in a full-page screenshot that is the bottom of the page.
    whole = await page.evaluate("document.documentElement.scrollHeight")
    await page.set_viewport_size({"width": width, "height": max(height, min(whole, TALLEST))})
    await page.screenshot(path=path)


def _write_index(out: Path, pictures: list[Picture], names: list[str]) -> None:
    """The page that shows the screenshots, those of earlier runs too."""
    seen = {picture.file: picture for picture in pictures}
    for path in out.glob("*.png"):
        parts = path.name.split(".")
        if path.name not in seen and len(parts) == 5:
            state, language, look, size, _ = parts
            seen[path.name] = Picture(path.name, state, state.partition("-")[0], language, look, size)
    entries: list[dict[str, Any]] = [
        {name: getattr(picture, name) for name in Picture.__slots__} for picture in seen.values()
    ]
    entries.sort(key=lambda one: names.index(one["state"]) if one["state"] in names else len(names))
    page = Path(__file__).with_name("gallery.html").read_text()
    data = json.dumps(entries, ensure_ascii=False).replace("<", "\\u003c")
    (out / "index.html").write_text(page.replace("/* pictures */ []", data))


if __name__ == "__main__":
    main()
