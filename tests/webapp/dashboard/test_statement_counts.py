"""How many statements each screen, act and job sends, as exact numbers: `statement_counts.txt`.

Everything is counted in a club with one of each thing and in one with fifty. The numbers are the same, so nothing is
asked once for each row; and they are those in the file, so that one more is noticed. Who adds one knowingly accepts the
new numbers with `--snapshot-update`.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from backend import db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.bookings.actions import book
from backend.bookings.calendar_entries import calendar_entries
from backend.personal.queries import export
from backend.polls.actions import create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll as poll_of
from backend.seats.requests import Via
from bench.statements import noted_statements
from emerald.schedule import SCHEDULE
from tests.webapp.conftest import App
from tests.webapp.dashboard.conftest import Browser

TABLE = Path(__file__).with_name("statement_counts.txt")
FEW, MANY = 1, 50
NIGHTLY = {"archive", "check invariants", "materialize instances"}  # they read everything, on purpose

# These do what is asked about and roll it back: as many statements as that takes, which other tests are about.
TRIALS = ("cancellation/new", "archive/new", "copies/new", "pause/new", "restoration/new", "resumption/new")

Act = Callable[[], Awaitable[Any]]


@pytest.fixture
async def counted(
    site: Any,
    app_of: Any,
    dashboard: Browser,
    account: Any,
    olga: Any,
    alice: Any,
    crowd: Any,
    instance: Any,
    noon: datetime,
) -> Callable[[int], Awaitable[dict[str, int]]]:
    """Make so many of each thing, and count the statements of each act."""

    async def count(number: int) -> dict[str, int]:
        names = await _fill(number, account, olga, [alice, *await crowd(number)], instance)
        app = await app_of(olga)
        found = {}
        for name, act in _acts(site, app, dashboard, names, olga, alice).items():
            await act()  # what is kept in memory is kept now, and what was due is done
            with noted_statements() as sent:
                await act()
            # Whether there is maintenance is asked every few seconds, whoever asks for what.
            found[name] = len([sql for sql in sent if "FROM maintenance" not in sql])
        return found

    return count


async def _fill(number: int, account: Any, olga: Any, people: list[Any], instance: Any) -> dict[str, str]:
    """So many dates and polls, and parties of the first of each; the parameters of addresses."""
    alice, codes, polls = people[0], [], []
    for n in range(number):
        codes.append(await instance(visibility="link", capacity=60))
        options = (OptionDraft("Tea"), OptionDraft("Coffee"))
        polls.append(
            await create_poll(olga, account.id, PollDraft(question=f"Question {n}", options=options))
        )
        await db.execute("DELETE FROM rate_limits")
    for person in (olga, *people):
        await book(codes[0], person, via=Via.MINIAPP)
    for code in codes[1:]:
        await book(code, alice, via=Via.MINIAPP)
    tea = (await poll_of(polls[0], olga)).options[0].id
    for person in people:
        await vote(polls[0], person, [tea], via=Via.MINIAPP)
    member = await authorize(alice, account.id, Permission.BOOK)
    series_id = await db.value("SELECT series_id FROM event_instances WHERE code = $1", codes[0])
    values = {
        "code": codes[0],
        "name": codes[0],
        "poll": polls[0],
        "account_id": account.id,
        "series_id": series_id,
    }
    return {
        **{name: str(value) for name, value in values.items()},
        "membership_id": str(member.membership_id),
    }


def _acts(
    site: Any, app: App, dashboard: Browser, names: dict[str, str], olga: Any, alice: Any
) -> dict[str, Act]:
    acts: dict[str, Act] = {}
    for route in sorted(site.routes, key=lambda route: str(route.path_format)):
        path = route.path_format
        is_screen = "GET" in getattr(route, "methods", ()) and path.startswith(("/app", "/dashboard", "/e/"))
        if not is_screen or path.endswith(TRIALS) or "{announcement_id}" in path:  # there is none
            continue
        filled = path.replace("polls/{code}", "polls/{poll}").format_map(names)
        client = dashboard if path.startswith("/dashboard") else app
        acts[f"GET {path}"] = lambda client=client, filled=filled: client.get(filled)  # type: ignore[misc]
    booking = f"/app/events/{names['code']}/booking"
    acts["POST /app/events/{code}/booking, again"] = lambda: app.ask("POST", booking, data={"guests": "1"})
    acts["calendar feed"] = lambda: calendar_entries(alice, lambda code: code)
    acts["export"] = lambda: export(alice)
    acts |= {f"job: {job.name}": job.run for job in SCHEDULE if job.name not in NIGHTLY}
    return acts


@pytest.fixture
def accepts(pytestconfig: pytest.Config) -> bool:
    return bool(pytestconfig.getoption("update_snapshots"))


async def test_of_one_and_of_each(counted: Any, accepts: bool) -> None:
    found = await counted(FEW)
    table = "".join(f"{count:>3}  {name}\n" for name, count in found.items())
    if accepts:
        TABLE.write_text(table)
    assert table == TABLE.read_text()


async def test_of_fifty_of_each(counted: Any) -> None:
    found = await counted(MANY)
    assert "".join(f"{count:>3}  {name}\n" for name, count in found.items()) == TABLE.read_text()


async def test_a_statement_for_each_row_would_be_counted(database: None) -> None:
    """The control."""
    with noted_statements() as sent:
        for n in range(3):
            await db.value("SELECT $1::int", n)
        async with db.transaction():
            await db.execute("SELECT 1")
    assert len(sent) == 6
