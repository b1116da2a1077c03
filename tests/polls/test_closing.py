"""Closing a poll about dates makes the date that won, and gives who said yes a first claim (`P4`)."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db, failpoints
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import end_membership
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.bookings.actions import book, fill_all
from backend.bookings.queries.event import event
from backend.cards.actions import announce_due
from backend.errors import Forbidden, Invalid, InvalidForm, NotFound
from backend.people.queries import Person
from backend.polls.actions import create_poll
from backend.polls.closing import close_due, close_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.event_creation import EventDetails
from backend.polls.queries import poll
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Ask = Callable[..., Awaitable[str]]
Say = Callable[[str, Person, str], Awaitable[str]]


@pytest.fixture
async def answered(dates: Ask, answer: Say, olga: Person, alice: Person, bob: Person) -> str:
    """A poll whose second date has two yes and whose first has one: its code."""
    code = await dates()
    await answer(code, olga, "yyn")
    await answer(code, alice, "ny?")
    await answer(code, bob, "-?y")
    return code


async def claims() -> list[str]:
    rows = await db.rows(
        "SELECT u.first_name FROM seat_claims c JOIN memberships m ON m.id = c.membership_id"
        " JOIN telegram_users u ON u.id = m.user_id ORDER BY 1"
    )
    return [row["first_name"] for row in rows]


async def told() -> list[tuple[str, str]]:
    rows = await db.rows(
        "SELECT u.first_name, m.kind FROM messages m JOIN telegram_users u ON u.id = m.user_id ORDER BY 1"
    )
    return [(row["first_name"], row["kind"]) for row in rows]


async def made() -> int:
    return int(await db.value("SELECT count(*) FROM event_instances"))


async def test_the_date_most_can_come_to_is_made(
    answered: str, olga: Person, alice: Person, club: Any, noon: datetime
) -> None:
    """P4: with a first claim for who said yes, and a message to each of them; the poll leads to the date."""
    making = EventDetails(capacity=8, place="Sali 2", duration_minutes=90, claim_minutes=600)
    closing = await close_poll(answered, olga, make=making)
    assert closing.kind == "done" and closing.made is not None
    view = await event(closing.made.code, alice)
    assert (view.title, view.place, view.capacity) == ("When do we meet?", "Sali 2", 8)
    assert view.starts_at == noon + timedelta(days=2, hours=4)
    assert view.ends_at - view.starts_at == timedelta(minutes=90)
    until = noon + timedelta(hours=10)
    assert view.claim_until == until
    assert await claims() == ["Alice", "Olga"]
    assert await told() == [("Alice", "claim"), ("Olga", "claim")]
    row = await db.row("SELECT * FROM messages LIMIT 1")
    assert row is not None
    assert json.loads(row["detail"]) == {"until": until.isoformat()}
    assert row["priority"] == 0 and row["instance_id"] == view.id
    shown = await poll(answered, alice)
    assert not shown.open and shown.event_option is not None
    assert shown.event_option.made == closing.made.code and shown.event_option.position == 2
    assert olga.voice.tell(closing.words) == (
        "The date is made: Wed 25 Nov at 18:00. Whoever said yes has first claim on it, until tomorrow at 00:00."
    )
    assert await check_invariants() == []


async def test_who_said_yes_takes_the_seats_first(
    answered: str, olga: Person, alice: Person, bob: Person
) -> None:
    """P4: while the claim lasts others wait in line, though there is room; then the line moves up by itself."""
    closing = await close_poll(answered, olga, make=EventDetails(capacity=3, claim_minutes=60))
    assert closing.made is not None
    code = closing.made.code
    assert (await book(code, bob, via=Via.CARD)).kind == "waiting"
    assert (await book(code, alice, via=Via.CARD)).kind == "booked"
    clock.advance(timedelta(minutes=61))
    await fill_all()
    mine = (await event(code, bob)).mine
    assert mine is not None and mine.seats == 1
    assert await check_invariants() == []


async def test_the_group_is_told_of_it_by_the_usual_duty(answered: str, olga: Person, club: Any) -> None:
    """C1: at once, however far ahead the date is."""
    await close_poll(answered, olga, make=EventDetails(capacity=8))
    assert await announce_due() == 1
    assert await db.value("SELECT group_id FROM cards") == club.group_id


async def test_the_claim_ends_when_the_date_begins(answered: str, olga: Person) -> None:
    closing = await close_poll(answered, olga, make=EventDetails(capacity=8, claim_minutes=10_000))
    assert closing.made is not None
    assert closing.made.claim_until == closing.made.starts_at


@pytest.mark.parametrize("making", [EventDetails(), EventDetails(capacity=8, claim_minutes=0)])
async def test_with_room_for_all_nobody_has_to_come_first(
    answered: str, olga: Person, making: EventDetails
) -> None:
    """P4: no claim keeps anybody waiting for nothing; who said yes is told all the same."""
    closing = await close_poll(answered, olga, make=making)
    assert closing.made is not None and closing.made.claim_until is None
    assert await claims() == []
    assert await told() == [("Alice", "claim"), ("Olga", "claim")]


async def test_an_organiser_may_choose_another_date(answered: str, olga: Person, noon: datetime) -> None:
    third = (await poll(answered, olga)).options[2].id
    closing = await close_poll(answered, olga, make=EventDetails(option_id=third, title="Reunion"))
    assert closing.made is not None
    assert closing.made.starts_at == noon + timedelta(days=3, hours=4)
    assert await told() == [("Bob", "claim")]


async def test_closing_twice_makes_one(answered: str, olga: Person) -> None:
    """P4: and the second is told what is there."""
    first = await close_poll(answered, olga, make=EventDetails(capacity=8))
    before = (await poll(answered, olga)).version
    again = await close_poll(answered, olga, make=EventDetails(capacity=99))
    assert (again.kind, again.made) == ("already", first.made)
    assert (await poll(answered, olga)).version == before
    assert await made() == 1
    assert (await close_poll(answered, olga)).kind == "already"


async def test_two_organisers_and_the_deadline_at_once_make_one(
    dates: Ask, answer: Say, olga: Person, alice: Person, noon: datetime, club: Any
) -> None:
    """P4: whoever comes first."""
    await db.execute(
        "UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1 AND account_id = $2",
        alice.id,
        club.id,
    )
    for _ in range(5):
        code = await dates(closes_at=noon + timedelta(hours=1))
        await answer(code, olga, "y--")
        clock.advance(timedelta(hours=1))
        before = await made()
        tried = await asyncio.gather(
            close_poll(code, olga, make=EventDetails(capacity=4)),
            close_due(),
            close_poll(code, alice, make=EventDetails(capacity=8)),
            close_poll(code, olga, make=EventDetails()),
        )
        clock.advance(timedelta(hours=-1))
        kinds = [one.kind for one in tried if not isinstance(one, int)]
        assert sorted(kinds) == ["already", "already", "done"]
        assert await made() == before + 1
    assert await check_invariants() == []


async def test_a_poll_over_by_its_deadline_can_still_have_its_date(
    dates: Ask, answer: Say, olga: Person, noon: datetime
) -> None:
    """P4: the deadline itself makes nothing; an organiser does, later."""
    code = await dates(closes_at=noon + timedelta(hours=1))
    await answer(code, olga, "y--")
    clock.advance(timedelta(hours=2))
    await close_due()
    assert await made() == 0
    closing = await close_poll(code, olga, make=EventDetails(capacity=4))
    assert closing.kind == "done" and await made() == 1
    assert (await poll(code, olga)).closed_at == noon + timedelta(hours=1)


async def test_a_crash_in_between_leaves_neither(answered: str, olga: Person) -> None:
    """P4: the poll is open, and there is no date, no claim and no message; doing it again does it whole."""

    async def crash() -> None:
        raise RuntimeError("killed here")

    failpoints.arrange("poll.made", crash)
    try:
        with pytest.raises(RuntimeError):
            await close_poll(answered, olga, make=EventDetails(capacity=8))
    finally:
        failpoints.arrange("poll.made", None)
    assert (await poll(answered, olga)).open
    assert (await made(), await claims(), await told()) == (0, [], [])
    assert (await close_poll(answered, olga, make=EventDetails(capacity=8))).made is not None
    assert await made() == 1


async def test_nobody_who_left_has_a_claim(answered: str, olga: Person, alice: Person, club: Any) -> None:
    membership = (await authorize(alice, club.id, Permission.VOTE)).membership_id
    await end_membership(alice, club.id, membership)
    await close_poll(answered, olga, make=EventDetails(capacity=8))
    assert await claims() == ["Olga"] and await told() == [("Olga", "claim")]


async def test_what_nobody_said_yes_to_is_made_only_by_name(dates: Ask, answer: Say, olga: Person) -> None:
    """P4: and a refusal leaves the poll open."""
    code = await dates()
    await answer(code, olga, "?n-")
    with pytest.raises(Invalid) as no:
        await close_poll(code, olga, make=EventDetails())
    assert "Nobody said yes" in no.value.words.message
    assert (await poll(code, olga)).open
    first = (await poll(code, olga)).options[0].id
    closing = await close_poll(code, olga, make=EventDetails(option_id=first, capacity=3))
    assert closing.made is not None and await told() == []


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"capacity": 0}, "capacity"),
        ({"duration_minutes": 1}, "duration_minutes"),
        ({"title": "a" * 121}, "title"),
        ({"claim_minutes": -1}, "claim_minutes"),
        ({"claim_minutes": 31 * 24 * 60}, "claim_minutes"),
    ],
)
async def test_a_fault_in_the_date_leaves_the_poll_open(
    answered: str, olga: Person, fields: dict[str, Any], fault: str
) -> None:
    """X5."""
    with pytest.raises(InvalidForm) as no:
        await close_poll(answered, olga, make=EventDetails(**fields))
    assert list(no.value.faults) == [fault]
    assert (await poll(answered, olga)).open and await made() == 0


async def test_a_long_question_is_cut_to_a_title(
    dates: Ask, answer: Say, olga: Person, alice: Person
) -> None:
    code = await dates(question="Why " * 50)
    await answer(code, olga, "y--")
    closing = await close_poll(code, olga, make=EventDetails())
    assert closing.made is not None
    assert len((await event(closing.made.code, alice)).title) == 120


async def test_not_by_members_nor_from_elsewhere_nor_of_what_is_no_date(
    answered: str, olga: Person, alice: Person, charlie: Person, club: Any
) -> None:
    """A1, X4."""
    with pytest.raises(Forbidden):
        await close_poll(answered, alice, make=EventDetails())
    await create_own_account(charlie, "Chess")
    with pytest.raises(NotFound):
        await close_poll(answered, charlie, make=EventDetails())
    draft = PollDraft(question="Tea?", options=(OptionDraft("Yes"), OptionDraft("No")))
    code = await create_poll(olga, club.id, draft)
    with pytest.raises(Invalid):
        await close_poll(code, olga, make=EventDetails())
    foreign = (await poll(code, olga)).options[0].id
    with pytest.raises(Invalid):
        await close_poll(answered, olga, make=EventDetails(option_id=foreign))
    assert await made() == 0


async def test_a_past_date_is_not_made(dates: Ask, answer: Say, olga: Person, noon: datetime) -> None:
    code = await dates()
    await answer(code, olga, "y-y")
    first = (await poll(code, olga)).options[0].id
    clock.advance(timedelta(days=1, hours=5))
    with pytest.raises(Invalid):
        await close_poll(code, olga, make=EventDetails(option_id=first))
    closing = await close_poll(code, olga, make=EventDetails())
    assert closing.made is not None
    assert closing.made.starts_at == noon + timedelta(days=3, hours=4)
