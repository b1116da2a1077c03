"""Everything that is read or done again and again, as acts that can be measured one by one: every screen as a member
and as an organiser of one club of a filled database (`bench.filled`), the export, the calendar feed, and every job."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx

from backend import clock, db
from backend.bookings.calendar_entries import calendar_entries
from backend.people.queries import Person, person_from
from backend.people.sign_ins import answer_sign_in, begin_sign_in, finish_sign_in, pending_sign_in
from backend.personal.queries import export
from emerald.schedule import SCHEDULE
from emerald.web import create_app
from webapp.dashboard.cookies import SESSION, _serializer
from webapp.miniapp.authentication import issue_session

Act = Callable[[], Awaitable[Any]]


@asynccontextmanager
async def acts() -> AsyncIterator[dict[str, Act]]:
    """The acts by name. The pool is open, and the database is filled."""
    names = await names_of(await db.value("SELECT max(id) FROM accounts"))
    member, organiser = await people_of(names["account_id"])
    cookie = await dashboard_cookie(organiser)
    app = create_app(with_pool=False)
    async with client_of(app) as client:
        found: dict[str, Act] = {}
        # The dashboard knows its reader by the cookie, and that is the organiser.
        for who, person, sites in (
            ("member", member, ["/app"]),
            ("organiser", organiser, ["/app", "/dashboard"]),
        ):
            session = issue_session(person, clock.now(), clock.now())
            headers = {"Authorization": f"Bearer {session}", "HX-Request": "true", "Cookie": cookie}
            for path in screens(app, *sites):
                found[f"{who} {path}"] = _request(client, address_of(path, names), headers)
        found["export"] = lambda: export(member)
        found["calendar feed"] = lambda: calendar_entries(member, lambda code: code)
        yield found | {job.name: job.run for job in SCHEDULE}


def client_of(app: Any) -> httpx.AsyncClient:
    """A client that calls the application in this process."""
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")


async def people_of(account: int) -> tuple[Person, Person]:
    """A member and the owner of an account."""
    # The roles in the order of the alphabet: first a member, last the owner.
    rows = await db.rows(
        "SELECT u.* FROM telegram_users u JOIN memberships m ON m.user_id = u.id WHERE m.account_id = $1"
        " ORDER BY m.role, m.id",
        account,
    )
    return person_from(rows[0]), person_from(rows[-1])


async def names_of(account: int) -> dict[str, Any]:
    """What stands in the addresses of an account's screens: its next instance, somebody booked on it, its poll and its
    announcement."""
    row = await db.row(
        """SELECT i.account_id, i.code, i.series_id, p.code AS poll, n.id AS announcement_id, b.membership_id
        FROM event_instances i JOIN bookings b ON b.instance_id = i.id JOIN polls p ON p.account_id = i.account_id
        JOIN announcements n ON n.account_id = i.account_id
        WHERE i.account_id = $1 AND i.starts_at > $2 ORDER BY i.starts_at, b.id LIMIT 1""",
        account,
        clock.now(),
    )
    assert row is not None
    return dict(row)


def address_of(path: str, names: dict[str, Any]) -> str:
    """The address of a screen; polls have codes as instances have."""
    return path.replace("polls/{code}", "polls/{poll}").format_map(names)


async def dashboard_cookie(organiser: Person) -> str:
    """The cookie of a browser in which the organiser signs in now."""
    link = await begin_sign_in("bench")
    await answer_sign_in((await pending_sign_in(link.key)).id, organiser, number=link.number)
    return f"{SESSION}={_serializer(SESSION).dumps({'token': await finish_sign_in(link.browser_key)})}"


def screens(app: Any, *sites: str) -> list[str]:
    """The paths of all screens below these."""
    return [
        route.path_format
        for route in app.routes
        if route.path_format.startswith(sites) and "GET" in getattr(route, "methods", ())
    ]


def _request(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> Act:
    async def act() -> None:
        answer = await client.get(path, headers=headers)
        # 422: the return from a sign-in at Telegram, which brings what a browser cannot make up.
        assert answer.status_code in (200, 303, 403, 404, 422), (path, answer.status_code)

    return act
