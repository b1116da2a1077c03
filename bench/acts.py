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
    account = await db.value("SELECT max(id) FROM accounts")
    # The roles in the order of the alphabet: first a member, last the owner.
    rows = await db.rows(
        "SELECT u.* FROM telegram_users u JOIN memberships m ON m.user_id = u.id WHERE m.account_id = $1"
        " ORDER BY m.role, m.id",
        account,
    )
    member, organiser = person_from(rows[0]), person_from(rows[-1])
    date = await db.row(
        "SELECT code, series_id FROM event_instances WHERE account_id = $1 AND starts_at > $2 ORDER BY starts_at LIMIT 1",
        account,
        clock.now(),
    )
    assert date is not None
    names = {"code": date["code"], "series_id": date["series_id"], "account_id": account, "membership_id": 1}
    cookie = await _dashboard_cookie(organiser)
    app = create_app(with_pool=False)
    transport = httpx.ASGITransport(cast(Any, app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        found: dict[str, Act] = {}
        for who, person in (("member", member), ("organiser", organiser)):
            session = issue_session(person, clock.now(), clock.now())
            headers = {"Authorization": f"Bearer {session}", "HX-Request": "true", "Cookie": cookie}
            for path in _screens(app):
                found[f"{who} {path}"] = _request(client, path.format_map(names), headers)
        found["export"] = lambda: export(member)
        found["calendar feed"] = lambda: calendar_entries(member, lambda code: code)
        yield found | {job.name: job.run for job in SCHEDULE}


async def _dashboard_cookie(organiser: Person) -> str:
    link = await begin_sign_in("bench")
    await answer_sign_in((await pending_sign_in(link.key)).id, organiser, number=link.number)
    return f"{SESSION}={_serializer(SESSION).dumps({'token': await finish_sign_in(link.browser_key)})}"


def _screens(app: Any) -> list[str]:
    """The addresses of all screens but those of polls and announcements, of which the filled database has none."""
    return [
        route.path_format
        for route in app.routes
        if route.path_format.startswith(("/app", "/dashboard"))
        and "polls/{" not in route.path_format
        and "{announcement_id}" not in route.path_format
        and "GET" in getattr(route, "methods", ())
    ]


def _request(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> Act:
    async def act() -> None:
        answer = await client.get(path, headers=headers)
        # 422: the return from a sign-in at Telegram, which brings what a browser cannot make up.
        assert answer.status_code in (200, 303, 403, 404, 422), (path, answer.status_code)

    return act
