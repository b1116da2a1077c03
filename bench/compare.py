"""Compare two checkouts in one run: `.venv/bin/python -m bench.compare OLD NEW [--rounds 5] [--slow]`.

Each serves a database of its own, seeded by itself. The same load goes to both in turn, and in the next round the other
way round, so that whatever else the machine does falls on both. Printed are medians: the rate, the processor time of the
web process for each request, and the ratios of NEW to OLD. Both run with this checkout's Python and libraries.

Two versions of PostgreSQL are compared by the same checkout twice:
`python -m bench.compare . . --old-postgresql /usr/lib/postgresql/15/bin`.
"""

import argparse
import os
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from backend import embedded
from bench.__main__ import SLOW_FLUSH, run_load, running_server, seed_database
from bench.load_generator import LoadResult
from bench.open_screens import cpu_seconds
from bench.requests import get_screen, post_booking

EVENTS = 1000
SEEDS = ("seed", "fill")  # the module of `bench` that fills the database, as it is and as it was called


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of load: so many requests over so many connections."""

    name: str
    requests: int
    connections: int

    @property
    def is_booking(self) -> bool:
        return self.name.startswith("booking")


WORKS = (
    Work("booking, one hot event", 2000, 32),
    Work("booking, one hot event", 2000, 200),
    Work("booking, over 1,000 events", 2000, 200),
    Work("list of events", 600, 32),
    Work("screen after a booking", 600, 32),
)


@dataclass(slots=True)
class Side:
    """One checkout that serves, with what was measured of it: (rate, milliseconds of processor time a request, p99)."""

    port: int
    pid: int
    hot: str
    cold: list[str]
    sessions: list[str]
    next: int = 0
    measured: dict[Work, list[tuple[float, float, float]]] = field(default_factory=dict)

    def requests(self, work: Work) -> list[str]:
        """Raw requests; each booking is by a member who has not booked yet."""
        if not work.is_booking:
            path = "/app/events" if work.name.startswith("list") else f"/app/events/{self.hot}?after=booked"
            return [get_screen(path, self.sessions[i % 500]) for i in range(work.requests)]
        lines = []
        for i in range(work.requests):
            code = self.hot if "hot" in work.name else self.cold[i % len(self.cold)]
            lines.append(post_booking(code, self.sessions[self.next]))
            self.next += 1
        return lines

    def measure(self, work: Work) -> None:
        lines = self.requests(work)
        before = cpu_seconds(self.pid)
        result: LoadResult = run_load(self.port, work.connections, lines)
        spent = (cpu_seconds(self.pid) - before) * 1000
        if set(result.statuses) != {200}:
            raise RuntimeError(f"{work.name}: {result.statuses}")
        self.measured.setdefault(work, []).append((result.rate, spent / len(lines), result.p99))

    def median(self, work: Work) -> tuple[float, float, float]:
        rates, spent, p99 = zip(*self.measured[work], strict=True)
        return statistics.median(rates), statistics.median(spent), statistics.median(p99)


@contextmanager
def serving(checkout: Path, members: int, *, slow: bool, postgresql: str = "") -> Iterator[Side]:
    """A checkout's web server on a seeded database, of the PostgreSQL in this directory or else the embedded one."""
    with (
        patch.dict(os.environ, {"PGBIN": postgresql} if postgresql else {}),
        embedded.throwaway(durable=True, options=SLOW_FLUSH if slow else ()) as url,
    ):
        seed = next(name for name in SEEDS if (checkout / "bench" / f"{name}.py").exists())
        seeded = seed_database(url, members, EVENTS, checkout=checkout, module=seed)
        with running_server(["emerald", "serve"], url, "/health", checkout=checkout) as (port, pid):
            yield Side(
                port,
                pid,
                seeded["hot"][1],
                [code for _, code in seeded["cold"]],
                [session for _, _, session in seeded["members"]],
            )


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(prog="bench.compare", description=__doc__)
    options.add_argument("old", type=Path)
    options.add_argument("new", type=Path)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--slow", action="store_true", help="with each flush slowed by 2 ms")
    options.add_argument("--old-postgresql", default="", help="the bin directory of its PostgreSQL")
    options.add_argument("--new-postgresql", default="", help="the same of the other")
    given = options.parse_args()
    bookings = sum(work.requests for work in WORKS if work.is_booking)
    with ExitStack() as stack:
        sides = [
            stack.enter_context(
                serving(
                    checkout.resolve(),
                    bookings * given.rounds + EVENTS,
                    slow=given.slow,
                    postgresql=postgresql,
                )
            )
            for checkout, postgresql in (
                (given.old, given.old_postgresql),
                (given.new, given.new_postgresql),
            )
        ]
        for number in range(given.rounds):
            for work in WORKS:
                for side in sides if number % 2 == 0 else reversed(sides):
                    side.measure(work)
    print("| work | connections | old /s | new /s | ratio | old ms | new ms | ratio | old p99 | new p99 |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for work in WORKS:
        (old_rate, old_ms, old_p99), (new_rate, new_ms, new_p99) = (side.median(work) for side in sides)
        print(
            f"| {work.name} | {work.connections} | {old_rate:,.0f} | {new_rate:,.0f} | {new_rate / old_rate:.2f} |"
            f" {old_ms:.2f} | {new_ms:.2f} | {new_ms / old_ms:.2f} | {old_p99:.0f} | {new_p99:.0f} |"
        )


if __name__ == "__main__":
    main()
