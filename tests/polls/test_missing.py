"""Who has not answered, and reminding only them (`P5`)."""

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
Say = Callable[[str, Person, str], Awaitable[str]]


async def missing(code: str, olga: Person) -> list[str]:
    return [one.name for one in await non_voters(code, olga)]


async def reminded() -> list[str]:
    rows = await db.rows(
        "SELECT u.first_name FROM messages m JOIN telegram_users u ON u.id = m.user_id"
        " WHERE m.kind = 'poll-unanswered' ORDER BY m.id"
    )
    return [row["first_name"] for row in rows]


async def test_any_answer_is_an_answer(
    dates: Ask, answer: Say, olga: Person, alice: Person, bob: Person
) -> None:
    """P5: never those who said no."""
    code = await dates(group_id=None)
    assert await missing(code, olga) == ["Aino", "Alice", "Bob", "Olga"]
    await answer(code, alice, "nnn")
    await answer(code, bob, "-?-")
    assert await missing(code, olga) == ["Aino", "Olga"]
    told = await remind_non_voters(code, olga)
    assert (told.kind, told.reminded) == ("done", 2)
    assert await reminded() == ["Aino", "Olga"]
    await answer(code, alice, "---")
    assert await missing(code, olga) == ["Aino", "Alice", "Olga"]


async def test_of_a_groups_poll_only_who_is_in_the_group(
    dates: Ask, answer: Say, olga: Person, alice: Person, bob: Person, club: Any
) -> None:
    """P5, M4: from the members known to the group."""
    code = await dates()
    assert await missing(code, olga) == []
    where = await group(club.group_id)
    assert where is not None
    for person in (alice, bob):
        await mark_present(person, where)
    assert await missing(code, olga) == ["Alice", "Bob"]
    await db.execute("UPDATE group_members SET present = false WHERE user_id = $1", bob.id)
    assert await missing(code, olga) == ["Alice"]


async def test_at_most_once_a_day(dates: Ask, olga: Person) -> None:
    """P5: the refusal says when again."""
    code = await dates(group_id=None)
    await remind_non_voters(code, olga)
    clock.advance(timedelta(hours=23))
    with pytest.raises(AlreadyReminded) as no:
        await remind_non_voters(code, olga)
    assert olga.voice.tell(no.value.words) == (
        "They were reminded Mon 23 Nov at 14:00. You can remind them again today at 14:00."
    )
    clock.advance(timedelta(hours=1))
    assert (await remind_non_voters(code, olga)).kind == "done"
    assert await reminded() == ["Aino", "Alice", "Bob", "Olga"] * 2


async def test_two_organisers_at_once_remind_once(dates: Ask, olga: Person, alice: Person) -> None:
    """P5."""
    code = await dates(group_id=None)
    await db.execute("UPDATE memberships SET role = 'ADMIN' WHERE user_id = $1", alice.id)
    tried = await asyncio.gather(
        *(remind_non_voters(code, who) for who in (olga, alice, olga)), return_exceptions=True
    )
    assert sum(isinstance(one, AlreadyReminded) for one in tried) == 2
    assert len(await reminded()) == 4


async def test_nobody_is_missing(
    dates: Ask, answer: Say, olga: Person, alice: Person, bob: Person, aino: Person
) -> None:
    """And that costs no day: who withdraws an answer later can be reminded."""
    code = await dates(group_id=None)
    for person in (olga, alice, bob, aino):
        await answer(code, person, "y--")
    assert (await remind_non_voters(code, olga)).kind == "already"
    await answer(code, bob, "---")
    assert (await remind_non_voters(code, olga)).reminded == 1


async def test_who_may_not_be_written_to_is_not(dates: Ask, olga: Person, bob: Person) -> None:
    """M3."""
    code = await dates(group_id=None)
    await db.execute("UPDATE telegram_users SET blocked_at = now() WHERE id = $1", bob.id)
    told = await remind_non_voters(code, olga)
    assert olga.voice.tell(told.words) == "3 people are reminded. I may not write to 1 more."
    assert "Bob" not in await reminded()
    await db.execute("UPDATE telegram_users SET may_write_at = NULL")
    clock.advance(timedelta(days=1))
    assert (await remind_non_voters(code, olga)).kind == "unreachable"


async def test_not_of_a_closed_poll_nor_by_members(
    dates: Ask, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """X4, A1, P2."""
    code = await dates(group_id=None, closes_at=noon + timedelta(hours=1))
    for ask in (non_voters, remind_non_voters):
        with pytest.raises(Forbidden):
            await ask(code, alice)
        with pytest.raises(NotFound):
            await ask(code, charlie)
    clock.advance(timedelta(hours=1))
    with pytest.raises(PollClosed):
        await remind_non_voters(code, olga)
    other = await dates(group_id=None)
    await close_poll(other, olga)
    with pytest.raises(PollClosed):
        await remind_non_voters(other, olga)
    assert await reminded() == []


async def test_who_left_the_club_is_not_missed(dates: Ask, olga: Person, bob: Person, club: Any) -> None:
    code = await dates(group_id=None)
    membership = (await authorize(bob, club.id, Permission.VOTE)).membership_id
    await end_membership(bob, club.id, membership)
    assert "Bob" not in await missing(code, olga)
