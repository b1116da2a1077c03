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
from typing import Any, cast

ACCOUNTS, MEMBERS, PARTIES = 60, 200, 10  # 12,000 members and dates, 120,000 bookings
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
    import httpx

    from backend import clock, db
    from backend.bookings.calendar_entries import calendar_entries
    from backend.people.queries import person_from
    from backend.people.sign_ins import answer_sign_in, begin_sign_in, finish_sign_in, pending_sign_in
    from backend.personal.queries import export
    from bench.filled import fill
    from emerald.migrate import migrate
    from emerald.schedule import SCHEDULE
    from emerald.web import create_app
    from webapp.dashboard.cookies import SESSION, _serializer
    from webapp.miniapp.authentication import issue_session

    await migrate()
    await db.open_pool(name="bench-scans", size=1)
    await fill(ACCOUNTS, clock.now(), members=MEMBERS, parties=PARTIES)
    account = await db.value("SELECT min(id) + 1 FROM accounts")
    # The roles in the order of the alphabet: first a member, last the owner.
    rows = await db.rows(
        "SELECT u.* FROM telegram_users u JOIN memberships m ON m.user_id = u.id WHERE m.account_id = $1"
        " ORDER BY m.role, m.id",
        account,
    )
    member, organiser = person_from(rows[0]), person_from(rows[-1])
    link = await begin_sign_in("bench")
    await answer_sign_in((await pending_sign_in(link.key)).id, organiser, number=link.number)
    cookie = _serializer(SESSION).dumps({"token": await finish_sign_in(link.browser_key)})
    date = await db.row(
        "SELECT code, series_id FROM event_instances WHERE account_id = $1 AND starts_at > $2 ORDER BY starts_at LIMIT 1",
        account,
        clock.now(),
    )
    assert date is not None
    names = {"code": date["code"], "series_id": date["series_id"], "account_id": account, "membership_id": 1}
    app = create_app(with_pool=False)
    paths = [
        route.path_format
        for route in app.routes
        if route.path_format.startswith(("/app", "/dashboard"))
        and "polls/{" not in route.path_format
        and "GET" in getattr(route, "methods", ())
    ]
    scans = Scans()
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for who, person in (("member", member), ("organiser", organiser)):
            session = issue_session(person, clock.now(), clock.now())
            headers = {
                "Authorization": f"Bearer {session}",
                "HX-Request": "true",
                "Cookie": f"{SESSION}={cookie}",
            }

            for path in paths:

                async def ask(path: str = path.format_map(names), headers: dict[str, str] = headers) -> None:
                    answer = await client.get(path, headers=headers)
                    assert answer.status_code in (200, 303, 403, 404), (path, answer.status_code)

                await scans.watch(f"{who} {path}", ask)
    await scans.watch("export", lambda: export(member))
    await scans.watch("calendar feed", lambda: calendar_entries(member, lambda code: code))
    for job in SCHEDULE:
        await scans.watch(job.name, job.run)
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
