"""The members who have not voted, and reminding only them (`P5`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import end_membership
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.errors import Forbidden, NotFound
from backend.groups.presence import mark_present
from backend.groups.queries import group
from backend.people.queries import Person
from backend.polls.closing import close_poll
from backend.polls.non_voters import non_voters, remind_non_voters
from backend.polls.replies import AlreadyReminded, PollClosed

Ask = Callable[..., Awaitable[str]]
Answers = Callable[[str, Person, str], Awaitable[str]]


async def non_voter_names(code: str, olga: Person) -> list[str]:
    return [one.name for one in await non_voters(code, olga)]


async def reminded() -> list[str]:
    rows = await db.rows(
        "SELECT u.first_name FROM messages m JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.kind = 'poll-unanswered' ORDER BY m.id"
    )
    return [row["first_name"] for row in rows]


async def test_any_answer_counts_as_voting(
    create_date_poll: Ask, answer: Answers, olga: Person, alice: Person, bob: Person
) -> None:
    """P5: members who answered no are not reminded."""
    code = await create_date_poll(group_id=None)
    assert await non_voter_names(code, olga) == ["Aino", "Alice", "Bob", "Olga"]
    await answer(code, alice, "nnn")
    await answer(code, bob, "-?-")
    assert await non_voter_names(code, olga) == ["Aino", "Olga"]
    result = await remind_non_voters(code, olga)
    assert (result.kind, result.reminded) == ("done", 2)
    assert await reminded() == ["Aino", "Olga"]
    await answer(code, alice, "---")
    assert await non_voter_names(code, olga) == ["Aino", "Alice", "Olga"]


async def test_a_groups_poll_is_for_the_members_in_the_group(
    create_date_poll: Ask, answer: Answers, olga: Person, alice: Person, bob: Person, account: Any
) -> None:
    """P5, M4."""
    code = await create_date_poll()
    await db.execute("UPDATE group_members SET present = false")
    assert await non_voter_names(code, olga) == []
    where = await group(account.group_id)
    assert where is not None
    for person in (alice, bob):
        await mark_present(person, where)
    assert await non_voter_names(code, olga) == ["Alice", "Bob"]
    await db.execute("UPDATE group_members SET present = false WHERE user_id = $1", bob.id)
    assert await non_voter_names(code, olga) == ["Alice"]


async def test_members_are_reminded_at_most_once_a_day(create_date_poll: Ask, olga: Person) -> None:
    """P5: the refusal says when it is possible again."""
    code = await create_date_poll(group_id=None)
    await remind_non_voters(code, olga)
    clock.advance(timedelta(hours=23))
    with pytest.raises(AlreadyReminded) as refusal:
        await remind_non_voters(code, olga)
    assert olga.voice.translate(refusal.value.words) == (
        "They were reminded Mon 23 Nov at 14:00. You can remind them again today at 14:00."
    )
    clock.advance(timedelta(hours=1))
    assert (await remind_non_voters(code, olga)).kind == "done"
    assert await reminded() == ["Aino", "Alice", "Bob", "Olga"] * 2


async def test_two_organisers_at_once_send_one_reminder(
    create_date_poll: Ask, olga: Person, alice: Person
) -> None:
    """P5."""
    code = await create_date_poll(group_id=None)
    await db.execute("UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1", alice.id)
    results = await asyncio.gather(
        *(remind_non_voters(code, who) for who in (olga, alice, olga)), return_exceptions=True
    )
    assert sum(isinstance(result, AlreadyReminded) for result in results) == 2
    assert len(await reminded()) == 4


async def test_nobody_is_reminded_when_everybody_has_voted(
    create_date_poll: Ask, answer: Answers, olga: Person, alice: Person, bob: Person, aino: Person
) -> None:
    """It does not count as the day's reminder: a member who withdraws their vote can be reminded."""
    code = await create_date_poll(group_id=None)
    for person in (olga, alice, bob, aino):
        await answer(code, person, "y--")
    assert (await remind_non_voters(code, olga)).kind == "already"
    await answer(code, bob, "---")
    assert (await remind_non_voters(code, olga)).reminded == 1


async def test_members_whom_the_bot_may_not_write_to_are_left_out(
    create_date_poll: Ask, olga: Person, bob: Person
) -> None:
    """M3."""
    code = await create_date_poll(group_id=None)
    await db.execute("UPDATE telegram_users SET blocked_at = now() WHERE id = $1", bob.id)
    result = await remind_non_voters(code, olga)
    assert olga.voice.translate(result.words) == "3 people will be reminded. I can’t write to 1 more."
    assert "Bob" not in await reminded()
    await db.execute("UPDATE telegram_users SET may_write_at = NULL")
    clock.advance(timedelta(days=1))
    assert (await remind_non_voters(code, olga)).kind == "unreachable"


async def test_only_organisers_remind_and_only_while_the_poll_is_open(
    create_date_poll: Ask, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """X4, A1, P2."""
    code = await create_date_poll(group_id=None, closes_at=noon + timedelta(hours=1))
    for ask in (non_voters, remind_non_voters):
        with pytest.raises(Forbidden):
            await ask(code, alice)
        with pytest.raises(NotFound):
            await ask(code, charlie)
    clock.advance(timedelta(hours=1))
    with pytest.raises(PollClosed):
        await remind_non_voters(code, olga)
    other = await create_date_poll(group_id=None)
    await close_poll(other, olga)
    with pytest.raises(PollClosed):
        await remind_non_voters(other, olga)
    assert await reminded() == []


async def test_a_member_who_left_is_no_non_voter(
    create_date_poll: Ask, olga: Person, bob: Person, account: Any
) -> None:
    code = await create_date_poll(group_id=None)
    membership = (await authorize(bob, account.id, Permission.VOTE)).membership_id
    await end_membership(bob, account.id, membership)
    assert "Bob" not in await non_voter_names(code, olga)
