"""GET requests change nothing: none of them adds, changes or deletes a row."""

from typing import Any

import pytest
from litestar import Litestar

from backend import db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.bookings.actions import book
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.seats.requests import Via

# One query over all tables: the versions of all rows (`ctid`, `xmin`).
FIND_VERSIONS = """
SELECT string_agg(format('SELECT %1$L AS name, count(*) AS rows,'
    ' coalesce(sum(hashtextextended(ROW(t.ctid, t.xmin)::text, 0)), 0) AS versions FROM %1$I t', tablename),
    ' UNION ALL ') FROM pg_tables WHERE schemaname = current_schema()
"""


def _paths(site: Litestar) -> list[str]:
    """The GET routes of the Mini App and the public page, as templates."""
    found = {
        route.path_format
        for route in site.routes
        if route.path_format.startswith(("/app", "/e/")) and "GET" in getattr(route, "methods", ())
    }
    return sorted(found)


@pytest.fixture
async def values(instance: Any, account: Any, olga: Any, alice: Any, noon: Any) -> dict[str, str]:
    """The value of each path parameter, by name."""
    code = await instance(visibility="link")
    for person in (olga, alice):
        await book(code, person, via=Via.MINIAPP)
    draft = PollDraft(question="What do we drink?", options=(OptionDraft("Tea"), OptionDraft("Coffee")))
    member = await authorize(alice, account.id, Permission.BOOK)
    return {
        "code": code,
        "name": code,
        "poll": await create_poll(olga, account.id, draft),
        "account_id": str(account.id),
        "membership_id": str(member.membership_id),
    }


async def test_no_screen_writes_anything(
    site: Any, web: Any, app_of: Any, olga: Any, values: dict[str, str]
) -> None:
    """X4: a read never writes; sessions are renewed without a row."""
    app = await app_of(olga)
    find = await db.value(FIND_VERSIONS)
    before = await db.rows(find)
    paths = _paths(site)
    assert len(paths) > 20
    for path in paths:
        filled = path.replace("polls/{code}", "polls/{poll}").format(**values)
        answer = await app.get(filled)
        assert answer.status_code == 200, (filled, answer.text)
        assert await db.rows(find) == before, filled
