"""Open screens that poll for changes: `.venv/bin/python -m bench.open_screens [--seconds 12]` (about a
minute).

One web process serves an account with 100 instances and 1,000 members. Each member has a screen open, which
polls every two and a half seconds, a little early or late, as the app does. First each kind of screen polls
alone, one request after the other: the cost of a request that finds nothing changed. Then all screens poll
together, first while nothing happens, then while somebody books twice a second. Processor time is what the
kernel counted for the web process and for all of PostgreSQL's.
"""

import argparse
import asyncio
import itertools
import os
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from backend import embedded
from bench.__main__ import BenchAccount, query, run_load, running_server
from bench.requests import get_screen

POLL_INTERVAL = 2.3  # seconds from an answer to the next request, as in webapp/static/app.js
SCREENS = 1000
REQUESTS_EACH = 200  # of each kind of screen
POLL_ADDRESS = re.compile(rb'data-live hx-get="([^"]+)"')
TICKS = os.sysconf("SC_CLK_TCK")
CPUCLOCK_SCHED = 2  # of the kernel: what a process's clock counts, in the number of that clock


@dataclass
class Responses:
    """The answers of a run: the seconds that each took, how many had which status, and their bytes."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes: int = 0

    def percentile_ms(self, share: float) -> float:
        """The milliseconds within which this share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Screen:
    """One open screen: its connection, its reader's session, and the address that it polls."""

    def __init__(self, port: int, path: str, session: str) -> None:
        self.port, self.path, self.session = port, path, session
        self.address = path

    async def open(self) -> None:
        await self.connect()
        await self.poll(Responses())

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)

    async def poll(self, responses: Responses) -> None:
        """Poll once; a changed screen comes with the address to poll next."""
        started = time.perf_counter()
        try:
            head = await self.request()
        except (asyncio.IncompleteReadError, ConnectionError):  # closed after five seconds without a request
            await self.connect()
            head = await self.request()
        length = re.search(rb"content-length: (\d+)", head.lower())
        body = await self.reader.readexactly(int(length[1])) if length else b""
        responses.times.append(time.perf_counter() - started)
        responses.statuses[int(head[9:12])] += 1
        responses.bytes += len(head) + len(body)
        if found := POLL_ADDRESS.search(body):
            self.address = found[1].decode().replace("&amp;", "&")

    async def request(self) -> bytes:
        self.writer.write(get_screen(self.address, self.session).encode())
        return await self.reader.readuntil(b"\r\n\r\n")

    async def poll_until(self, responses: Responses, until: float, rng: random.Random) -> None:
        """Poll until that moment of the monotonic clock, at the app's interval."""
        await asyncio.sleep(rng.random() * POLL_INTERVAL)
        while time.perf_counter() < until:
            await self.poll(responses)
            await asyncio.sleep(POLL_INTERVAL * rng.uniform(0.9, 1.1))


class CpuClock:
    """The processor time of the web process and of PostgreSQL's processes."""

    def __init__(self, url: str, web: int) -> None:
        self.web = web
        backend = query(
            url, "SELECT pid FROM pg_stat_activity WHERE application_name = 'emerald-web' LIMIT 1"
        )
        self.postmaster = int(_stat(int(backend))[1])
        self.last = self.read()

    def read(self) -> tuple[float, float, float]:
        """Seconds now: of the monotonic clock, of the web process, of PostgreSQL."""
        ended = _stat(self.postmaster)[13:15]
        database = sum(map(int, ended)) / TICKS + sum(map(cpu_seconds, _children(self.postmaster)))
        return time.perf_counter(), cpu_seconds(self.web), database

    def since(self) -> tuple[float, float, float]:
        """The seconds of each that passed since this was last called."""
        now = self.read()
        passed = (now[0] - self.last[0], now[1] - self.last[1], now[2] - self.last[2])
        self.last = now
        return passed


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and of its threads, by the nanosecond; 0 when it has ended."""
    try:
        return time.clock_gettime(~pid << 3 | CPUCLOCK_SCHED)
    except OSError:  # it has just ended: its parent counts it now
        return 0.0


def _children(parent: int) -> list[int]:
    return [
        int(pid)
        for line in Path(f"/proc/{parent}/task/{parent}/children").read_text().splitlines()
        for pid in line.split()
    ]


async def measure_each_kind(port: int, account: BenchAccount, cpu: CpuClock) -> None:
    """Each kind of screen alone, one request after the other."""
    print("| one poll, nothing changed | web ms | PostgreSQL ms | bytes |")
    print("|---|---|---|---|", flush=True)
    for name, path in screens(account):
        screen = Screen(port, path, account.members[0][2])
        await screen.open()
        responses = Responses()
        cpu.since()
        for _ in range(REQUESTS_EACH):
            await screen.poll(responses)
        _, web, database = cpu.since()
        assert set(responses.statuses) == {204}, responses.statuses
        each = 1000 / REQUESTS_EACH
        print(
            f"| {name} | {web * each:.2f} | {database * each:.2f} | {responses.bytes // REQUESTS_EACH} |",
            flush=True,
        )
        screen.writer.close()


def screens(account: BenchAccount) -> list[tuple[str, str]]:
    """The kinds of screen with their addresses."""
    return [
        ("an event", f"/app/events/{account.hot[1]}"),
        ("Home, 60 dates", "/app/events"),
        ("Mine", "/app/bookings"),
        ("a month, 100 dates", "/app/month?month=2030-06"),
        ("Polls", "/app/polls"),
    ]


async def measure_all_open(port: int, account: BenchAccount, cpu: CpuClock, seconds: float) -> None:
    """A thousand screens: half of them show the event, the others are spread over the lists."""
    rng = random.Random(4)
    event, home, mine, month, polls = (path for _, path in screens(account))
    paths = itertools.cycle((event, home, event, mine, event, home, event, month, event, polls))
    opened = [Screen(port, next(paths), account.members[n][2]) for n in range(SCREENS)]
    for n in range(0, SCREENS, 20):
        await asyncio.gather(*(screen.open() for screen in opened[n : n + 20]))
    print(
        f"\n| {SCREENS} open screens | polls/s | web, of a core | PostgreSQL, of a core | p50 ms | p95 ms | sent anew | put off |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, pause in (("nothing happens", 0.0), ("two bookings a second", 0.5)):
        responses = Responses()
        cpu.since()
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as tasks:
            for screen in opened:
                tasks.create_task(screen.poll_until(responses, until, random.Random(rng.random())))
            if pause:
                tasks.create_task(keep_booking(port, account, pause, until))
        wall, web, database = cpu.since()
        put_off = responses.statuses[429] + responses.statuses[503]
        print(
            f"| {name} | {len(responses.times) / wall:,.0f} | {web / wall:.0%} | {database / wall:.0%} | "
            f"{responses.percentile_ms(0.5):.1f} |"
            f" {responses.percentile_ms(0.95):.1f} | {responses.statuses[200]:,} | {put_off:,} |",
            flush=True,
        )


async def keep_booking(port: int, account: BenchAccount, pause: float, until: float) -> None:
    """Book the event that everybody looks at, every `pause` seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        writer.write(account.booking_requests(1, hot=True)[0].encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head[:15], head
        length = re.search(rb"content-length: (\d+)", head.lower())
        await reader.readexactly(int(length[1]) if length else 0)
        await asyncio.sleep(pause)
    writer.close()


def main() -> None:
    """Measure and print tables."""
    options = argparse.ArgumentParser(prog="bench.open_screens", description=__doc__)
    options.add_argument("--seconds", type=float, default=10, help="of each of the two runs")
    seconds = options.parse_args().seconds
    with embedded.throwaway() as url:
        account = BenchAccount(url, SCREENS + 200, events=100)
        with running_server(["emerald", "serve"], url, "/health") as (port, pid):
            run_load(port, 32, account.booking_requests(SCREENS, hot=True))  # everybody who looks has booked
            cpu = CpuClock(url, pid)
            asyncio.run(measure_each_kind(port, account, cpu))
            asyncio.run(measure_all_open(port, account, cpu, seconds))


if __name__ == "__main__":
    main()
