"""Visitors: who takes part by the link of an event is no member of its club (`A10`)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import change_role
from backend.accounts.queries import Member, authorize, joined_accounts, members
from backend.accounts.rules import JoinedThrough, Permission, Role
from backend.bookings import etags
from backend.bookings.actions import admit_to_event, answer, book, leave, seat
from backend.bookings.calendar_entries import calendar_entries
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import between, instances_by_id, my_bookings, upcoming
from backend.bookings.queries.people import attendees_for
from backend.departures.former_members import remove_member
from backend.errors import NotFound
from backend.events.edit import edit_series
from backend.events.queries import series_by_id
from backend.groups.presence import mark_present
from backend.groups.queries import group
from backend.people.queries import Person
from backend.polls.actions import admit_to_poll, create_poll, vote
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll, polls_of
from backend.screens.queries import home
from backend.seats.requests import Via
from tests.conftest import are_in_group

Make = Callable[..., Awaitable[Any]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def secret(instance: Make, alice: Person) -> str:
    """A date for members, with Alice in it."""
    code: str = await instance()
    await book(code, alice, via=Via.CARD)
    return code


@pytest.fixture
async def open_date(instance: Make, alice: Person) -> str:
    """A date for anyone who has its link, with Alice in it."""
    code: str = await instance(visibility="link")
    await book(code, alice, via=Via.CARD)
    return code


@pytest.fixture
async def poll_code(account: Any, olga: Person) -> str:
    draft = PollDraft(question="Who drives?", options=(OptionDraft("I do"), OptionDraft("No")))
    return await create_poll(olga, account.id, draft)


async def listed(person: Person) -> list[str]:
    return [view.code for view in await upcoming(person)]


async def member_called(name: str, olga: Person, account: Any) -> Member | None:
    found = await members(await authorize(olga, account.id, Permission.MANAGE_MEMBERS))
    return next((one for one in found.entries if one.name == name), None)


async def test_opening_a_link_admits_to_nothing(
    account: Any, olga: Person, charlie: Person, secret: str, open_date: str, poll_code: str
) -> None:
    """A10: a stranger reads that date, without a name, and becomes nothing by it."""
    await admit_to_event(open_date, charlie)
    view = await event(open_date, charlie)
    assert (view.booked, view.role, view.mine) == (1, None, None)
    assert (await attendees_for(view)).comers == []
    assert await etags.event_etag(open_date, charlie)
    assert await member_called("Charlie", olga, account) is None
    assert (await joined_accounts(charlie), await listed(charlie)) == ([], [])
    for refused in (
        lambda: admit_to_event(secret, charlie),
        lambda: event(secret, charlie),
        lambda: book(secret, charlie, via=Via.MINIAPP),
        lambda: admit_to_poll(poll_code, charlie),
        lambda: poll(poll_code, charlie),
    ):
        with pytest.raises(NotFound):
            await refused()
    assert await etags.event_etag(secret, charlie) == ""


async def test_taking_part_admits_to_that_date_only(
    account: Any,
    olga: Person,
    alice: Person,
    charlie: Person,
    instance: Make,
    secret: str,
    open_date: str,
    poll_code: str,
    noon: datetime,
) -> None:
    """A10: and to the names of it, but to no other date, list, poll or group of the club."""
    other: str = await instance(visibility="link")
    assert (await book(open_date, charlie, via=Via.MINIAPP)).kind == "booked"
    view = await event(open_date, charlie)
    assert view.mine is not None
    assert {comer.first_name for comer in (await attendees_for(view)).comers} == {"Alice", "Charlie"}
    assert await listed(charlie) == [one.code for one in await my_bookings(charlie)] == [open_date]
    assert [one.code for one in await between(charlie, noon, noon + timedelta(days=30))] == [open_date]
    assert [entry.code for entry in await calendar_entries(charlie, lambda code: code)] == [open_date]
    secret_id = (await event(secret, alice)).id
    assert await instances_by_id(charlie, [secret_id]) == []
    assert (await joined_accounts(charlie), (await home(charlie)).groups) == ([], [])
    assert await polls_of(charlie) == []
    assert (await attendees_for(await event(other, charlie))).comers == []
    options = [option.id for option in (await poll(poll_code, olga)).options]
    for refused in (
        lambda: event(secret, charlie),
        lambda: admit_to_event(secret, charlie),
        lambda: book(secret, charlie, via=Via.MINIAPP),
        lambda: answer(secret, charlie, maybe=True, via=Via.CARD),
        lambda: admit_to_poll(poll_code, charlie),
        lambda: poll(poll_code, charlie),
        lambda: vote(poll_code, charlie, options[:1], via=Via.MINIAPP),
        lambda: authorize(charlie, account.id, Permission.BOOK),
    ):
        with pytest.raises(NotFound):
            await refused()
    visitor = await member_called("Charlie", olga, account)
    assert visitor is not None
    assert (visitor.is_visitor, visitor.joined_through) == (True, JoinedThrough.LINK)
    assert (await poll(poll_code, olga)).electors == 4, "a visitor cannot vote"


async def test_a_visitor_keeps_their_seat_when_the_link_no_longer_admits(
    account: Any, olga: Person, charlie: Person, bob: Person, series: Make
) -> None:
    """A10: others who had only the link find nothing."""
    made = await series(visibility="link")
    await book(made.first_code, charlie, via=Via.MINIAPP)
    view = await series_by_id(account.id, made.series_id)
    assert view is not None
    await edit_series(olga, account.id, made.series_id, replace(view.draft, visibility="group"))
    mine = (await event(made.first_code, charlie)).mine
    assert mine is not None
    assert mine.seats == 1
    assert (await leave(made.first_code, charlie, via=Via.MINIAPP)).given_back == 1


async def test_a_visitor_becomes_a_member_by_the_group(
    account: Any, charlie: Person, secret: str, open_date: str
) -> None:
    """A4: and leaves with it, as everybody who came through it."""
    await book(open_date, charlie, via=Via.MINIAPP)
    where = await group(account.group_id)
    assert where is not None
    await mark_present(charlie, where)
    assert [one.id for one in await joined_accounts(charlie)] == [account.id]
    assert (await event(secret, charlie)).role is Role.MEMBER
    through = await db.value("SELECT joined_through FROM memberships WHERE user_id = $1", charlie.id)
    assert through == JoinedThrough.GROUP


async def test_somebody_of_the_group_who_books_by_the_link_is_a_member(
    account: Any, charlie: Person, open_date: str
) -> None:
    """A4: as Telegram last answered."""
    await db.execute(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at)"
        " VALUES ($1, $2, $3, true, $4)",
        account.id,
        account.group_id,
        charlie.id,
        clock.now(),
    )
    await book(open_date, charlie, via=Via.MINIAPP)
    assert [one.id for one in await joined_accounts(charlie)] == [account.id]


@pytest.mark.parametrize("by", ["key", "role"])
async def test_a_visitor_becomes_a_member_by_an_organisers_hand(
    account: Any, olga: Person, charlie: Person, secret: str, open_date: str, by: str
) -> None:
    """A4."""
    await book(open_date, charlie, via=Via.MINIAPP)
    visitor = await member_called("Charlie", olga, account)
    assert visitor is not None
    if by == "key":
        await bind_key(charlie, await create_key(olga, account.id, label="Charlie", role=Role.MEMBER))
    else:
        await change_role(olga, account.id, visitor.id, Role.MEMBER)
    await are_in_group(account.group_id, charlie)
    assert (await event(secret, charlie)).role is Role.MEMBER


async def test_an_organiser_may_seat_a_visitor_in_another_date(
    account: Any, olga: Person, charlie: Person, secret: str, open_date: str
) -> None:
    """B10: then they take part in that one too."""
    await book(open_date, charlie, via=Via.MINIAPP)
    visitor = await member_called("Charlie", olga, account)
    assert visitor is not None
    await seat(secret, olga, visitor.id)
    assert sorted(await listed(charlie)) == sorted([secret, open_date])


async def test_a_visitor_whom_an_organiser_removes_is_out(
    account: Any, olga: Person, charlie: Person, open_date: str
) -> None:
    """A9: the link shows them nothing any more."""
    await book(open_date, charlie, via=Via.MINIAPP)
    visitor = await member_called("Charlie", olga, account)
    assert visitor is not None
    await remove_member(olga, account.id, visitor.id)
    for refused in (
        lambda: admit_to_event(open_date, charlie),
        lambda: event(open_date, charlie),
        lambda: book(open_date, charlie, via=Via.MINIAPP),
    ):
        with pytest.raises(NotFound):
            await refused()


# Statements about memberships that have not ended, visitors' too: of who is booked, of roles, of one membership that is named, of
# who is kept count of.
WITH_VISITORS = {
    "accounts/invites.py": 1,
    "accounts/keys.py": 1,
    "accounts/member_pages.py": 1,
    "accounts/memberships.py": 5,
    "accounts/ownership.py": 1,
    "accounts/queries.py": 3,
    "announcements/fan_out.py": 1,
    "announcements/instance_parts.py": 2,
    "announcements/queries.py": 1,
    "bookings/etags.py": 3,
    "bookings/queries/lists.py": 2,
    "bookings/reminders.py": 1,
    "bookings/roster.py": 1,
    "bookings/standing_seats.py": 3,
    "closing/actions.py": 2,
    "events/notifications.py": 1,
    "outbox/deliveries.py": 1,
    "outbox/organisers.py": 1,
    "polls/event_creation.py": 1,
    "polls/non_voters.py": 1,  # left out once they are in order
    "reports/audit.py": 1,
    "reports/numbers.py": 1,
    "screens/account_summaries.py": 1,
    "screens/queries.py": 1,
    "seats/regulars.py": 2,
    "seats/store.py": 2,
}


def test_each_statement_about_members_says_whether_it_means_visitors() -> None:
    """A10: a new one leaves them out, or is counted here."""
    found = {}
    for path in sorted((ROOT / "backend").rglob("*.py")):
        text = path.read_text()
        with_visitors = [
            match
            for match in re.finditer("left_at IS NULL", text)
            if not re.search("visitor_since|SEES_INSTANCE", text[match.end() : match.end() + 75])
        ]
        if with_visitors:
            found[path.relative_to(ROOT / "backend").as_posix()] = len(with_visitors)
    assert found == WITH_VISITORS
