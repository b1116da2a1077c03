"""Closing a poll about dates makes the instance of the winning date and gives its yes-voters a first claim
(`P4`)."""

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
Answers = Callable[[str, Person, str], Awaitable[str]]


@pytest.fixture
async def answered(create_date_poll: Ask, answer: Answers, olga: Person, alice: Person, bob: Person) -> str:
    """The code of a poll whose second date has two yes answers and whose first has one."""
    code = await create_date_poll()
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


async def messages() -> list[tuple[str, str]]:
    rows = await db.rows(
        "SELECT u.first_name, m.kind FROM messages m JOIN telegram_users u ON u.id = m.user_id ORDER BY 1"
    )
    return [(row["first_name"], row["kind"]) for row in rows]


async def instance_count() -> int:
    return int(await db.value("SELECT count(*) FROM event_instances"))


async def test_the_winning_date_becomes_an_instance(
    answered: str, olga: Person, alice: Person, account: Any, noon: datetime
) -> None:
    """P4: with a first claim for the yes-voters and a message to each of them; the poll links to the
    instance."""
    details = EventDetails(capacity=8, place="Sali 2", duration_minutes=90, claim_minutes=600)
    closing = await close_poll(answered, olga, make=details)
    assert closing.kind == "done" and closing.made is not None
    view = await event(closing.made.code, alice)
    assert (view.title, view.place, view.capacity) == ("When do we meet?", "Sali 2", 8)
    assert view.starts_at == noon + timedelta(days=2, hours=4)
    assert view.ends_at - view.starts_at == timedelta(minutes=90)
    until = noon + timedelta(hours=10)
    assert view.claim_until == until
    assert await claims() == ["Alice", "Olga"]
    assert await messages() == [("Alice", "claim"), ("Olga", "claim")]
    row = await db.row("SELECT * FROM messages LIMIT 1")
    assert row is not None
    assert json.loads(row["detail"]) == {"until": until.isoformat()}
    assert row["priority"] == 0 and row["instance_id"] == view.id
    shown = await poll(answered, alice)
    assert not shown.open and shown.event_option is not None
    assert shown.event_option.made == closing.made.code and shown.event_option.position == 2
    assert olga.voice.translate(closing.words) == (
        "The date is set: Wed 25 Nov at 18:00. The seats are reserved until tomorrow at 00:00 for those who said yes."
    )
    assert await check_invariants() == []


async def test_yes_voters_book_before_others(answered: str, olga: Person, alice: Person, bob: Person) -> None:
    """P4: during the claim others wait though there is room; then the waitlist advances by itself."""
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


async def test_the_usual_job_announces_the_instance_in_the_group(
    answered: str, olga: Person, account: Any
) -> None:
    """C1: at once, however far ahead it is."""
    await close_poll(answered, olga, make=EventDetails(capacity=8))
    assert await announce_due() == 1
    assert await db.value("SELECT group_id FROM cards") == account.group_id


async def test_the_claim_ends_at_the_start_of_the_instance(answered: str, olga: Person) -> None:
    closing = await close_poll(answered, olga, make=EventDetails(capacity=8, claim_minutes=10_000))
    assert closing.made is not None
    assert closing.made.claim_until == closing.made.starts_at


@pytest.mark.parametrize("details", [EventDetails(), EventDetails(capacity=8, claim_minutes=0)])
async def test_without_a_limit_or_claim_time_nobody_has_a_claim(
    answered: str, olga: Person, details: EventDetails
) -> None:
    """P4: the yes-voters are notified all the same."""
    closing = await close_poll(answered, olga, make=details)
    assert closing.made is not None and closing.made.claim_until is None
    assert await claims() == []
    assert await messages() == [("Alice", "claim"), ("Olga", "claim")]


async def test_an_organiser_can_choose_another_date(answered: str, olga: Person, noon: datetime) -> None:
    third = (await poll(answered, olga)).options[2].id
    closing = await close_poll(answered, olga, make=EventDetails(option_id=third, title="Reunion"))
    assert closing.made is not None
    assert closing.made.starts_at == noon + timedelta(days=3, hours=4)
    assert await messages() == [("Bob", "claim")]


async def test_closing_twice_makes_one_instance(answered: str, olga: Person) -> None:
    """P4: the second closing returns the same one."""
    first = await close_poll(answered, olga, make=EventDetails(capacity=8))
    before = (await poll(answered, olga)).version
    again = await close_poll(answered, olga, make=EventDetails(capacity=99))
    assert (again.kind, again.made) == ("already", first.made)
    assert (await poll(answered, olga)).version == before
    assert await instance_count() == 1
    assert (await close_poll(answered, olga)).kind == "already"


async def test_two_organisers_and_the_deadline_at_once_make_one_instance(
    create_date_poll: Ask, answer: Answers, olga: Person, alice: Person, noon: datetime, account: Any
) -> None:
    """P4: whichever is first."""
    await db.execute(
        "UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1 AND account_id = $2",
        alice.id,
        account.id,
    )
    for _ in range(5):
        code = await create_date_poll(closes_at=noon + timedelta(hours=1))
        await answer(code, olga, "y--")
        clock.advance(timedelta(hours=1))
        before = await instance_count()
        results = await asyncio.gather(
            close_poll(code, olga, make=EventDetails(capacity=4)),
            close_due(),
            close_poll(code, alice, make=EventDetails(capacity=8)),
            close_poll(code, olga, make=EventDetails()),
        )
        clock.advance(timedelta(hours=-1))
        kinds = [one.kind for one in results if not isinstance(one, int)]
        assert sorted(kinds) == ["already", "already", "done"]
        assert await instance_count() == before + 1
    assert await check_invariants() == []


async def test_a_poll_closed_by_its_deadline_can_still_have_its_instance_made(
    create_date_poll: Ask, answer: Answers, olga: Person, noon: datetime
) -> None:
    """P4: the deadline itself makes none."""
    code = await create_date_poll(closes_at=noon + timedelta(hours=1))
    await answer(code, olga, "y--")
    clock.advance(timedelta(hours=2))
    await close_due()
    assert await instance_count() == 0
    closing = await close_poll(code, olga, make=EventDetails(capacity=4))
    assert closing.kind == "done" and await instance_count() == 1
    assert (await poll(code, olga)).closed_at == noon + timedelta(hours=1)


async def test_a_crash_leaves_the_poll_open_without_an_instance(answered: str, olga: Person) -> None:
    """P4: and without claims and messages; closing it again does everything."""

    async def crash() -> None:
        raise RuntimeError("crashed here")

    failpoints.set_hook("poll.event-created", crash)
    try:
        with pytest.raises(RuntimeError):
            await close_poll(answered, olga, make=EventDetails(capacity=8))
    finally:
        failpoints.set_hook("poll.event-created", None)
    assert (await poll(answered, olga)).open
    assert (await instance_count(), await claims(), await messages()) == (0, [], [])
    assert (await close_poll(answered, olga, make=EventDetails(capacity=8))).made is not None
    assert await instance_count() == 1


async def test_a_yes_voter_who_left_has_no_claim(
    answered: str, olga: Person, alice: Person, account: Any
) -> None:
    membership = (await authorize(alice, account.id, Permission.VOTE)).membership_id
    await end_membership(alice, account.id, membership)
    await close_poll(answered, olga, make=EventDetails(capacity=8))
    assert await claims() == ["Olga"] and await messages() == [("Olga", "claim")]


async def test_a_date_without_a_yes_is_made_only_when_chosen(
    create_date_poll: Ask, answer: Answers, olga: Person
) -> None:
    """P4: the refusal leaves the poll open."""
    code = await create_date_poll()
    await answer(code, olga, "?n-")
    with pytest.raises(Invalid) as refusal:
        await close_poll(code, olga, make=EventDetails())
    assert "No one said yes" in refusal.value.words.message
    assert (await poll(code, olga)).open
    first = (await poll(code, olga)).options[0].id
    closing = await close_poll(code, olga, make=EventDetails(option_id=first, capacity=3))
    assert closing.made is not None and await messages() == []


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
async def test_a_fault_in_the_details_leaves_the_poll_open(
    answered: str, olga: Person, fields: dict[str, Any], fault: str
) -> None:
    """X5."""
    with pytest.raises(InvalidForm) as refusal:
        await close_poll(answered, olga, make=EventDetails(**fields))
    assert list(refusal.value.faults) == [fault]
    assert (await poll(answered, olga)).open and await instance_count() == 0


async def test_a_long_question_is_cut_to_a_title(
    create_date_poll: Ask, answer: Answers, olga: Person, alice: Person
) -> None:
    code = await create_date_poll(question="Why " * 50)
    await answer(code, olga, "y--")
    closing = await close_poll(code, olga, make=EventDetails())
    assert closing.made is not None
    assert len((await event(closing.made.code, alice)).title) == 120


async def test_only_organisers_make_instances_and_only_of_dates(
    answered: str, olga: Person, alice: Person, charlie: Person, account: Any
) -> None:
    """A1, X4."""
    with pytest.raises(Forbidden):
        await close_poll(answered, alice, make=EventDetails())
    await create_own_account(charlie, "Chess")
    with pytest.raises(NotFound):
        await close_poll(answered, charlie, make=EventDetails())
    draft = PollDraft(question="Tea?", options=(OptionDraft("Yes"), OptionDraft("No")))
    code = await create_poll(olga, account.id, draft)
    with pytest.raises(Invalid):
        await close_poll(code, olga, make=EventDetails())
    foreign = (await poll(code, olga)).options[0].id
    with pytest.raises(Invalid):
        await close_poll(answered, olga, make=EventDetails(option_id=foreign))
    assert await instance_count() == 0


async def test_a_past_date_cannot_be_made(
    create_date_poll: Ask, answer: Answers, olga: Person, noon: datetime
) -> None:
    code = await create_date_poll()
    await answer(code, olga, "y-y")
    first = (await poll(code, olga)).options[0].id
    clock.advance(timedelta(days=1, hours=5))
    with pytest.raises(Invalid):
        await close_poll(code, olga, make=EventDetails(option_id=first))
    closing = await close_poll(code, olga, make=EventDetails())
    assert closing.made is not None
    assert closing.made.starts_at == noon + timedelta(days=3, hours=4)
