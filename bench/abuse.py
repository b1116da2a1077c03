"""How long other people wait while one person does the worst they can: `.venv/bin/python -m bench.abuse` (two minutes).

One web process behind nginx with production's configuration, a sandbox in Telegram's place. A hundred times a second
somebody books, each on a line of their own; the time counts from the moment they tap, whether or not the line is free. Short
windows, quiet and attacked, take turns, so that whatever else the machine does meets both alike: in the attacked ones an
organiser does all of `ATTACKS` at once, each as fast as it is answered. With `--each` every attack also has windows of
its own. The attacks come from another address and another process, on the same cores. "Loop held" is processor time.
"""

import argparse
import asyncio
import json
import os
import re
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, cycle
from multiprocessing import get_context
from pathlib import Path

from backend import embedded
from bench.__main__ import TOKEN, BenchAccount, environment, free_port, running_process, running_server
from bench.open_screens import CpuClock
from tests.nginx.front import Front, running

TAPS_A_SECOND, LINES = 100, 100
TARGET = 2.0  # times the quiet p99
WEBHOOK_SECRET = "secret-of-the-bench-webhook"
MEMBER_ADDRESS, ATTACKER_ADDRESS, TELEGRAM_ADDRESS = "127.0.0.1", "127.0.0.2", "127.0.0.3"
WEBHOOK_CONNECTIONS = 40
UPDATES_A_SECOND = 100  # far more than Telegram passes on of one person
ATTACK_CONNECTIONS = 5  # of each attack
ROUND_TRIP = 0.02  # seconds to the attacker
ORGANISER = 1001  # as `bench.seed` makes her, in Telegram
LINE_BYTES = 12_500_000  # a second that the attacker can send: 100 Mbit
HOURS = ",".join(map(str, range(12)))
HELD = "held"  # the file in which the web process writes how long its loop was held
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass(slots=True)
class Line:
    """A connection to nginx from one address, which is opened again when it breaks."""

    port: int
    trust: ssl.SSLContext
    address: str
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=self.trust, server_hostname="localhost", local_addr=(self.address, 0)
        )

    async def ask(self, request: bytes) -> int:
        """The status of the answer; 0 when there was none."""
        try:
            if self.writer is None:
                await self.open()
            assert self.reader and self.writer
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\ncontent-length: (\d+)", head.lower())
            await self.reader.readexactly(int(length[1]) if length else 0)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            return 0
        if b"\r\nconnection: close" in head.lower():
            self.close()
        return int(head[9:12])

    def close(self) -> None:
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


def request(method: str, path: str, headers: str, body: str = "") -> bytes:
    length = len(body.encode())
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}".encode()


@dataclass(frozen=True)
class Target:
    """What the attacker knows: the server, the date, and how they are signed in."""

    port: int
    certificate: str
    code: str
    organiser: dict[str, str]

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.certificate)

    @property
    def app(self) -> str:
        return f"Authorization: Bearer {self.organiser['session']}\r\nHX-Request: true\r\n"

    @property
    def dashboard(self) -> str:
        return f"Cookie: {self.organiser['cookie']}\r\nX-CSRF-Token: {self.organiser['csrf']}\r\n"

    def huge_forms(self) -> Iterator[bytes]:
        """As many fields as a megabyte holds."""
        return cycle(
            [request("POST", f"/app/events/{self.code}/booking", self.app + FORM, "name=&" * 140_000)]
        )

    def names(self) -> Iterator[bytes]:
        """As many names as a form of 64 KiB holds, then as many as it may."""
        path = f"/app/events/{self.code}/booking"
        return cycle(request("POST", path, self.app + FORM, "guests=2" + "&name=a" * n) for n in (8_000, 198))

    def previews(self) -> Iterator[bytes]:
        """Dense rules that began long ago."""
        rule = f"FREQ%3DYEARLY%3BBYDAY%3DMO,TU,WE,TH,FR,SA,SU%3BBYHOUR%3D{HOURS}"
        fields = "title=x&zone=Europe/Helsinki&starts_on=2027-01-03&starts_time=18:00&repeats=own&rule="
        body = f"{fields}{rule}%0AEXRULE:FREQ%3DDAILY%3BBYHOUR%3D{HOURS}"
        return cycle([request("POST", "/dashboard/series/preview", self.dashboard + FORM, body)])

    def changes(self) -> Iterator[bytes]:
        """To book and to leave one date."""
        path = f"/app/events/{self.code}/booking"
        return cycle([request("POST", path, self.app + FORM, "guests=0"), request("DELETE", path, self.app)])

    def screens(self) -> Iterator[bytes]:
        """The longest list."""
        return cycle([request("GET", "/app/events", self.app)])

    def updates(self, numbers: Iterator[int]) -> Iterator[bytes]:
        """Commands to the bot, as Telegram passes them on."""
        sender = {"id": ORGANISER, "first_name": "Olga"}
        command = [{"type": "bot_command", "offset": 0, "length": 5}]
        for n in numbers:
            message = {"message_id": n, "date": int(time.time()), "text": "/help", "entities": command}
            message |= {"from": {**sender, "is_bot": False}, "chat": {**sender, "type": "private"}}
            headers = (
                f"X-Telegram-Bot-Api-Secret-Token: {WEBHOOK_SECRET}\r\nContent-Type: application/json\r\n"
            )
            body = json.dumps({"update_id": n, "message": message})
            yield request("POST", "/telegram/webhook", headers, body)


ATTACKS = ("huge_forms", "names", "previews", "changes", "screens", "updates")


async def attack(target: Target, names: list[str], seconds: float) -> dict[str, Counter[int]]:
    """Do everything named at once for so long; the statuses of the answers to each."""
    until = time.monotonic() + seconds
    trust = target.trust
    statuses: dict[str, Counter[int]] = {name: Counter() for name in names}
    numbers = count(time.time_ns() // 1_000_000)

    async def repeat(name: str, requests: Iterator[bytes], address: str, pause: float) -> None:
        line = Line(target.port, trust, address)
        while (began := time.monotonic()) < until:
            one = next(requests)
            statuses[name][await line.ask(one)] += 1
            sent = ATTACK_CONNECTIONS * len(one) / LINE_BYTES
            await asyncio.sleep(max(0, began + max(pause, sent) - time.monotonic()))
        line.close()

    async with asyncio.TaskGroup() as together:
        for name in names:
            if name == "updates":
                for _ in range(WEBHOOK_CONNECTIONS):
                    pause = WEBHOOK_CONNECTIONS / UPDATES_A_SECOND
                    together.create_task(repeat(name, target.updates(numbers), TELEGRAM_ADDRESS, pause))
            else:
                for _ in range(ATTACK_CONNECTIONS):
                    attacks = getattr(target, name)()
                    together.create_task(repeat(name, attacks, ATTACKER_ADDRESS, ROUND_TRIP))
    return statuses


def attack_in_process(target: Target, names: list[str], seconds: float) -> dict[str, Counter[int]]:
    """The same in a process of its own, which leaves the cores to who is measured: it would be another machine."""
    os.nice(19)
    return asyncio.run(attack(target, names, seconds))


@dataclass
class Phase:
    """Some seconds of taps: the milliseconds of each, the statuses of the answers, and what the attacker got."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    attacked: dict[str, Counter[int]] = field(default_factory=dict)
    held: float = 0.0  # milliseconds of processor time, the longest of the event loop

    def percentile(self, share: float) -> float:
        return sorted(self.times)[int(len(self.times) * share)]


async def tap(front: Front, requests: list[bytes], held: Path) -> Phase:
    """Send each at its moment, on whichever line is free first."""
    phase, free = Phase(), asyncio.Queue[Line]()
    trust = front.context()
    for _ in range(LINES):
        line = Line(front.secure, trust, MEMBER_ADDRESS)
        await line.open()
        free.put_nowait(line)

    async def send(at: float, one: bytes) -> None:
        await asyncio.sleep(at - time.perf_counter())
        line = await free.get()
        phase.statuses[await line.ask(one)] += 1
        phase.times.append((time.perf_counter() - at) * 1000)
        free.put_nowait(line)

    began = time.perf_counter() + 0.5
    since = time.monotonic()
    await asyncio.gather(*(send(began + n / TAPS_A_SECOND, one) for n, one in enumerate(requests)))
    while not free.empty():
        free.get_nowait().close()
    phase.held = longest_held(held, since, time.monotonic())
    return phase


def longest_held(file: Path, since: float, until: float) -> float:
    """What `bench.held_loop` wrote there of the longest time between two moments of the monotonic clock, in
    milliseconds."""
    lines = (line.split() for line in file.read_text().splitlines(keepends=True) if line.endswith("\n"))
    return max((float(held) * 1000 for at, held in lines if since <= float(at) <= until), default=0.0)


def measure(
    front: Front, account: BenchAccount, seconds: int, attacks: list[str], pool: ProcessPoolExecutor
) -> Phase:
    """One phase; quiet without `attacks`."""
    requests = [
        text.replace("Host: 127.0.0.1", "Host: localhost").encode()
        for text in account.booking_requests(seconds * TAPS_A_SECOND, hot=True)
    ]
    attacker: Future[dict[str, Counter[int]]] | None = None
    if attacks:
        certificate = str(front.directory / "letsencrypt/live/localhost/fullchain.pem")
        target = Target(front.secure, certificate, account.hot[1], account.organiser)
        attacker = pool.submit(attack_in_process, target, attacks, seconds + 2)
        time.sleep(1)  # it has begun before anybody is measured
    phase = asyncio.run(tap(front, requests, front.directory / HELD))
    if set(phase.statuses) != {200}:
        raise RuntimeError(f"taps were answered {dict(phase.statuses)}")
    phase.attacked = attacker.result() if attacker else {}
    return phase


@dataclass
class Scenario:
    """All windows of one choice of attacks, the quiet ones beside the attacked ones."""

    name: str
    attacks: list[str]
    quiet: list[Phase] = field(default_factory=list)
    attacked: list[Phase] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The p99 of all attacked windows together, in times that of the quiet ones."""
        return _all(self.attacked).percentile(0.99) / _all(self.quiet).percentile(0.99)

    @property
    def row(self) -> str:
        figures = [
            f"{_all(phases).percentile(share):.1f}"
            for phases in (self.quiet, self.attacked)
            for share in (0.5, 0.99)
        ]
        pairs = zip(self.quiet, self.attacked, strict=True)
        ratios = sorted(attacked.percentile(0.99) / quiet.percentile(0.99) for quiet, attacked in pairs)
        spread = f"{ratios[0]:.1f} to {ratios[-1]:.1f}"
        load = f"{os.getloadavg()[0]:.1f}"
        return f"| {' | '.join([self.name, *figures, f'{self.ratio:.2f}', spread, load])} |"


def _all(phases: list[Phase]) -> Phase:
    return Phase([time for phase in phases for time in phase.times])


def run(seconds: int, windows: int, scenarios: list[Scenario]) -> None:
    """Windows of each scenario, quiet and attacked by turns; prints the rows of the table."""
    telegram = free_port()
    stand_in = ["sandbox", "--port", str(telegram), "--app-url", "http://127.0.0.1:1"]
    stand_in += ["--token", TOKEN, "--bot-name", "emerald_bench_bot"]
    settings = {"TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}", "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET}
    settings["TELEGRAM_WEBHOOK"] = "true"
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(embedded.throwaway(durable=True))
        taps = seconds * TAPS_A_SECOND * (2 * windows * len(scenarios) + 1)
        account = BenchAccount(url, taps, events=30)
        without_env = {name: text for name, text in environment(url, 1).items() if name != "ENV"}
        stack.enter_context(running_process(stand_in, without_env))
        (directory / "nginx").mkdir()
        serve = ["bench.held_loop", str(directory / "nginx" / HELD)]
        port, web = stack.enter_context(running_server(serve, url, "/health", settings))
        front = stack.enter_context(running(directory / "nginx", [port]))
        pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        measure(front, account, seconds, [], pool)  # everything is slower the first time
        cpu = CpuClock(url, web)
        for scenario in scenarios:
            of_web = 0.0
            for _ in range(windows):
                scenario.quiet.append(measure(front, account, seconds, [], pool))
                cpu.since()
                scenario.attacked.append(measure(front, account, seconds, scenario.attacks, pool))
                passed, busy, _ = cpu.since()
                of_web += busy / passed / windows
            of_loop = [max(phase.held for phase in some) for some in (scenario.quiet, scenario.attacked)]
            print(f"{scenario.row} {of_web:.0%} | {of_loop[0]:.0f} | {of_loop[1]:.0f} |", flush=True)


def main() -> None:
    """Measure and print tables; exits with 1 when the target is missed."""
    options = argparse.ArgumentParser(prog="bench.abuse", description=__doc__)
    options.add_argument("--seconds", type=int, default=5, help="of each window")
    options.add_argument("--windows", type=int, default=6, help="quiet ones, and as many attacked ones")
    options.add_argument("--only", choices=ATTACKS, action="append", help="of the attacks; may be repeated")
    options.add_argument("--each", action="store_true", help="every attack by itself, and then all at once")
    given = options.parse_args()
    attacks = given.only or list(ATTACKS)
    scenarios = [Scenario(name.replace("_", " "), [name]) for name in attacks] if given.each else []
    scenarios.append(Scenario("all at once", attacks))
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}\n")
    print(
        "| attack | quiet p50 ms | p99 | attacked p50 ms | p99 | p99 to p99 | of each pair | load | web, of a core"
        " | loop held, quiet | attacked |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    run(given.seconds, given.windows, scenarios)
    print("\n| attack | answers a second, by status |\n|---|---|")
    for name, statuses in scenarios[-1].attacked[-1].attacked.items():
        rates = ", ".join(f"{status}: {n / given.seconds:,.1f}" for status, n in sorted(statuses.items()))
        print(f"| {name.replace('_', ' ')} | {rates} |")
    ratio = scenarios[-1].ratio
    print(f"\np99 attacked / quiet: {ratio:.2f} (aim: at most {TARGET:.0f})")
    if ratio > TARGET:
        raise SystemExit("The target was missed.")


if __name__ == "__main__":
    main()
