"""The dates of a poll when newer zone data are installed (`S10`)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import db
from backend.accounts.actions import create_own_account
from backend.bookings.queries.event import event
from backend.people.queries import Person
from backend.polls.actions import create_poll, vote
from backend.polls.closing import close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.queries import poll
from backend.polls.rules import Answer
from backend.polls.zone_changes import keep_poll_dates
from backend.seats.requests import Via
from backend.zones import resolve_local, wall_clock

Release = Callable[[str], None]
VANCOUVER = "America/Vancouver"
TUESDAY = datetime(2026, 12, 1, 18, 0)
HOUR = timedelta(hours=1)


@pytest.fixture
async def west_coast(olga: Person) -> int:
    """A club of Olga's in Vancouver."""
    account_id = await create_own_account(olga, "West coast")
    await db.execute("UPDATE accounts SET zone = $2 WHERE id = $1", account_id, VANCOUVER)
    return account_id


async def ask(olga: Person, account_id: int) -> str:
    """When? On Tuesday at six, or at seven, or in summer."""
    walls = (TUESDAY, TUESDAY + HOUR, datetime(2027, 7, 6, 18, 0))
    options = tuple(OptionDraft("", None, resolve_local(wall, VANCOUVER)) for wall in walls)
    return await create_poll(olga, account_id, PollDraft(question="When?", kind="dates", options=options))


async def hours(code: str, reader: Person) -> list[int]:
    options: Any = (await poll(code, reader)).options
    return [wall_clock(option.starts_at, VANCOUVER).hour for option in options]


async def test_they_keep_their_wall_clocks_and_their_votes(
    west_coast: int, olga: Person, noon: datetime, zones_of: Release
) -> None:
    zones_of("2025b")
    code = await ask(olga, west_coast)
    await vote(code, olga, {(await poll(code, olga)).options[0].id: Answer.YES}, via=Via.CARD)
    before = await poll(code, olga)
    zones_of("2026f")
    assert await hours(code, olga) == [19, 20, 18], "wrong until they are brought to the new data"
    assert [await keep_poll_dates(), await keep_poll_dates()] == [1, 0]
    after = await poll(code, olga)
    assert await hours(code, olga) == [18, 19, 18]
    assert after.version > before.version, "cards are drawn again"
    assert [option.votes for option in after.options] == [1, 0, 0]


async def test_the_date_that_is_made_of_it_is_at_the_hour_they_chose(
    west_coast: int, olga: Person, noon: datetime, zones_of: Release
) -> None:
    """P4: also when the poll is closed before the job has run."""
    zones_of("2025b")
    code = await ask(olga, west_coast)
    await vote(code, olga, {(await poll(code, olga)).options[0].id: Answer.YES}, via=Via.CARD)
    zones_of("2026f")
    closed = await close_poll(code, olga, make=EventDetails(capacity=5))
    assert closed.made
    assert wall_clock((await event(closed.made.code, olga)).starts_at, VANCOUVER) == TUESDAY


async def test_dates_of_which_only_the_instant_is_known_stay_as_they_read(
    west_coast: int, olga: Person, noon: datetime, zones_of: Release
) -> None:
    """Of what 0.3.0 made, nothing says which clocks it went by."""
    zones_of("2026f")
    code = await ask(olga, west_coast)
    await db.execute("UPDATE poll_options SET zone = NULL, starts_local = NULL, zone_data = NULL")
    before = await poll(code, olga)
    assert await keep_poll_dates() == 1
    assert (await poll(code, olga)).options == before.options
    assert await db.value("SELECT count(starts_local) FROM poll_options") == 3
