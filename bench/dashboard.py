"""How much dearer the dashboard's pages are in a large club, and than their SQL and template alone:
`.venv/bin/python -m bench.dashboard [--times 15] [--only numbers]`.

A hundred clubs: 99 of 50 members and 20 dates, and one of 5,000 members, 2,000 dates and 200,000 bookings (`bench.filled`).
Every page is requested by an owner in the large club, in a small one, and from a bare handler that sends the statements which the
page of the large club sent, with the same parameters, and renders the same template with the same values. The three take turns,
in one process with one connection; the medians of the processor time of this process and of PostgreSQL's count.

Both clubs have the same five events a week, so that the weeks and months in which both have dates show as much; the large club
has had them for eight years. Of half of the dates that are over the list is closed, with nine parties of ten checked in. The
date that is looked at has 50 parties in both; those who have not answered are listed of one that nobody has answered, or there
would be none in the small club. Left out are the copy of a whole club, which grows with it, and pages that do a change and
roll it back.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any
from unittest import mock

from bench.growth import processor_seconds
from bench.statements import noted_statements

INSIDE = "EMERALD_BENCH_DASHBOARD"  # set in the process that has the database's address among its settings
SMALL = {"members": 50, "parties": 50, "series": 5, "dates": 4, "past": 2}
LARGE = {"members": 5000, "parties": 100, "series": 5, "dates": 400, "past": 398}
SMALL_ACCOUNTS, PARTIES = 99, 50
AIM, BARE_AIM, NUMBERS_AIM = 1.3, 2.0, 6.0

# Besides the addresses of all routes.
VIEWS = (
    "/dashboard?view=month",
    "/dashboard?view=list",
    "/dashboard?view=list&before=2100-01-01T00:00:00%2B00:00",
    "/dashboard/numbers?weeks=52",
    "/dashboard/members?q=virt",
)
# They list members who are not on a date: of one that nobody has answered.
OF_OTHERS = ("/dashboard/events/{code}/unanswered", "/dashboard/events/{code}/bookings/new")
# The date after the next one.
LATER = """SELECT id, code FROM event_instances WHERE account_id = $1 AND starts_at > $2
    ORDER BY starts_at, id OFFSET 1 LIMIT 1"""
# Of every second date that is over, nine parties of ten are checked in, and the list is closed.
CHECKED_IN = (
    """UPDATE event_instances SET list_closed_at = ends_at WHERE id % 2 = 0 AND ends_at < $1""",
    """UPDATE bookings b SET checked_in_at = i.starts_at, came = b.seats FROM event_instances i
    WHERE i.id = b.instance_id AND i.list_closed_at IS NOT NULL AND b.id % 10 > 0 AND i.ends_at < $1""",
    """INSERT INTO absences (account_id, instance_id, membership_id, kind, seats, at)
    SELECT b.account_id, b.instance_id, b.membership_id, 'no-show', b.seats, i.ends_at
    FROM bookings b JOIN event_instances i ON i.id = b.instance_id
    WHERE i.list_closed_at IS NOT NULL AND b.checked_in_at IS NULL AND i.ends_at < $1""",
)
# A club's whole copy; a change that is tried and rolled back; and what is no page of a club.
LEFT_OUT = ("/export", "/sign-in", "/new")
PAGES_THAT_END_IN_NEW = ("/announcements/new", "/polls/new", "/series/new", "/bookings/new")

Act = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class PageCost:
    """What one page costs: statements, and milliseconds of processor; `bare` is None for a file, which has no template."""

    statements: int
    small: float
    large: float
    bare: float | None


@dataclass(slots=True)
class Request:
    """What a request sent to PostgreSQL, and what it rendered."""

    statements: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    template: tuple[str, Any, dict[str, Any]] | None = None


@contextmanager
def recorded() -> Iterator[Request]:
    """What the request inside the block sends and renders."""
    from asyncpg.connection import Connection

    from webapp.rendering import render

    request = Request()
    prepared: Any = Connection._execute
    plain: Any = Connection.execute

    async def note_prepared(self: Any, query: str, args: Any, *rest: Any, **named: Any) -> Any:
        request.statements.append((query, tuple(args)))
        return await prepared(self, query, args, *rest, **named)

    async def note_plain(self: Any, query: str, *args: Any, **named: Any) -> Any:
        if not args:  # with parameters it is sent as a prepared one
            request.statements.append((query, ()))
        return await plain(self, query, *args, **named)

    def note_template(template: str, voice: Any, /, **context: Any) -> str:
        request.template = template, voice, context
        return render(template, voice, **context)

    with (
        mock.patch.multiple(Connection, _execute=note_prepared, execute=note_plain),
        mock.patch("webapp.respond.render", note_template),
    ):
        yield request


def bare_app(request: Request) -> Any:
    """An application that does nothing but what the request did to the database, and its template."""
    from litestar import Litestar, get

    from backend.engine import DB
    from webapp.rendering import render

    assert request.template is not None
    template, voice, context = request.template

    @get("/", media_type="text/html")
    async def show() -> str:
        assert DB.pool is not None
        async with DB.pool.acquire() as connection:
            for query, args in request.statements:
                await (connection.fetch(query, *args) if args else connection.execute(query))
        return render(template, voice, **context)

    return Litestar([show], openapi_config=None)


async def get_page(app: Any, address: str, headers: list[tuple[bytes, bytes]]) -> int:
    """The status of a page, requested without a client, whose own work would count with it."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    return status


async def measure_in_turn(acts: list[Act], backend: int, times: int) -> list[float]:
    """The median milliseconds of processor of each, this process's and PostgreSQL's together; each is done once before."""
    found: list[list[float]] = [[] for _ in acts]
    for act in acts:
        await act()
    for _ in range(times):
        for one, act in zip(found, acts, strict=True):
            before = time.process_time() + processor_seconds(backend)
            await act()
            one.append((time.process_time() + processor_seconds(backend) - before) * 1000)
    return [statistics.median(one) for one in found]


async def fill_accounts() -> tuple[int, int]:
    """The ids of a small account and of the large one."""
    from backend import clock, db
    from bench.filled import fill

    now = clock.now()
    await fill(SMALL_ACCOUNTS, now, **SMALL)
    await fill(1, now, **LARGE)
    large = await db.value("SELECT max(id) FROM accounts")
    date = await db.value(
        "SELECT id FROM event_instances WHERE account_id = $1 AND starts_at > $2 ORDER BY starts_at LIMIT 1",
        large,
        now,
    )
    await db.execute(
        "DELETE FROM bookings WHERE instance_id = $1 AND id NOT IN"
        f" (SELECT id FROM bookings WHERE instance_id = $1 ORDER BY id LIMIT {PARTIES})",
        date,
    )
    await db.execute(
        "UPDATE instance_seats SET booked = $2, capacity = $2 WHERE instance_id = $1", date, PARTIES
    )
    for account in (large - 1, large):
        later = await db.value(LATER, account, now)
        await db.execute("DELETE FROM bookings WHERE instance_id = $1", later)
        await db.execute("UPDATE instance_seats SET booked = 0 WHERE instance_id = $1", later)
    for statement in CHECKED_IN:
        await db.execute(statement, now)
    await db.execute("VACUUM ANALYZE")
    return large - 1, large


def pages(app: Any) -> list[str]:
    """The paths of the pages that are measured."""
    from bench.acts import screens

    routes = [
        path
        for path in screens(app, "/dashboard")
        if not any(part in path for part in LEFT_OUT) or path.endswith(PAGES_THAT_END_IN_NEW)
    ]
    return [*(path for path in routes if "/sign-in" not in path), *VIEWS]


async def measure_filled(times: int, only: str) -> dict[str, PageCost]:
    """The cost of each page in the database of this process's settings, which is empty before."""
    from backend import db
    from emerald.migrate import migrate

    await migrate()
    db.COMMAND_TIMEOUT = 3600.0
    await db.open_pool(name="bench-dashboard", size=1)
    await db.execute("SET statement_timeout = 0")
    found = await measure_pages(await fill_accounts(), times, only)
    await db.close_pool()
    return found


async def measure_pages(accounts: tuple[int, int], times: int, only: str) -> dict[str, PageCost]:
    """The cost of each page whose path holds `only`, in a small account and in a large one."""
    from backend import clock, db
    from bench.acts import address_of, dashboard_cookie, names_of, people_of
    from emerald.web import create_app

    backend = await db.value("SELECT pg_backend_pid()")
    app, found = create_app(with_pool=False), {}
    names = [await names_of(account) for account in accounts]
    later = [await db.row(LATER, account, clock.now()) for account in accounts]
    others = [{**of, "code": row["code"]} for of, row in zip(names, later, strict=True) if row]
    cookies = [await dashboard_cookie((await people_of(account))[1]) for account in accounts]
    for path in pages(app):
        if only not in path:
            continue
        small, large = (
            _act(app, address_of(path, each), [(b"cookie", cookie.encode())])
            for each, cookie in zip(others if path in OF_OTHERS else names, cookies, strict=True)
        )
        await large()
        with recorded() as request:
            await large()
        with noted_statements() as sent:
            await large()
        acts = [small, large]
        if request.template is not None:
            acts.append(_act(bare_app(request), "/", []))
        costs = await measure_in_turn(acts, backend, times)
        found[path] = PageCost(len(sent), costs[0], costs[1], costs[2] if len(costs) > 2 else None)
    return found


def _act(app: Any, address: str, headers: list[tuple[bytes, bytes]]) -> Act:
    async def act() -> None:
        status = await get_page(app, address, headers)
        assert status == 200, (address, status)

    return act


def print_table(found: dict[str, PageCost]) -> None:
    """A line for each page; what misses its aim is marked."""
    print(
        "| page | statements | small ms | large ms | ratio | bare ms | ratio |\n|---|---|---|---|---|---|---|"
    )
    for path, cost in found.items():
        ratio, aim = cost.large / cost.small, NUMBERS_AIM if "/numbers" in path else AIM
        cells = [
            str(cost.statements),
            f"{cost.small:.1f}",
            f"{cost.large:.1f}",
            _marked(ratio, aim),
            *(
                ["", ""]
                if cost.bare is None
                else [f"{cost.bare:.1f}", _marked(cost.large / cost.bare, BARE_AIM)]
            ),
        ]
        print(f"| `{path.removeprefix('/dashboard') or '/'}` | {' | '.join(cells)} |")


def _marked(ratio: float, aim: float) -> str:
    return f"**{ratio:.2f}**" if ratio > aim else f"{ratio:.2f}"


def main() -> None:
    """Measure in a process of its own, on a server that is thrown away, and print a table."""
    options = argparse.ArgumentParser(prog="bench.dashboard", description=__doc__)
    options.add_argument(
        "--times", type=int, default=15, help="each page is requested so often; the median counts"
    )
    options.add_argument("--only", default="", help="only pages whose path holds this")
    given = options.parse_args()
    if os.environ.get(INSIDE):
        costs = asyncio.run(measure_filled(given.times, given.only))
        print(json.dumps({path: asdict(cost) for path, cost in costs.items()}))
        return
    from bench.__main__ import measured_inside

    measured = measured_inside("bench.dashboard", INSIDE, "1", sys.argv[1:])
    print_table({path: PageCost(**cost) for path, cost in measured.items()})
    print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
