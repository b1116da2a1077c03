"""Measure bookings, pages and memory for docs/BENCHMARKS.md: `.venv/bin/python -m bench [--quick]`.

Bookings over HTTP on one hot instance and spread over 1,000 are compared with (a) a bare Litestar handler
that runs one hand-written statement for the same change, and (b) pgbench running that statement. Everything
is measured again with each flush slowed by 2 ms, as on an ordinary server. Then come the events page,
compared with a bare handler, and the memory of web, worker and bot. Only ratios within one run mean anything.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError

from backend import embedded, embedded_files
from bench.baseline import STATEMENT
from bench.load_generator import LoadResult
from bench.requests import get_screen, post_booking

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "42:BENCH_TOKEN_OF_NO_BOT"
SECRET = "only-for-the-bench-" + "0" * 30
SLOW_FLUSH = ("commit_delay=2000", "commit_siblings=0")
EVENTS = 1000
PROGRAMS = embedded_files.binaries(embedded_files.Owner(os.geteuid(), os.getegid()))


def environment(url: str, port: int) -> dict[str, str]:
    """The environment of the measured processes, without the machine's own settings."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return keep | {
        "ENV": "test",
        "DATABASE_URL": url,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_BOT_NAME": "emerald_bench_bot",
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
        "LOG_LEVEL": "error",
        "PYTHONPATH": str(ROOT),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(
    module: list[str],
    url: str,
    path: str,
    settings: Mapping[str, str] | None = None,
    *,
    checkout: Path = ROOT,
) -> Iterator[tuple[int, int]]:
    """Run a server of a checkout as a process, with these settings beside the usual; its port and pid, once `path`
    answers."""
    port = free_port()
    env = environment(url, port) | {"PYTHONPATH": str(checkout)} | dict(settings or {})
    process = subprocess.Popen([sys.executable, "-m", *module], env=env, cwd=checkout)
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise RuntimeError(f"{module} exited at once")
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1).close()
                break
            except (URLError, OSError) as error:
                if getattr(error, "code", None) in (404, 405):
                    break
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def run_load(port: int, connections: int, requests: list[str]) -> LoadResult:
    """Run the load generator as a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(requests, file)
        file.flush()
        command = [sys.executable, "-m", "bench.load_generator", str(port), str(connections), file.name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    result = json.loads(done.stdout)
    result["statuses"] = {int(status): count for status, count in result["statuses"].items()}
    return LoadResult(**result)


def seed_database(
    url: str, members: int, events: int, *, checkout: Path = ROOT, module: str = "seed"
) -> dict[str, Any]:
    """Fill a database by a checkout; what its module prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", str(members), str(events)],
        env=environment(url, 1) | {"PYTHONPATH": str(checkout)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    seeded: dict[str, Any] = json.loads(done.stdout)
    return seeded


class BenchAccount:
    """The measured database: one account with a hot instance, `events` other instances, and members who book
    once each. `organiser` is how its owner is signed in: the Mini App's session, the dashboard's cookie and token."""

    def __init__(self, url: str, members: int, *, events: int = EVENTS) -> None:
        self.url, self.count = url, members
        seeded = seed_database(url, members, events)
        self.hot: tuple[int, str] = tuple(seeded["hot"])
        self.cold: list[tuple[int, str]] = [tuple(pair) for pair in seeded["cold"]]
        self.organiser: dict[str, str] = seeded["organiser"]
        self.members: list[tuple[int, int, str]] = [tuple(m) for m in seeded["members"]]
        self.next = 0

    def take_members(self, n: int) -> list[tuple[int, int, str]]:
        """The next `n` members who have not booked yet, as (membership id, user id, session)."""
        taken = self.members[self.next : self.next + n]
        if len(taken) < n:
            raise RuntimeError("there are not enough members")
        self.next += n
        return taken

    def booking_requests(self, n: int, *, hot: bool) -> list[str]:
        """Requests to the application, of one booking each."""
        return [
            post_booking(self.hot[1] if hot else self.cold[i % len(self.cold)][1], session)
            for i, (_, _, session) in enumerate(self.take_members(n))
        ]

    def baseline_requests(self, n: int, *, hot: bool) -> list[str]:
        """Requests to the bare handler for the same changes."""
        lines = []
        for i, (membership, _, _) in enumerate(self.take_members(n)):
            instance = self.hot[0] if hot else self.cold[i % len(self.cold)][0]
            lines.append(
                f"POST /bare/{instance}/{membership} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
            )
        return lines

    def pgbench(self, n: int, clients: int, *, hot: bool) -> float:
        """(b): transactions a second of the statement alone, by pgbench, each for another member."""
        taken = self.take_members(n)
        first, last = (self.hot[0], self.hot[0]) if hot else (self.cold[0][0], self.cold[-1][0])
        psql(
            self.url,
            f"CREATE SEQUENCE bench_members MINVALUE {taken[0][0]} MAXVALUE {taken[-1][0]}",
        )
        statement = " ".join(STATEMENT.split()).replace("$1", ":instance")
        statement = statement.replace("$2", "(SELECT id FROM next)").replace(
            "WITH ", "WITH next AS MATERIALIZED (SELECT nextval('bench_members') AS id), ", 1
        )
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(f"\\set instance random({first}, {last})\n{statement};\n")
            file.flush()
            command = [str(PROGRAMS / "pgbench"), "-n", "-M", "prepared", "-f", file.name]
            command += ["-c", str(clients), "-j", "2", "-t", str(n // clients), self.url]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        psql(self.url, "DROP SEQUENCE bench_members")
        return float(done.stdout.split("tps = ")[1].split()[0])


def psql(url: str, sql: str) -> None:
    """Run a statement that is not measured."""
    subprocess.run([PROGRAMS / "psql", "-qc", sql, url], check=True, capture_output=True)


def query(url: str, sql: str) -> str:
    """What psql prints of a query: columns with `|` between them, a line for each row."""
    done = subprocess.run([PROGRAMS / "psql", "-qAtc", sql, url], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def measured_inside(module: str, marker: str, value: str, arguments: Sequence[str] = ()) -> Any:
    """The JSON that a module prints which is run again in a process of its own, with a mark in its environment, because settings
    are read once for each: they name a server that is thrown away. It asks more often than one person may."""
    with embedded.throwaway(options=("shared_buffers=512MB", "max_wal_size=8GB")) as url:
        settings = environment(url, 1) | {
            marker: value,
            "DATABASE_POOL_SIZE": "1",
            "FAILPOINTS": "rate-limits.off",
        }
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, env=settings, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def main() -> None:
    """Measure everything and print tables."""
    options = argparse.ArgumentParser(prog="bench", description=__doc__)
    options.add_argument("--quick", action="store_true", help="a fifth of the requests")
    given = options.parse_args()
    n = 800 if given.quick else 4000
    for slow in (False, True):
        with embedded.throwaway(durable=True, options=SLOW_FLUSH if slow else ()) as url:
            print(
                f"\n## {'Flush slowed by 2 ms' if slow else 'Flush as the disk does it'}\n",
                flush=True,
            )
            measure_bookings(BenchAccount(url, n * 14), n, page=not slow)


def measure_bookings(account: BenchAccount, n: int, *, page: bool) -> None:
    """Measure bookings against one database and print the rows of a table."""
    print("| bookings | connections | Emerald /s | p50 ms | p99 ms | bare /s | bare p99 ms | ratio |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with (
        running_server(["emerald", "serve"], account.url, "/health") as (emerald_port, _),
        running_server(["bench.baseline"], account.url, "/") as (baseline_port, _),
    ):
        for hot in (True, False):
            for connections in (32, 200):
                baseline = run_load(baseline_port, connections, account.baseline_requests(n, hot=hot))
                emerald = run_load(emerald_port, connections, account.booking_requests(n, hot=hot))
                check_statuses(emerald, 200)
                check_statuses(baseline, 200)
                print(
                    f"| {'one hot event' if hot else 'over 1,000 events'} | {connections} | "
                    f"{emerald.rate:,.0f} | {emerald.p50:.1f} |"
                    f" {emerald.p99:.1f} | {baseline.rate:,.0f} | {baseline.p99:.1f} | {emerald.rate / baseline.rate:.2f} |",
                    flush=True,
                )
        pgbench = [account.pgbench(n, 32, hot=hot) for hot in (True, False)]
        print(
            f"\nThe bare statement by pgbench, 32 clients: one hot event {pgbench[0]:,.0f}/s,"
            f" over 1,000 events {pgbench[1]:,.0f}/s"
        )
        if page:
            measure_pages(account, n // 4, emerald_port, baseline_port)
            measure_memory(account.url)


def measure_pages(account: BenchAccount, n: int, emerald_port: int, baseline_port: int) -> None:
    """Measure the events page of the application and of the bare handler, and the screen after a booking."""
    people = [account.members[i % 500] for i in range(n)]
    page = run_load(emerald_port, 32, [get_screen("/app/events", session) for _, _, session in people])
    bare_page = run_load(
        baseline_port,
        32,
        [f"GET /bare/events/{u} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for _, u, _ in people],
    )
    after = f"/app/events/{account.hot[1]}?after=booked"
    after_booking = run_load(emerald_port, 32, [get_screen(after, session) for _, _, session in people])
    for result in (page, bare_page, after_booking):
        check_statuses(result, 200)
    print(f"\nThe screen that follows a booking, 32 connections: {after_booking.rate:,.0f}/s")
    print(
        f"\nEvents page, 32 connections: Emerald {page.rate:,.0f}/s, bare {bare_page.rate:,.0f}/s, ratio "
        f"{page.rate / bare_page.rate:.2f}"
    )


def measure_memory(url: str) -> None:
    """Measure the memory of web, worker and bot, each started by itself as in containers, after a little
    use."""
    telegram = free_port()
    sandbox = ["sandbox", "--port", str(telegram), "--app-url", "http://127.0.0.1:1"]
    sandbox += ["--token", TOKEN, "--bot-name", "emerald_bench_bot"]
    telegram_env = {"TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}", "TELEGRAM_WEBHOOK": "false"}
    sandbox_env = {k: v for k, v in environment(url, 1).items() if k != "ENV"}
    with (
        running_process(sandbox, sandbox_env),
        running_process(["emerald", "work"], environment(url, 1) | telegram_env) as worker,
        running_process(["emerald", "bot"], environment(url, 1) | telegram_env) as bot,
        running_server(["emerald", "serve"], url, "/health") as (port, web),
    ):
        for _ in range(200):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/app/", timeout=5).close()
        time.sleep(8)  # until the worker and the bot have started; nothing is timed here
        memory = [(memory_mb(pid, "Rss"), memory_mb(pid, "Pss")) for pid in (web, worker, bot)]
    total = sum(rss for rss, _ in memory), sum(pss for _, pss in memory)
    each = ", ".join(
        f"{name} {rss:.0f}" for name, (rss, _) in zip(("web", "worker", "bot"), memory, strict=True)
    )
    print(
        f"\nMemory, each by itself, MB resident: {each}; together {total[0]:.0f} (shared pages once: {total[1]:.0f})"
    )


@contextmanager
def running_process(module: list[str], env: dict[str, str], *, checkout: Path = ROOT) -> Iterator[int]:
    """Run a module of a checkout as a process; its pid."""
    command = [sys.executable, "-m", *module]
    process = subprocess.Popen(command, env=env, cwd=checkout, stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def memory_mb(pid: int, field: str) -> float:
    """A figure of a process's memory, as the kernel sums it up: `Rss`, or `Pss`, which counts shared pages once."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {field}")


def check_statuses(result: LoadResult, status: int) -> None:
    """Raises `RuntimeError` when a request was answered with another status."""
    if set(result.statuses) != {status}:
        raise RuntimeError(f"expected only {status}, got {result.statuses}")


if __name__ == "__main__":
    main()
