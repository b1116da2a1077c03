"""Which screens, feeds and jobs read a large table whole: `.venv/bin/python -m bench.scans` prints them as JSON.

PostgreSQL counts the sequential scans of each table. In a filled database (`bench.filled`) every screen is requested, as a
member and as an organiser of one club, and every job of the schedule is run once.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

ACCOUNTS, MEMBERS, PARTIES = 60, 200, 4  # 12,000 members and dates, 48,000 bookings
LARGE = 10_000  # rows; a smaller table may be read whole
COUNTS = f"SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > {LARGE}"
INSIDE = "EMERALD_BENCH_SCANS"  # set in the process that has the database's address among its settings


class Scans:
    """What each act adds to the sequential scans of the large tables."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    async def watch(self, name: str, act: Callable[[], Awaitable[Any]]) -> None:
        """Do something, and note the large tables it has read whole."""
        before = await self._counts()
        await act()
        after = await self._counts()
        scanned = sorted(table for table, count in after.items() if count > before.get(table, count))
        if scanned:
            self.found[name] = scanned

    async def _counts(self) -> dict[str, int]:
        from backend import db

        # A connection reports what it did some time later; here there is only one, and it is told to report now.
        await db.rows("SELECT pg_stat_force_next_flush()")
        return {row["relname"]: row["seq_scan"] for row in await db.rows(COUNTS)}


async def find_scans() -> dict[str, list[str]]:
    """What reads which large table whole, in the database of this process's settings, which is empty before."""
    from backend import clock, db
    from bench.acts import acts
    from bench.filled import fill
    from emerald.migrate import migrate

    await migrate()
    db.COMMAND_TIMEOUT = 300.0  # filling takes long where many share the machine
    await db.open_pool(name="bench-scans", size=1)
    await db.execute("SET statement_timeout = 0")
    await fill(ACCOUNTS, clock.now(), members=MEMBERS, parties=PARTIES)
    scans = Scans()
    async with acts() as found:
        for name, act in found.items():
            await scans.watch(name, act)
    await db.close_pool()
    return scans.found


def main() -> None:
    """Run `find_scans` in a process of its own, on a server that is thrown away."""
    if os.environ.get(INSIDE):
        print(json.dumps(asyncio.run(find_scans()), indent=1))
        return
    from backend import embedded
    from bench.__main__ import ROOT, environment

    with embedded.throwaway() as url:
        settings = environment(url, 1) | {INSIDE: "1", "DATABASE_POOL_SIZE": "1"}
        done = subprocess.run([sys.executable, "-m", "bench.scans"], env=settings, cwd=ROOT, check=False)
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
