"""The first load of an event on a slow phone: `.venv/bin/python -m bench.first_load [--times 5]` (under a minute).

A throw-away database, `emerald serve` as in production, nginx with production's configuration before it, and Chromium with
nothing in its cache, its processor four times slower, 1.6 Mbit/s down, 0.75 up and 150 ms to every answer (through Chromium's
own throttling, which knows nothing of handshakes). The app is opened as Telegram opens it by a direct link. Measured from
the navigation's start: when the event's title is painted, when the last byte has come; and all bytes on the wire.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright

from backend import embedded
from bench.__main__ import TOKEN, Club, started
from sandbox.launch import sign_fields
from tests.nginx.front import Front, running

LATENCY, DOWN, UP, SLOWER = 150, 1_600_000 / 8, 750_000 / 8, 4
AIM, BYTES = 1.8, 90_000
FIRST_MEMBER = 1_000_001  # as `bench.fill` numbers them

# When the title is there, it is asked to say when it is painted; the body of a screen fades in, which counts from its first frame.
WATCH = """
const told = {};
new MutationObserver((_, watching) => {
  if (!document.querySelector('#screen[data-outcome] h1')) return;
  watching.disconnect();
  told.there = performance.now();
  requestAnimationFrame(() => { const port = new MessageChannel(); port.port1.onmessage = () => { told.title = performance.now(); }; port.port2.postMessage(0); });
}).observe(document, { subtree: true, childList: true });
window.told = told;
"""


@dataclass(frozen=True)
class Load:
    """One first load: seconds from the navigation, bytes on the wire, and what came when."""

    shell: float
    painted: float
    total: int
    requests: list[tuple[str, float, float, int]]


@contextmanager
def production(directory: Path) -> Iterator[tuple[Front, Club]]:
    """A small club behind nginx."""
    with ExitStack() as stack:
        url = stack.enter_context(embedded.throwaway())
        club = Club(url, 40, events=3)
        port, _ = stack.enter_context(started(["emerald", "serve"], url, "/health"))
        yield stack.enter_context(running(directory, [port])), club


def launch(code: str, telegram_id: int) -> str:
    """The address Telegram opens for `t.me/<bot>/<app>?startapp=e_<code>`, from the / on."""
    user = f'{{"id":{telegram_id},"first_name":"Member","language_code":"en","allows_write_to_pm":true}}'
    raw = sign_fields({"user": user, "auth_date": str(int(time.time())), "start_param": f"e_{code}"}, TOKEN)
    theme = '{"bg_color":"#ffffff","secondary_bg_color":"#f4f4f5","text_color":"#000000","button_color":"#3390ec"}'
    return (
        f"/app/?tgWebAppStartParam=e_{code}#tgWebAppData={quote(raw, safe='')}&tgWebAppVersion=9.1"
        f"&tgWebAppPlatform=android&tgWebAppThemeParams={quote(theme, safe='')}"
    )


def once(browser: Browser, address: str) -> Load:
    """Open it with nothing known, and wait until it is quiet."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, ignore_https_errors=True, locale="en-GB"
    )
    page = context.new_page()
    page.add_init_script(WATCH)
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": False})
    shape = {"latency": LATENCY, "downloadThroughput": DOWN, "uploadThroughput": UP}
    wire.send("Network.emulateNetworkConditions", {"offline": False, **shape})
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    sent: dict[str, tuple[str, float]] = {}
    came: list[tuple[str, float, float, int]] = []

    def note(event: Any) -> None:
        sent[event["requestId"]] = (event["request"]["url"], event["timestamp"])

    def end(event: Any) -> None:
        url, at = sent[event["requestId"]]
        came.append((url, at, event["timestamp"], event["encodedDataLength"]))

    wire.on("Network.requestWillBeSent", note)
    wire.on("Network.loadingFinished", end)
    page.goto(address)
    page.wait_for_selector("#screen[data-outcome] h1", timeout=30_000)
    page.wait_for_load_state("networkidle")
    told = page.evaluate("told")
    shell = page.evaluate("performance.getEntriesByType('paint')[0].startTime")
    context.close()
    began = min(at for _, at in sent.values())
    came = [one for one in came if one[0].startswith("https:") and "seen=" not in one[0]]
    return Load(
        shell / 1000,
        told["title"] / 1000,
        sum(size for *_, size in came),
        [(url, at - began, end - began, size) for url, at, end, size in came],
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="bench.first_load", description=__doc__)
    options.add_argument("--times", type=int, default=5)
    times = options.parse_args().times
    with (
        tempfile.TemporaryDirectory() as directory,
        production(Path(directory)) as (front, club),
        sync_playwright() as playwright,
    ):
        chromium = which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        address = front.url + launch(club.hot[1], FIRST_MEMBER)
        once(browser, address)  # the server's own first time, which is not the reader's
        loads = [once(browser, address) for _ in range(times)]
        browser.close()
    report(loads)


def report(loads: list[Load]) -> None:
    """As rows of a table; then, of the middle one, what came when."""
    middle = sorted(loads, key=lambda load: load.painted)[len(loads) // 2]
    print("| | median | worst | aim |")
    print("|---|---|---|---|")
    for name, values in (
        ("first pixels of the shell, s", [load.shell for load in loads]),
        ("the event's title painted, s", [load.painted for load in loads]),
    ):
        aim = f"< {AIM}" if "title" in name else ""
        print(f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} | {aim} |")
    total = max(load.total for load in loads)
    print(f"| bytes on the wire, headers and all | {middle.total:,} | {total:,} | < {BYTES:,} |")
    print("\n| what | asked at, s | there at, s | bytes |")
    print("|---|---|---|---|")
    for url, at, end, size in sorted(middle.requests, key=lambda one: one[1]):
        name = url.partition("://")[2].partition("/")[2].partition("#")[0].rpartition("/")[2]
        print(f"| {name.partition('?')[0] or 'the shell'} | {at:.2f} | {end:.2f} | {size:,} |")
    if middle.painted >= AIM or total >= BYTES:
        raise SystemExit("That is not what was aimed at.")


if __name__ == "__main__":
    main()
