"""One run of everything in docs/BENCHMARKS.md: `.venv/bin/python -m bench [--quick]`. Ratios are taken within the run.

Bookings over HTTP on one hot event and spread over 1,000, beside (a) a bare Litestar handler that runs one hand-written
statement for the same change, and (b) pgbench running that statement; all again with each flush slowed by 2 ms, as on an
ordinary server; the events page beside a bare handler; and the memory of web, worker and bot together.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from backend import embedded, embedded_files
from bench.bare import STATEMENT
from bench.load import Figures

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "42:BENCH_TOKEN_OF_NO_BOT"
SECRET = "only-for-the-bench-" + "0" * 30
SLOW_FLUSH = ("commit_delay=2000", "commit_siblings=0")
EVENTS = 1000
PROGRAMS = embedded_files.binaries(embedded_files.Owner(os.geteuid(), os.getegid()))


def environment(url: str, port: int) -> dict[str, str]:
    """What the measured processes are started with: nothing of the machine's own settings."""
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
def started(module: list[str], url: str, path: str) -> Iterator[tuple[int, int]]:
    """A server of ours as a process; gives its port and pid once `path` answers."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", *module], env=environment(url, port), cwd=ROOT)
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise RuntimeError(f"{module} ended at once")
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


def load(port: int, connections: int, requests: list[str]) -> Figures:
    """Run the load generator as its own process."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(requests, file)
        file.flush()
        command = [sys.executable, "-m", "bench.load", str(port), str(connections), file.name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    told = json.loads(done.stdout)
    told["statuses"] = {int(k): v for k, v in told["statuses"].items()}
    return Figures(**told)


class Club:
    """The measured database: one club, a hot event, a thousand others, and members enough to book once each."""

    def __init__(self, url: str, members: int, *, events: int = EVENTS) -> None:
        self.url, self.count = url, members
        script = [sys.executable, "-m", "bench.fill", str(members), str(events)]
        done = subprocess.run(
            script, env=environment(url, 1), cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        told = json.loads(done.stdout)
        self.hot: tuple[int, str] = tuple(told["hot"])
        self.cold: list[tuple[int, str]] = [tuple(pair) for pair in told["cold"]]
        self.members: list[tuple[int, int, str]] = [tuple(m) for m in told["members"]]
        self.next = 0

    def take(self, n: int) -> list[tuple[int, int, str]]:
        """So many members who have not booked yet, as (membership, user, session)."""
        taken = self.members[self.next : self.next + n]
        if len(taken) < n:
            raise RuntimeError("the bench needs more members")
        self.next += n
        return taken

    def ours(self, n: int, *, hot: bool) -> list[str]:
        """Requests to the application: one booking each."""
        lines = []
        for i, (_, _, session) in enumerate(self.take(n)):
            code = self.hot[1] if hot else self.cold[i % len(self.cold)][1]
            lines.append(
                f"POST /app/events/{code}/booking HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {session}\r\n"
                "HX-Request: true\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nguests=0"
            )
        return lines

    def bare(self, n: int, *, hot: bool) -> list[str]:
        """The same change asked of the bare handler."""
        lines = []
        for i, (membership, _, _) in enumerate(self.take(n)):
            instance = self.hot[0] if hot else self.cold[i % len(self.cold)][0]
            lines.append(
                f"POST /bare/{instance}/{membership} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n"
            )
        return lines

    def pgbench(self, n: int, clients: int, *, hot: bool) -> float:
        """(b): the statement alone, by pgbench, each time for the next member; transactions a second."""
        taken = self.take(n)
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
    """Run a statement of the bench's own."""
    subprocess.run([PROGRAMS / "psql", "-qc", sql, url], check=True, capture_output=True)


def main() -> None:
    """Measure and print."""
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
            measure(Club(url, n * 14), n, page=not slow)


def measure(club: Club, n: int, *, page: bool) -> None:
    """One database's figures, as rows of a table."""
    print("| bookings | connections | Emerald /s | p50 ms | p99 ms | bare /s | bare p99 ms | ratio |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with (
        started(["emerald", "serve"], club.url, "/health") as (ours, _),
        started(["bench.bare"], club.url, "/") as (bare, _),
    ):
        for hot in (True, False):
            for connections in (32, 200):
                theirs = load(bare, connections, club.bare(n, hot=hot))
                mine = load(ours, connections, club.ours(n, hot=hot))
                _expect(mine, 200)
                _expect(theirs, 200)
                print(
                    f"| {'one hot event' if hot else 'over 1,000 events'} | {connections} | {mine.rate:,.0f} | {mine.p50:.1f} |"
                    f" {mine.p99:.1f} | {theirs.rate:,.0f} | {theirs.p99:.1f} | {mine.rate / theirs.rate:.2f} |",
                    flush=True,
                )
        alone = [club.pgbench(n, 32, hot=hot) for hot in (True, False)]
        print(
            f"\nThe bare statement by pgbench, 32 clients: one hot event {alone[0]:,.0f}/s,"
            f" over 1,000 events {alone[1]:,.0f}/s"
        )
        if page:
            pages(club, n // 4, ours, bare)
            memory(club.url)


def pages(club: Club, n: int, ours: int, bare: int) -> None:
    """The events page, ours and bare."""
    people = [club.members[i % 500] for i in range(n)]
    mine = load(
        ours, 32,
        [f"GET /app/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {s}\r\nHX-Request: true\r\n\r\n" for _, _, s in people],
    )  # fmt: skip
    theirs = load(
        bare,
        32,
        [f"GET /bare/events/{u} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for _, u, _ in people],
    )
    after = load(
        ours, 32,
        [f"GET /app/events/{club.hot[1]}?after=booked HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {s}\r\n"
         "HX-Request: true\r\n\r\n" for _, _, s in people],
    )  # fmt: skip
    for figures in (mine, theirs, after):
        _expect(figures, 200)
    print(f"\nThe screen that follows a booking, 32 connections: {after.rate:,.0f}/s")
    print(
        f"\nEvents page, 32 connections: Emerald {mine.rate:,.0f}/s, bare {theirs.rate:,.0f}/s, ratio {mine.rate / theirs.rate:.2f}"
    )


def memory(url: str) -> None:
    """What web, worker and bot hold together, each started by itself as in containers, after a little use."""
    telegram = free_port()
    sandbox = ["sandbox", "--port", str(telegram), "--app-url", "http://127.0.0.1:1"]
    sandbox += ["--token", TOKEN, "--bot-name", "emerald_bench_bot"]
    more = {"TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}", "TELEGRAM_WEBHOOK": "false"}
    stand_in = {k: v for k, v in environment(url, 1).items() if k != "ENV"}
    with (
        running(sandbox, stand_in),
        running(["emerald", "work"], environment(url, 1) | more) as worker,
        running(["emerald", "bot"], environment(url, 1) | more) as bot,
        started(["emerald", "serve"], url, "/health") as (port, web),
    ):
        for _ in range(200):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/app/", timeout=5).close()
        time.sleep(8)  # the worker and the bot have begun by then; nothing is timed here
        held = [(_held(pid, "Rss"), _held(pid, "Pss")) for pid in (web, worker, bot)]
    total = sum(rss for rss, _ in held), sum(pss for _, pss in held)
    each = ", ".join(
        f"{name} {rss:.0f}" for name, (rss, _) in zip(("web", "worker", "bot"), held, strict=True)
    )
    print(
        f"\nMemory, each by itself, MB resident: {each}; together {total[0]:.0f} (shared pages once: {total[1]:.0f})"
    )


@contextmanager
def running(module: list[str], env: dict[str, str]) -> Iterator[int]:
    """A process of ours; its pid."""
    process = subprocess.Popen([sys.executable, "-m", *module], env=env, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _held(pid: int, what: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {what}")


def _expect(figures: Figures, status: int) -> None:
    if set(figures.statuses) != {status}:
        raise RuntimeError(f"expected only {status}, got {figures.statuses}")


if __name__ == "__main__":
    main()
