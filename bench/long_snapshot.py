"""The hot row beside somebody's long report: `.venv/bin/python -m bench.long_snapshot` (a minute).

While a transaction keeps a snapshot, PostgreSQL may not remove what it could still read: every change of an instance's counts
leaves a version of the row behind, and the next change passes them all. Bookings of one instance are measured in turn without
a snapshot and beside one that has been held while the row was changed so often as in ten minutes of a hundred changes a
second (`--versions`). Beside the rate stands the processor time of the web process and of PostgreSQL for one booking, which
other work on the machine does not change. The aim: at least 0.8 × the rate without.
"""

import argparse
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from backend import embedded
from bench.__main__ import PROGRAMS, BenchAccount, check_statuses, psql, run_load, running_server
from bench.open_screens import CpuClock

REPORT = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM event_participation_log;"


@contextmanager
def long_report(account: BenchAccount, versions: int) -> Iterator[None]:
    """A transaction that keeps its snapshot, since when the hot row has been changed so many times."""
    report = subprocess.Popen(
        [PROGRAMS / "psql", "-qAt", account.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert report.stdin is not None and report.stdout is not None
    report.stdin.write(f"{REPORT}\n")
    report.stdin.flush()
    report.stdout.readline()  # it has its snapshot
    change = f"UPDATE instance_seats SET version = version + 1 WHERE instance_id = {account.hot[0]}; COMMIT;"
    psql(
        account.url,
        f"DO $$ BEGIN SET synchronous_commit = off; FOR n IN 1..{versions} LOOP {change} END LOOP; END $$",
    )
    time.sleep(1)  # until the server's process for it has ended: its time would count as that of the bookings
    try:
        yield
    finally:
        report.stdin.close()
        report.wait(30)
    psql(account.url, "VACUUM instance_seats")


@dataclass(frozen=True, slots=True)
class Figures:
    """Bookings a second, p99 in milliseconds, and the processor's milliseconds for one booking."""

    rate: float
    p99: float
    web_ms: float
    database_ms: float


def measure(port: int, clock: CpuClock, account: BenchAccount, bookings: int) -> Figures:
    requests = account.booking_requests(bookings, hot=True)
    clock.since()
    found = run_load(port, 200, requests)
    check_statuses(found, 200)
    _, web, database = clock.since()
    return Figures(found.rate, found.p99, web * 1000 / bookings, database * 1000 / bookings)


def main() -> None:
    """Measure, and print a table."""
    options = argparse.ArgumentParser(prog="bench.long_snapshot", description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--bookings", type=int, default=3000, help="of each measurement")
    options.add_argument(
        "--versions", type=int, default=60_000, help="changes of the row while the report runs"
    )
    given = options.parse_args()
    without, beside = list[Figures](), list[Figures]()
    with embedded.throwaway(durable=True) as url:
        account = BenchAccount(url, given.bookings * (2 * given.rounds + 1), events=1)
        with running_server(["emerald", "serve"], url, "/health") as (port, pid):
            clock = CpuClock(url, pid)
            measure(port, clock, account, given.bookings)  # the server warms up
            for _ in range(given.rounds):
                without.append(measure(port, clock, account, given.bookings))
                with long_report(account, given.versions):
                    beside.append(measure(port, clock, account, given.bookings))
    print("| bookings of one instance | /s | p99 ms | web ms | PostgreSQL ms | rate, ratio | load |")
    print(f"|{'---|' * 7}")
    base = statistics.median(each.rate for each in without)
    for name, results in (("without", without), ("beside a long report", beside)):
        middle = Figures(
            *(statistics.median(getattr(each, part.name) for each in results) for part in fields(Figures))
        )
        print(
            f"| {name} | {middle.rate:,.0f} | {middle.p99:.0f} | {middle.web_ms:.2f} | {middle.database_ms:.2f} |"
            f" {middle.rate / base:.2f} | {os.getloadavg()[0]:.1f} |"
        )


if __name__ == "__main__":
    main()
