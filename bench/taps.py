"""A booking tap with fifty others tapping: `.venv/bin/python -m bench.taps [--taps 1500]` (under a minute).

Fifty-one members at a time book the same date through the Mini App's own route, each with their session, each the next as
soon as the last is answered: more than any fifty thumbs can do. First with one web process, then with two. Before and after the
application, nothing: what is measured is its own time, the database's included, and that of the load generator beside it.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from backend import embedded
from bench.__main__ import SLOW_FLUSH, Club, load, started
from bench.load import Figures

TAPPING = 51
AIM = 100  # milliseconds at the 95th percentile


def measured(club: Club, ports: list[int], taps: int) -> list[Figures]:
    """The figures of each process; its share of those who tap, and of the taps."""
    each = [club.ours(taps // len(ports), hot=True) for _ in ports]
    with ThreadPoolExecutor() as at_once:
        found = list(at_once.map(lambda port, mine: load(port, TAPPING // len(ports), mine), ports, each))
    for figures in found:
        if set(figures.statuses) != {200}:
            raise RuntimeError(f"not every tap was answered: {figures.statuses}")
    return found


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="bench.taps", description=__doc__)
    options.add_argument("--taps", type=int, default=1500, help="of each run")
    taps = options.parse_args().taps
    missed = False
    print("| flush | web processes | taps/s | p50 ms | p95 ms | p99 ms | aim |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for slow in (False, True):
        with embedded.throwaway(durable=True, options=SLOW_FLUSH if slow else ()) as url:
            club = Club(url, taps * 2 + 100, events=1)
            for processes in (1, 2):
                with ExitStack() as stack:
                    ports = [
                        stack.enter_context(started(["emerald", "serve"], url, "/health"))[0]
                        for _ in range(processes)
                    ]
                    found = measured(club, ports, taps)
                worst = max(figures.p95 for figures in found)
                missed = missed or worst >= AIM
                print(
                    f"| {'slowed by 2 ms' if slow else 'as the disk does it'} | {processes} |"
                    f" {sum(figures.rate for figures in found):,.0f} | {max(figures.p50 for figures in found):.1f} |"
                    f" {worst:.1f} | {max(figures.p99 for figures in found):.1f} | p95 < {AIM} |",
                    flush=True,
                )
    if missed:
        raise SystemExit("That is not what was aimed at.")


if __name__ == "__main__":
    main()
