"""How long other people wait while one person does the worst they can: `.venv/bin/python -m bench.abuse` (three minutes).

One web process behind nginx with production's configuration, a sandbox in Telegram's place. A hundred times a second
somebody books, each on a line of their own; the time counts from the moment they tap, whether or not the line is free. Short
windows, quiet, controls and attacked, take turns, so that whatever else the machine does meets all alike: in the attacked ones an
organiser does all of `ATTACKS` at once, each as fast as it is answered. With `--each` every attack also has windows of
its own. The attacks come from another address and another process, on the same cores: what that alone costs the others is
seen in the controls, in which the same requests go to an nginx that has nothing behind it.

"Loop" is what the event loop of the web process computes, for whomever, while it answers a tap, and "held" the longest that it
computes without looking at anybody. Both are processor time, which is the same however busy the machine is.
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections import Counter
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from backend import embedded
from bench.__main__ import TOKEN, BenchAccount, environment, free_port, running_process, running_server
from bench.attacks import ATTACKS, WEBHOOK_SECRET, Line, Target, attack_in_process
from bench.held_loop import HELD
from bench.open_screens import CpuClock
from tests.nginx.front import Front, certificates, running

TAPS_A_SECOND, LINES = 100, 100
TARGET = 2.0  # times the quiet p99
MEMBER_ADDRESS = "127.0.0.1"
LOOP = "loop"  # the file in which the web process writes what its loop computed


@dataclass
class Phase:
    """Some seconds of taps: the milliseconds of each, the statuses of the answers, and what the attacker got."""

    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    attacked: dict[str, Counter[int]] = field(default_factory=dict)
    loop: list[float] = field(default_factory=list)  # milliseconds of processor time, while a tap is answered
    held: float = 0.0  # the longest, of the same

    def percentile(self, share: float) -> float:
        return percentile(self.times, share)


def percentile(figures: list[float], share: float) -> float:
    return sorted(figures)[int(len(figures) * share)]


async def tap(front: Front, requests: list[bytes]) -> Phase:
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
    read_loop(front.directory / LOOP, since, phase)
    return phase


def read_loop(file: Path, since: float, phase: Phase) -> None:
    """Put into a phase what `bench.held_loop` wrote there since a moment of the monotonic clock."""
    for line in file.read_text().splitlines(keepends=True):
        at, seconds, what = line.split() if line.endswith("\n") else ("0", "0", "")
        if float(at) < since:
            continue
        if what == HELD:
            phase.held = max(phase.held, float(seconds) * 1000)
        elif what == MEMBER_ADDRESS:
            phase.loop.append(float(seconds) * 1000)


@dataclass
class Bench:
    """What is measured: the server with its people, and whoever attacks it."""

    front: Front
    nobody: Front  # the same nginx with nothing behind it
    account: BenchAccount
    pool: ProcessPoolExecutor

    def measure(self, seconds: int, attacks: list[str], *, at_nobody: bool = False) -> Phase:
        """One phase; quiet without `attacks`, a control when they are sent to nobody."""
        requests = [
            text.replace("Host: 127.0.0.1", "Host: localhost").encode()
            for text in self.account.booking_requests(seconds * TAPS_A_SECOND, hot=True)
        ]
        attacker: Future[dict[str, Counter[int]]] | None = None
        if attacks:
            attacked = self.nobody if at_nobody else self.front
            certificate = str(certificates(attacked.directory) / "fullchain.pem")
            target = Target(attacked.secure, certificate, self.account.hot[1], self.account.organiser)
            attacker = self.pool.submit(attack_in_process, target, attacks, seconds + 2)
            time.sleep(1)  # it has begun before anybody is measured
        phase = asyncio.run(tap(self.front, requests))
        if set(phase.statuses) != {200}:
            raise RuntimeError(f"taps were answered {dict(phase.statuses)}")
        phase.attacked = attacker.result() if attacker else {}
        return phase


@dataclass
class Scenario:
    """All windows of one choice of attacks, the quiet ones and the controls beside the attacked ones."""

    name: str
    attacks: list[str]
    quiet: list[Phase] = field(default_factory=list)
    control: list[Phase] = field(default_factory=list)
    attacked: list[Phase] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The p99 of all attacked windows together, in times that of the quiet ones."""
        return _p99(self.attacked) / _p99(self.quiet)

    @property
    def ratio_of_control(self) -> float:
        """What of it is there although the attacks reach nobody."""
        return _p99(self.control) / _p99(self.quiet)

    @property
    def row(self) -> str:
        figures = [
            f"{percentile(_times(phases), share):.1f}"
            for phases in (self.quiet, self.control, self.attacked)
            for share in (0.5, 0.99)
        ]
        pairs = zip(self.quiet, self.attacked, strict=True)
        ratios = sorted(attacked.percentile(0.99) / quiet.percentile(0.99) for quiet, attacked in pairs)
        spread = f"{ratios[0]:.1f} to {ratios[-1]:.1f}"
        loop = [
            f"{percentile([each for phase in phases for each in phase.loop], 0.99):.1f}"
            for phases in (self.quiet, self.attacked)
        ]
        held = [f"{max(phase.held for phase in phases):.0f}" for phases in (self.quiet, self.attacked)]
        compared = [f"{self.ratio_of_control:.2f}", f"{self.ratio:.2f}", spread]
        return " | ".join([self.name, *figures, *compared, *loop, *held, f"{os.getloadavg()[0]:.1f}"])


HEAD = (
    "attack | quiet p50 ms | p99 | control p50 | p99 | attacked p50 | p99 | control to quiet | attacked to quiet | of each pair"
    " | loop a tap p99, quiet | attacked | held, quiet | attacked | load | web, of a core"
)


def _times(phases: list[Phase]) -> list[float]:
    return [time for phase in phases for time in phase.times]


def _p99(phases: list[Phase]) -> float:
    return percentile(_times(phases), 0.99)


def run(seconds: int, windows: int, scenarios: list[Scenario]) -> None:
    """Windows of each scenario, quiet, controls and attacked by turns; prints the rows of the table."""
    telegram = free_port()
    stand_in = ["sandbox", "--port", str(telegram), "--app-url", "http://127.0.0.1:1"]
    stand_in += ["--token", TOKEN, "--bot-name", "emerald_bench_bot"]
    settings = {"TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}", "TELEGRAM_WEBHOOK_SECRET": WEBHOOK_SECRET}
    settings["TELEGRAM_WEBHOOK"] = "true"
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(embedded.throwaway(durable=True))
        taps = seconds * TAPS_A_SECOND * (3 * windows * len(scenarios) + 1)
        account = BenchAccount(url, taps, events=30)
        without_env = {name: text for name, text in environment(url, 1).items() if name != "ENV"}
        stack.enter_context(running_process(stand_in, without_env))
        (directory / "nginx").mkdir()
        serve = ["bench.held_loop", str(directory / "nginx" / LOOP)]
        port, web = stack.enter_context(running_server(serve, url, "/health", settings))
        front = stack.enter_context(running(directory / "nginx", [port]))
        nobody = stack.enter_context(running(directory / "nobody", [front.alive]))
        pool = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        bench = Bench(front, nobody, account, pool)
        bench.measure(seconds, [])  # everything is slower the first time
        cpu = CpuClock(url, web)
        for scenario in scenarios:
            of_web = 0.0
            for _ in range(windows):
                scenario.quiet.append(bench.measure(seconds, []))
                scenario.control.append(bench.measure(seconds, scenario.attacks, at_nobody=True))
                cpu.since()
                scenario.attacked.append(bench.measure(seconds, scenario.attacks))
                passed, busy, _ = cpu.since()
                of_web += busy / passed / windows
            print(f"| {scenario.row} | {of_web:.0%} |", flush=True)


def main() -> None:
    """Measure and print tables; exits with 1 when the target is missed."""
    options = argparse.ArgumentParser(prog="bench.abuse", description=__doc__)
    options.add_argument("--seconds", type=int, default=5, help="of each window")
    options.add_argument(
        "--windows", type=int, default=6, help="quiet ones, and as many controls and attacked ones"
    )
    options.add_argument("--only", choices=ATTACKS, action="append", help="of the attacks; may be repeated")
    options.add_argument("--each", action="store_true", help="every attack by itself, and then all at once")
    given = options.parse_args()
    attacks = given.only or list(ATTACKS)
    scenarios = [Scenario(name.replace("_", " "), [name]) for name in attacks] if given.each else []
    scenarios.append(Scenario("all at once", attacks))
    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}\n")
    print(f"| {HEAD} |\n|{'---|' * (HEAD.count('|') + 1)}", flush=True)
    run(given.seconds, given.windows, scenarios)
    last = scenarios[-1]
    for name, phase in (("attack", last.attacked[-1]), ("control", last.control[-1])):
        print(f"\n| {name} | answers a second, by status |\n|---|---|")
        for attack, statuses in phase.attacked.items():
            rates = ", ".join(
                f"{status}: {n / (given.seconds + 2):,.1f}" for status, n in sorted(statuses.items())
            )
            print(f"| {attack.replace('_', ' ')} | {rates} |")
    print(
        f"\np99 attacked / quiet: {last.ratio:.2f} (aim: at most {TARGET:.0f}); control / quiet: {last.ratio_of_control:.2f}"
    )
    if last.ratio > TARGET:
        raise SystemExit("The target was missed.")


if __name__ == "__main__":
    main()
