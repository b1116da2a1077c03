"""How much dearer everything becomes as the installation grows: `.venv/bin/python -m bench.growth [--sizes 1 10 100]`.

For each number of clubs a database is filled (`bench.filled`), and every act of `bench.acts` is done several times in one
process with one connection: every screen as a member and as an organiser, export, feed, every job, and the check of all
invariants once. Counted are its statements, the processor time of this process, and that of PostgreSQL's for it. Jobs first
work off what the filling has left for them; then they are measured.

A hundred clubs take about ten minutes, one and ten about one: `--sizes 1 10`. The smallest run, `--sizes 1 2 --members 200
--parties 10`, takes half a minute. `--json FILE` keeps the figures.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.statements import noted_statements

INSIDE = "EMERALD_BENCH_GROWTH"  # set in the process that has the database's address among its settings
ONCE = {"check invariants", "archive", "materialize instances"}  # nightly, and long: measured once


@dataclass(frozen=True, slots=True)
class Cost:
    """What one act costs: statements, milliseconds of this process's processor and of PostgreSQL's, and by the clock."""

    statements: int
    web_ms: float
    database_ms: float
    elapsed_ms: float


def processor_seconds(pid: int) -> float:
    """The processor time of a process, by the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


async def measure(act: Callable[[], Awaitable[object]], backend: int, times: int) -> Cost:
    """The median of so many times, after one that is not counted."""
    found = []
    with noted_statements() as sent:
        for _ in range(times + 1):
            sent.clear()
            before = time.process_time(), processor_seconds(backend), time.perf_counter()
            await act()
            after = time.process_time(), processor_seconds(backend), time.perf_counter()
            found.append(tuple((b - a) * 1000 for a, b in zip(before, after, strict=True)))
        statements = len(sent)
    web, database, elapsed = (statistics.median(each) for each in zip(*(found[1:] or found), strict=True))
    return Cost(statements, web, database, elapsed)


async def measure_all(accounts: int, members: int, parties: int, times: int) -> dict[str, Cost]:
    """The cost of each act in the database of this process's settings, which is empty before."""
    from backend import clock, db
    from bench.acts import acts
    from bench.filled import fill
    from emerald.migrate import migrate

    await migrate()
    db.COMMAND_TIMEOUT = 3600.0
    await db.open_pool(name="bench-growth", size=1)
    await db.execute("SET statement_timeout = 0")
    started = time.perf_counter()
    await fill(accounts, clock.now(), members=members, parties=parties)
    print(
        f"{accounts} account(s): filled in {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True
    )
    backend = await db.value("SELECT pg_backend_pid()")
    costs = {}
    async with acts() as found:
        for name, act in found.items():
            if not name.startswith(("member", "organiser")) and name not in ONCE:
                await act()
        await db.execute("ANALYZE")
        for name, act in found.items():
            costs[name] = await measure(act, backend, 0 if name in ONCE else times)
    await db.close_pool()
    return costs


def measure_size(accounts: int, given: argparse.Namespace) -> dict[str, Cost]:
    """`measure_all` in a process of its own, on a server that is thrown away."""
    from bench.__main__ import measured_inside

    arguments = [str(accounts), str(given.members), str(given.parties), str(given.times)]
    measured = measured_inside("bench.growth", INSIDE, " ".join(arguments))
    return {name: Cost(**cost) for name, cost in measured.items()}


def print_table(sizes: Sequence[int], found: Sequence[dict[str, Cost]]) -> None:
    """A line for each act: statements, and processor time of both, at each size; the ratio of the last to the first."""
    heads = [
        f"{accounts} × {what}" for what in ("statements", "web ms", "PostgreSQL ms") for accounts in sizes
    ]
    print(f"| act | {' | '.join(heads)} | ratio |\n|---{'|---' * (len(heads) + 1)}|")
    for name in found[0]:
        costs = [costs[name] for costs in found]
        cells = [f"{cost.statements}" for cost in costs]
        cells += [f"{cost.web_ms:.1f}" for cost in costs] + [f"{cost.database_ms:.1f}" for cost in costs]
        first, last = (cost.web_ms + cost.database_ms for cost in (costs[0], costs[-1]))
        print(f"| {name} | {' | '.join(cells)} | {last / max(first, 0.01):.2f} |")


def main() -> None:
    """Measure each size in turn, and print a table."""
    if os.environ.get(INSIDE):
        costs = asyncio.run(measure_all(*map(int, os.environ[INSIDE].split())))
        print(json.dumps({name: asdict(cost) for name, cost in costs.items()}))
        return
    options = argparse.ArgumentParser(prog="bench.growth", description=__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100], help="numbers of clubs")
    options.add_argument("--members", type=int, default=1000, help="of each club")
    options.add_argument("--parties", type=int, default=100, help="of each of its two hundred dates")
    options.add_argument("--times", type=int, default=5, help="each act is done so often; the median counts")
    options.add_argument("--json", type=Path, help="where to keep the figures")
    given = options.parse_args()
    found = [measure_size(accounts, given) for accounts in given.sizes]
    print_table(given.sizes, found)
    print(f"\nload {os.getloadavg()[0]:.1f}")
    if given.json:
        figures = [{name: asdict(cost) for name, cost in costs.items()} for costs in found]
        given.json.write_text(json.dumps({"sizes": given.sizes, "costs": figures}, indent=1))


if __name__ == "__main__":
    main()
