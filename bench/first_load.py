"""The first load of an event on a slow phone: `.venv/bin/python -m bench.first_load [--times 5]` (under a
minute).

It starts a throw-away database, `emerald serve` as in production, and nginx with production's configuration.
Chromium has an empty cache, a processor that is four times slower, 1.6 Mbit/s down, 0.75 Mbit/s up, and waits
150 ms for every answer; its own throttling does this and leaves handshakes out. The app is opened as Telegram
opens it by a direct link. From the start of the navigation it measures when the event's title is painted and
when each answer has come, and counts all bytes on the wire.
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
from bench.__main__ import TOKEN, BenchAccount, running_server
from sandbox.launch import sign_fields
from tests.nginx.front import Front, running

LATENCY_MS, DOWN, UP, CPU_SLOWDOWN = 150, 1_600_000 / 8, 750_000 / 8, 4
TARGET_SECONDS, TARGET_BYTES = 1.8, 90_000
FIRST_MEMBER = 1_000_001  # as `bench.seed` makes them

# Records when the title is there and when it is painted. A screen fades in, which counts from its first
# frame.
PAINT_OBSERVER = """
const moments = {};
new MutationObserver((_, watching) => {
  if (!document.querySelector('#screen[data-outcome] h1')) return;
  watching.disconnect();
  moments.there = performance.now();
  requestAnimationFrame(() => { const port = new MessageChannel();
    port.port1.onmessage = () => { moments.title = performance.now(); };
    port.port2.postMessage(0); });
}).observe(document, { subtree: true, childList: true });
window.moments = moments;
"""


@dataclass(frozen=True)
class FirstLoad:
    """A first load: seconds from the start of the navigation, bytes on the wire, and each request."""

    shell: float
    painted: float
    total: int
    requests: list[tuple[str, float, float, int]]  # address, seconds at its start and end, bytes


@contextmanager
def running_account(directory: Path) -> Iterator[tuple[Front, BenchAccount]]:
    """A small account, served behind nginx."""
    with ExitStack() as stack:
        url = stack.enter_context(embedded.throwaway())
        account = BenchAccount(url, 40, events=3)
        port, _ = stack.enter_context(running_server(["emerald", "serve"], url, "/health"))
        yield stack.enter_context(running(directory, [port])), account


def launch_path(code: str, telegram_id: int) -> str:
    """The path that Telegram opens for `t.me/<bot>/<app>?startapp=e_<code>`."""
    user = f'{{"id":{telegram_id},"first_name":"Member","language_code":"en","allows_write_to_pm":true}}'
    raw = sign_fields({"user": user, "auth_date": str(int(time.time())), "start_param": f"e_{code}"}, TOKEN)
    theme = '{"bg_color":"#ffffff","secondary_bg_color":"#f4f4f5","text_color":"#000000","button_color":"#3390ec"}'
    return (
        f"/app/?tgWebAppStartParam=e_{code}#tgWebAppData={quote(raw, safe='')}&tgWebAppVersion=9.1"
        f"&tgWebAppPlatform=android&tgWebAppThemeParams={quote(theme, safe='')}"
    )


def load_once(browser: Browser, address: str) -> FirstLoad:
    """Open the address in a new browser context, and wait until the network is idle."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, ignore_https_errors=True, locale="en-GB"
    )
    page = context.new_page()
    page.add_init_script(PAINT_OBSERVER)
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": False})
    shape = {"latency": LATENCY_MS, "downloadThroughput": DOWN, "uploadThroughput": UP}
    devtools.send("Network.emulateNetworkConditions", {"offline": False, **shape})
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": CPU_SLOWDOWN})
    sent: dict[str, tuple[str, float]] = {}
    finished: list[tuple[str, float, float, int]] = []

    def on_request(event: Any) -> None:
        sent[event["requestId"]] = (event["request"]["url"], event["timestamp"])

    def on_finished(event: Any) -> None:
        url, at = sent[event["requestId"]]
        finished.append((url, at, event["timestamp"], event["encodedDataLength"]))

    devtools.on("Network.requestWillBeSent", on_request)
    devtools.on("Network.loadingFinished", on_finished)
    page.goto(address)
    page.wait_for_selector("#screen[data-outcome] h1", timeout=30_000)
    page.wait_for_load_state("networkidle")
    moments = page.evaluate("moments")
    shell = page.evaluate("performance.getEntriesByType('paint')[0].startTime")
    context.close()
    started = min(at for _, at in sent.values())
    finished = [one for one in finished if one[0].startswith("https:") and "seen=" not in one[0]]
    return FirstLoad(
        shell / 1000,
        moments["title"] / 1000,
        sum(size for *_, size in finished),
        [(url, at - started, end - started, size) for url, at, end, size in finished],
    )


def main() -> None:
    """Measure and print tables; exits with 1 when a target is missed."""
    options = argparse.ArgumentParser(prog="bench.first_load", description=__doc__)
    options.add_argument("--times", type=int, default=5)
    times = options.parse_args().times
    with (
        tempfile.TemporaryDirectory() as directory,
        running_account(Path(directory)) as (front, account),
        sync_playwright() as playwright,
    ):
        chromium = which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        address = front.url + launch_path(account.hot[1], FIRST_MEMBER)
        load_once(browser, address)  # the server is slower when it renders for the first time
        loads = [load_once(browser, address) for _ in range(times)]
        browser.close()
    report(loads)


def report(loads: list[FirstLoad]) -> None:
    """Print the figures, and the requests of the median load. Raises `SystemExit` when a target is missed."""
    middle = sorted(loads, key=lambda load: load.painted)[len(loads) // 2]
    print("| | median | worst | aim |")
    print("|---|---|---|---|")
    for name, values in (
        ("first pixels of the shell, s", [load.shell for load in loads]),
        ("the event's title painted, s", [load.painted for load in loads]),
    ):
        aim = f"< {TARGET_SECONDS}" if "title" in name else ""
        print(f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} | {aim} |")
    total = max(load.total for load in loads)
    print(f"| bytes on the wire, headers and all | {middle.total:,} | {total:,} | < {TARGET_BYTES:,} |")
    print("\n| what | asked at, s | there at, s | bytes |")
    print("|---|---|---|---|")
    for url, at, end, size in sorted(middle.requests, key=lambda one: one[1]):
        name = url.partition("://")[2].partition("/")[2].partition("#")[0].rpartition("/")[2]
        print(f"| {name.partition('?')[0] or 'the shell'} | {at:.2f} | {end:.2f} | {size:,} |")
    if middle.painted >= TARGET_SECONDS or total >= TARGET_BYTES:
        raise SystemExit("The target was missed.")


if __name__ == "__main__":
    main()
