"""Open screens that ask whether they are still so: `.venv/bin/python -m bench.live [--seconds 12]` (about a minute).

One web process, a club of 100 dates and 1,000 members who all have a screen open and ask every two and a half seconds, a
little early or late, as the app does. First each kind of screen alone, asked one after the other: what an ask costs that
finds nothing changed. Then all of them together, while nothing happens; then while somebody books twice a second.
Processor time is what the kernel counted for the web process and for all of PostgreSQL's.
"""

import argparse
import asyncio
import itertools
import os
import random
import re
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from backend import embedded
from bench.__main__ import PROGRAMS, Club, load, started

PACE = 2.3  # seconds from an answer to the next ask, as in webapp/static/app.js
SCREENS = 1000
ALONE = 200  # asks of each kind
LIVE = re.compile(rb'data-live hx-get="([^"]+)"')
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Told:
    """What a run showed: seconds of each answer, answers by status."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bytes: int = 0

    def at(self, share: float) -> float:
        """Milliseconds within which this share of the answers came."""
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Screen:
    """One open screen: its connection, its reader's session, and the address by which it asks."""

    def __init__(self, port: int, path: str, session: str) -> None:
        self.port, self.path, self.session = port, path, session
        self.address = path

    async def open(self) -> None:
        await self.connect()
        await self.ask(Told())

    async def connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**20)

    async def ask(self, told: Told) -> None:
        """One ask; a changed screen comes with the address of the next."""
        began = time.perf_counter()
        try:
            head = await self.head()
        except (asyncio.IncompleteReadError, ConnectionError):  # nobody used it for five seconds
            await self.connect()
            head = await self.head()
        length = re.search(rb"content-length: (\d+)", head.lower())
        body = await self.reader.readexactly(int(length[1])) if length else b""
        told.times.append(time.perf_counter() - began)
        told.statuses[int(head[9:12])] += 1
        told.bytes += len(head) + len(body)
        if found := LIVE.search(body):
            self.address = found[1].decode().replace("&amp;", "&")

    async def head(self) -> bytes:
        self.writer.write(
            f"GET {self.address} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.session}\r\n"
            "HX-Request: true\r\n\r\n".encode()
        )
        return await self.reader.readuntil(b"\r\n\r\n")

    async def stay(self, told: Told, until: float, rng: random.Random) -> None:
        """Ask until then, at the app's pace."""
        await asyncio.sleep(rng.random() * PACE)
        while time.perf_counter() < until:
            await self.ask(told)
            await asyncio.sleep(PACE * rng.uniform(0.9, 1.1))


class Clock:
    """Processor seconds of the web process and of PostgreSQL's processes."""

    def __init__(self, url: str, web: int) -> None:
        self.web = web
        seen = subprocess.run(
            [PROGRAMS / "psql", "-qAtc", "SELECT pid FROM pg_stat_activity WHERE application_name = 'emerald-web' LIMIT 1", url],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        self.postmaster = int(_stat(int(seen.stdout.split()[0]))[1])
        self.began = self.read()

    def read(self) -> tuple[float, float, float]:
        """Now: the clock on the wall, the web process's, PostgreSQL's."""
        ended = _stat(self.postmaster)[13:15]
        theirs = sum(map(int, ended)) / TICKS + sum(map(_seconds, _children(self.postmaster)))
        return time.perf_counter(), _seconds(self.web), theirs

    def since(self) -> tuple[float, float, float]:
        """What has passed of each since the last time it was asked."""
        now = self.read()
        passed = (now[0] - self.began[0], now[1] - self.began[1], now[2] - self.began[2])
        self.began = now
        return passed


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _seconds(pid: int) -> float:
    try:
        told = _stat(pid)
    except (FileNotFoundError, ProcessLookupError):  # ended this moment: its parent has it now
        return 0.0
    return (int(told[11]) + int(told[12])) / TICKS


def _children(parent: int) -> list[int]:
    return [
        int(pid)
        for line in Path(f"/proc/{parent}/task/{parent}/children").read_text().splitlines()
        for pid in line.split()
    ]


async def alone(port: int, club: Club, clock: Clock) -> None:
    """Each kind of screen, one ask after the other."""
    print("| one ask, nothing changed | web ms | PostgreSQL ms | bytes |")
    print("|---|---|---|---|", flush=True)
    for name, path in screens(club):
        screen = Screen(port, path, club.members[0][2])
        await screen.open()
        told = Told()
        clock.since()
        for _ in range(ALONE):
            await screen.ask(told)
        _, web, database = clock.since()
        assert set(told.statuses) == {204}, told.statuses
        each = 1000 / ALONE
        print(
            f"| {name} | {web * each:.2f} | {database * each:.2f} | {told.bytes // ALONE} |",
            flush=True,
        )
        screen.writer.close()


def screens(club: Club) -> list[tuple[str, str]]:
    """The kinds of screen, each with where it is."""
    return [
        ("an event", f"/app/events/{club.hot[1]}"),
        ("Home, 60 dates", "/app/events"),
        ("Mine", "/app/bookings"),
        ("a month, 100 dates", "/app/month?month=2030-06"),
        ("Polls", "/app/polls"),
    ]


async def together(port: int, club: Club, clock: Clock, seconds: float) -> None:
    """A thousand of them: half on the event, the others spread over the lists."""
    rng = random.Random(4)
    event, home, mine, month, polls = (path for _, path in screens(club))
    paths = itertools.cycle((event, home, event, mine, event, home, event, month, event, polls))
    opened = [Screen(port, next(paths), club.members[n][2]) for n in range(SCREENS)]
    for n in range(0, SCREENS, 20):
        await asyncio.gather(*(screen.open() for screen in opened[n : n + 20]))
    print(
        f"\n| {SCREENS} open screens | asks/s | web, of a core | PostgreSQL, of a core | p50 ms | p95 ms | sent anew | put off |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    for name, pause in (("nothing happens", 0.0), ("two bookings a second", 0.5)):
        told = Told()
        clock.since()
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as all_of_them:
            for screen in opened:
                all_of_them.create_task(screen.stay(told, until, random.Random(rng.random())))
            if pause:
                all_of_them.create_task(book(port, club, pause, until))
        wall, web, database = clock.since()
        off = told.statuses[429] + told.statuses[503]
        print(
            f"| {name} | {len(told.times) / wall:,.0f} | {web / wall:.0%} | {database / wall:.0%} | {told.at(0.5):.1f} |"
            f" {told.at(0.95):.1f} | {told.statuses[200]:,} | {off:,} |",
            flush=True,
        )


async def book(port: int, club: Club, pause: float, until: float) -> None:
    """Somebody books the event everybody looks at."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        writer.write(club.ours(1, hot=True)[0].encode())
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 200 " in head[:15], head
        length = re.search(rb"content-length: (\d+)", head.lower())
        await reader.readexactly(int(length[1]) if length else 0)
        await asyncio.sleep(pause)
    writer.close()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="bench.live", description=__doc__)
    options.add_argument("--seconds", type=float, default=10, help="of each of the two runs")
    seconds = options.parse_args().seconds
    with embedded.throwaway() as url:
        club = Club(url, SCREENS + 200, events=100)
        with started(["emerald", "serve"], url, "/health") as (port, pid):
            load(port, 32, club.ours(SCREENS, hot=True))  # all who look are in
            clock = Clock(url, pid)
            asyncio.run(alone(port, club, clock))
            asyncio.run(together(port, club, clock, seconds))


if __name__ == "__main__":
    main()
