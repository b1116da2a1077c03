"""What an installation costs while nobody uses it: `.venv/bin/python -m bench.idle [CHECKOUT …] [--seconds 60]`.

Web process, worker and bot, each started by itself, on a PostgreSQL of their own that flushes to disk; a sandbox stands in
for Telegram and is not counted. After some seconds in which they settle, so many are measured: the processor time of each, the
transactions that PostgreSQL counted, and at the end their memory, pages that they share counted once (PSS). Several
checkouts are measured one after another, and `--rounds 2` does so again in the other order. `--seconds 20 --settle 5` takes
half a minute. `--json FILE` keeps the figures.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from backend import embedded
from bench.__main__ import (
    ROOT,
    TOKEN,
    environment,
    free_port,
    memory_mb,
    query,
    running_process,
    running_server,
)
from bench.open_screens import CpuClock, cpu_seconds

COMMITTED = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
PROCESSES = ("web", "worker", "bot")


@dataclass(frozen=True, slots=True)
class Idle:
    """Percent of a core that each process and PostgreSQL took, transactions a second, and megabytes of each process."""

    web: float
    worker: float
    bot: float
    database: float
    transactions: float
    web_mb: float
    worker_mb: float
    bot_mb: float

    @property
    def together(self) -> float:
        return self.web + self.worker + self.bot + self.database

    @property
    def memory_mb(self) -> float:
        return self.web_mb + self.worker_mb + self.bot_mb


@contextmanager
def everything(checkout: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """A checkout's processes with an empty database: its address, and the pid of each."""
    telegram = free_port()
    stand_in = ["sandbox", "--port", str(telegram), "--app-url", "http://127.0.0.1:1"]
    stand_in += ["--token", TOKEN, "--bot-name", "emerald_bench_bot"]
    more = {"TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}", "TELEGRAM_WEBHOOK": "false"}
    with ExitStack() as stack:
        url = stack.enter_context(embedded.throwaway(durable=True))
        settings = environment(url, 1) | more | {"PYTHONPATH": str(checkout)}
        migrating = [sys.executable, "-m", "emerald", "migrate"]
        subprocess.run(migrating, env=settings, cwd=checkout, check=True, stdout=subprocess.DEVNULL)
        without_env = {name: text for name, text in settings.items() if name != "ENV"}
        stack.enter_context(running_process(stand_in, without_env, checkout=checkout))
        pids = {
            name: stack.enter_context(running_process(["emerald", command], settings, checkout=checkout))
            for name, command in (("worker", "work"), ("bot", "bot"))
        }
        _, pids["web"] = stack.enter_context(
            running_server(["emerald", "serve"], url, "/health", more, checkout=checkout)
        )
        yield url, pids


def measure(checkout: Path, seconds: float, settle: float) -> Idle:
    """One checkout, for so many seconds after it has settled."""
    with everything(checkout) as (url, pids):
        time.sleep(settle)
        clock = CpuClock(url, pids["web"])
        before, committed = {name: cpu_seconds(pid) for name, pid in pids.items()}, _transactions(url)
        clock.since()
        time.sleep(seconds)
        passed, _, database = clock.since()
        spent = {name: (cpu_seconds(pid) - before[name]) / passed * 100 for name, pid in pids.items()}
        return Idle(
            **spent,
            database=database / passed * 100,
            transactions=(_transactions(url) - committed - 1) / passed,
            **{f"{name}_mb": memory_mb(pid, "Pss") for name, pid in pids.items()},
        )


def _transactions(url: str) -> int:
    return int(query(url, COMMITTED))


def print_table(checkouts: Sequence[Path], found: Sequence[Sequence[Idle]]) -> None:
    """A line for each checkout: the median of its rounds; with the ratio to the first."""
    print(
        "| checkout | web % | worker % | bot % | PostgreSQL % | together % | transactions/s | memory MB | ratios |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    lines = []
    for rounds in found:
        median = {name: statistics.median(asdict(one)[name] for one in rounds) for name in asdict(rounds[0])}
        lines.append(Idle(**median))
    for checkout, idle in zip(checkouts, lines, strict=True):
        ratios = (
            idle.together / lines[0].together,
            idle.transactions / lines[0].transactions,
            idle.memory_mb / lines[0].memory_mb,
        )
        print(
            f"| {checkout.name} | {idle.web:.2f} | {idle.worker:.2f} | {idle.bot:.2f} | {idle.database:.2f} |"
            f" {idle.together:.2f} |"
            f" {idle.transactions:.1f} | {idle.memory_mb:.0f} ({idle.web_mb:.0f}, {idle.worker_mb:.0f}, {idle.bot_mb:.0f}) |"
            f" {', '.join(f'{ratio:.2f}' for ratio in ratios)} |"
        )


def main() -> None:
    """Measure each checkout, and print a table."""
    options = argparse.ArgumentParser(prog="bench.idle", description=__doc__)
    options.add_argument("checkouts", type=Path, nargs="*", default=[ROOT])
    options.add_argument("--seconds", type=float, default=60, help="that are measured")
    options.add_argument("--settle", type=float, default=15, help="seconds before that")
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--json", type=Path, help="where to keep the figures")
    given = options.parse_args()
    checkouts = [checkout.resolve() for checkout in given.checkouts]
    found: list[list[Idle]] = [[] for _ in checkouts]
    for number in range(given.rounds):
        order = list(enumerate(checkouts))
        for place, checkout in order if number % 2 == 0 else reversed(order):
            found[place].append(measure(checkout, given.seconds, given.settle))
    print_table(checkouts, found)
    print(f"\nload {os.getloadavg()[0]:.1f}")
    if given.json:
        given.json.write_text(json.dumps([[asdict(one) for one in rounds] for rounds in found], indent=1))


if __name__ == "__main__":
    main()
