"""A rush: so many people want so few seats within seconds: `.venv/bin/python -m bench.rush` (two minutes).

nginx with production's configuration, https, three web processes, a worker, and a sandbox with the group and its card, all on
one machine. Everybody taps once, at a moment of their own within five seconds, on a connection of their own from one of many
addresses; whoever is told to try again (429, 503) does so after a second. Reported are the answers, when the last one came,
how long after its commit a booking was in the group's card, whether seats were given twice, and what `emerald doctor` finds.
`--people 500 --seats 50` takes less than a minute. nginx must be installed, as for the tests.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from backend import embedded
from bench.__main__ import (
    ROOT,
    TOKEN,
    BenchAccount,
    environment,
    free_port,
    psql,
    query,
    running_process,
    running_server,
)
from bench.attacks import Line
from bench.crowded_sandbox import FIRST_CHAT
from bench.send_rate import wait_until_answering
from sandbox.client import Sandbox
from tests.nginx.front import Front, running

AGAIN = (0, 429, 503)  # statuses after which somebody taps again
ADDRESSES = 200
OPEN_AT_ONCE = 200  # handshakes
HEADERS = "Host: localhost\r\n"
# Everybody has loaded something before they tap: a line that has asked for nothing yet is closed after ten seconds.
FIRST = f"GET /health HTTP/1.1\r\n{HEADERS}\r\n".encode()
CHAT = FIRST_CHAT - 1
CARD_TIMEOUT = 60.0  # seconds after the last answer
# The moment at which each person's booking or place in line was committed, in Unix seconds.
COMMITTED = """
SELECT extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM event_participation_log
WHERE instance_id = {instance} AND seats_after + waiting_after = 1 ORDER BY 1
"""
POST_CARD = """
WITH g AS (INSERT INTO groups (account_id, chat_id, title, health, linked_at)
    SELECT account_id, {chat}, 'Group', 'well', now() FROM event_instances WHERE id = {instance} RETURNING id, account_id),
r AS (UPDATE event_series SET group_id = g.id, visibility = 'link' FROM g
    WHERE event_series.id = (SELECT series_id FROM event_instances WHERE id = {instance}))
INSERT INTO cards (account_id, group_id, instance_id, state, next_try_at, created_at)
SELECT account_id, id, {instance}, 'due', now(), now() FROM g
"""


@dataclass
class Rush:
    """Seconds from each person's tap to their answer, and from the first tap to each and to the last answer; answers
    by status. `began` is the first tap, in Unix seconds."""

    times: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)
    began: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    last: float = 0.0

    def percentile(self, share: float) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(len(self.times) * share))]


async def rush(front: Front, requests: list[bytes], within: float, deadline: float) -> Rush:
    """Everybody opens a connection, and then taps at their moment. Raises `TimeoutError` at the deadline."""
    found, trust, opening = Rush(), front.context(), asyncio.Semaphore(OPEN_AT_ONCE)
    lines = [
        Line(front.secure, trust, f"127.0.{1 + n % ADDRESSES // 250}.{1 + n % ADDRESSES % 250}")
        for n in range(len(requests))
    ]

    async def open_line(line: Line) -> None:
        async with opening:
            await line.ask(FIRST)

    async def tap(line: Line, request: bytes, at: float, began: float) -> None:
        await asyncio.sleep(at - time.perf_counter())
        while True:
            status = await line.ask(request)
            found.statuses[status] += 1
            if status not in AGAIN:
                break
            await asyncio.sleep(1)
        now = time.perf_counter()
        found.times.append(now - at)
        found.moments.append(now - began)
        line.close()

    async with asyncio.timeout(deadline):
        await asyncio.gather(*map(open_line, lines))
        began, found.began = time.perf_counter() + 0.5, time.time() + 0.5
        moments = [began + within * n / len(requests) for n in range(len(requests))]
        await asyncio.gather(*(tap(*each, began) for each in zip(lines, requests, moments, strict=True)))
        found.last = time.perf_counter() - began
    return found


def card_lags(commits: list[float], edits: list[tuple[float, int]]) -> list[float]:
    """Seconds from each commit to the first edit of the card that shows so many people, in the order of the commits."""
    lags, edit = [], iter(edits)
    at, shown = next(edit)
    for number, commit in enumerate(commits, 1):
        while shown < number:
            at, shown = next(edit)
        lags.append(at - commit)
    return lags


def hundredths(moments: list[float]) -> list[float]:
    """Of moments in their order those of each hundredth, in seconds."""
    return [round(moments[max(0, len(moments) * n // 100 - 1)], 2) for n in range(1, 101)]


def people_shown(text: str) -> int:
    """How many people a card shows: those with a seat and those in line."""
    found = [re.search(pattern, text) for pattern in (r"([\d,]+) of [\d,]+", r"([\d,]+) in line")]
    return sum(int(match[1].replace(",", "")) for match in found if match)


def card_edits(sandbox: Sandbox, people: int) -> list[tuple[float, int]]:
    """When the card was edited and how many people it showed then, once it shows everybody."""
    deadline, edits, after = time.monotonic() + CARD_TIMEOUT, list[tuple[float, int]](), 0
    while not edits or edits[-1][1] < people:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the card shows {edits[-1:]} of {people}")
        calls = sandbox.calls("editMessageText", chat_id=CHAT, after=after)
        edits += [
            (float(call["at"]), people_shown(call["params"]["text"])) for call in calls if call["result"]
        ]
        after = calls[-1]["number"] if calls else after
        time.sleep(0.2)
    return edits


def run(people: int, seats: int, within: float, processes: int, deadline: float) -> dict[str, object]:
    """One rush on a database of its own; its figures."""
    telegram = free_port()
    stand_in = ["bench.crowded_sandbox", str(telegram), TOKEN, "1", "0"]
    more = {"TELEGRAM_API_URL": f"http://127.0.0.1:{telegram}", "TELEGRAM_WEBHOOK": "false"}
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        directory.chmod(0o755)
        url = stack.enter_context(embedded.throwaway(durable=True, options=("track_commit_timestamp=on",)))
        account = BenchAccount(url, people, events=1)
        instance = account.hot[0]
        psql(url, f"UPDATE instance_seats SET capacity = {seats} WHERE instance_id = {instance}")
        without_env = {name: text for name, text in (environment(url, 1) | more).items() if name != "ENV"}
        stack.enter_context(running_process(stand_in, without_env))
        sandbox = Sandbox(more["TELEGRAM_API_URL"])
        wait_until_answering(sandbox.url)
        psql(url, POST_CARD.format(instance=instance, chat=CHAT))
        stack.enter_context(running_process(["emerald", "work"], environment(url, 1) | more))
        sandbox.calls("sendMessage", chat_id=CHAT, count=1, timeout=30)
        ports = [
            stack.enter_context(running_server(["emerald", "serve"], url, "/health", more))[0]
            for _ in range(processes)
        ]
        front = stack.enter_context(running(directory / "nginx", ports))
        requests = [
            text.replace("Host: 127.0.0.1\r\n", HEADERS).encode()
            for text in account.booking_requests(people, hot=True)
        ]
        found = asyncio.run(rush(front, requests, within, deadline))
        commits = [float(at) for at in query(url, COMMITTED.format(instance=instance)).split()]
        edits = card_edits(sandbox, people)
        in_order = card_lags(commits, edits)
        lags = sorted(in_order)
        booked, waiting = query(
            url, f"SELECT booked, waiting FROM instance_seats WHERE instance_id = {instance}"
        ).split("|")
        doctor = subprocess.run(
            [sys.executable, "-m", "emerald", "doctor", "--invariants", "--database-only"],
            env=environment(url, 1), cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return {
            "people": people,
            "seats": seats,
            "processes": processes,
            "last_s": found.last,
            "p50_s": found.percentile(0.5),
            "p99_s": found.percentile(0.99),
            "card_p50_s": lags[len(lags) // 2],
            "card_p99_s": lags[int(len(lags) * 0.99)],
            "card_edits": len(edits),
            "answered": hundredths(sorted(found.moments)),
            "in_card": hundredths(
                [at + lag - found.began for at, lag in zip(commits, in_order, strict=True)]
            ),
            "statuses": dict(sorted(found.statuses.items())),
            "oversold": max(0, int(booked) - seats),
            "booked": int(booked),
            "waiting": int(waiting),
            "doctor": doctor.stdout.strip(),
            "load": os.getloadavg()[0],
        }


def main() -> None:
    """Measure, and print a table; exits with 1 when a seat was given twice or somebody got no place."""
    options = argparse.ArgumentParser(prog="bench.rush", description=__doc__)
    options.add_argument("--people", type=int, default=10_000)
    options.add_argument("--seats", type=int, default=500)
    options.add_argument("--within", type=float, default=5, help="seconds in which everybody taps once")
    options.add_argument("--processes", type=int, default=3, help="of the web server")
    options.add_argument("--deadline", type=float, default=180, help="seconds after which it is given up")
    options.add_argument("--json", type=Path, help="where to keep the figures")
    given = options.parse_args()
    found = run(given.people, given.seats, given.within, given.processes, given.deadline)
    print(
        "| people | seats | last answer s | p50 s | p99 s | to the card: p50 s | p99 s | edits | answers | oversold |"
        " booked, in line | doctor | load |"
    )
    print(f"|{'---|' * 13}")
    cells = [
        f"{given.people:,}",
        f"{given.seats:,}",
        f"{found['last_s']:.1f}",
        f"{found['p50_s']:.2f}",
        f"{found['p99_s']:.2f}",
        f"{found['card_p50_s']:.2f}",
        f"{found['card_p99_s']:.2f}",
        found["card_edits"],
        found["statuses"],
        found["oversold"],
        f"{found['booked']}, {found['waiting']}",
        found["doctor"],
        f"{found['load']:.1f}",
    ]
    print(f"| {' | '.join(map(str, cells))} |")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    right = found["oversold"] == 0 and found["booked"] == min(given.people, given.seats)
    if not right or found["doctor"] != "All is well.":
        raise SystemExit("Seats were not given rightly.")


if __name__ == "__main__":
    main()
