"""Invite links: keys for members, counted exactly (`A3`, `A4`, `A9`)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.invites import Invite, invites
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import end_membership, join_as_visitor
from backend.accounts.queries import MemberFilter, authorize, joined_accounts, members
from backend.accounts.rules import Permission, Role
from backend.errors import NotFound
from backend.people.actions import TelegramIdentity, register_person


async def listed(olga: Any, account_id: int) -> list[Invite]:
    return await invites(await authorize(olga, account_id, Permission.MANAGE_KEYS))


async def strangers(number: int) -> list[Any]:
    return [await register_person(TelegramIdentity(700_000 + n, f"Guest {n}")) for n in range(number)]


async def link(olga: Any, account: Any, *, uses: int | None) -> str:
    return await create_key(olga, account.id, label="Poster", role=Role.MEMBER, uses=uses)


async def test_many_at_once_use_a_link_exactly_as_often_as_it_says(
    noon: Any, account: Any, olga: Any
) -> None:
    """A3: the last use is one person's."""
    key, people = await link(olga, account, uses=3), await strangers(12)
    results = await asyncio.gather(*(bind_key(person, key) for person in people), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["AccountView"] * 3 + ["NotFound"] * 9
    [invite] = await listed(olga, account.id)
    assert (invite.key.uses, invite.key.uses_left, invite.joined, len(invite.names)) == (3, 0, 3, 3)
    assert [bool(await joined_accounts(person)) for person in people].count(True) == 3


async def test_one_person_who_taps_many_times_uses_it_once(noon: Any, account: Any, olga: Any) -> None:
    """Somebody who is a member already does not use it at all."""
    key, [person] = await link(olga, account, uses=5), await strangers(1)
    await asyncio.gather(*(bind_key(person, key) for _ in range(8)))
    await bind_key(olga, key)
    [invite] = await listed(olga, account.id)
    assert (invite.key.uses, invite.key.uses_left, invite.names) == (1, 4, ("Guest 0",))


async def test_who_joined_by_a_link_is_listed_while_they_are_members(
    noon: Any, account: Any, olga: Any
) -> None:
    """A visitor who becomes a member by it joined by it; links of another club are its own."""
    key, people = await link(olga, account, uses=None), await strangers(5)
    await join_as_visitor(people[0], account.id)
    for person in people:
        clock.advance(timedelta(seconds=1))
        await bind_key(person, key)
    view = await authorize(olga, account.id, Permission.MANAGE_MEMBERS)
    [invite] = await listed(olga, account.id)
    assert (invite.joined, invite.names, invite.more) == (5, ("Guest 0", "Guest 1", "Guest 2"), 2)
    page = await members(view, wanted=MemberFilter(key_id=invite.key.id))
    assert [member.name for member in page.entries] == [f"Guest {n}" for n in range(5)]
    await end_membership(people[1], account.id, page.entries[1].id)
    [invite] = await listed(olga, account.id)
    assert (invite.joined, invite.key.uses) == (4, 5)
    other = await create_own_account(olga, "Another club")
    assert await listed(olga, other) == []


async def test_a_link_made_before_a_removal_does_not_let_back_in(
    noon: Any, account: Any, olga: Any, alice: Any
) -> None:
    """A9: whom an organiser removed is out until they are invited again."""
    old = await link(olga, account, uses=None)
    clock.advance(timedelta(minutes=1))
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    await end_membership(olga, account.id, member)
    with pytest.raises(NotFound):
        await bind_key(alice, old)
    assert [invite.key.uses for invite in await listed(olga, account.id)] == [0]
    clock.advance(timedelta(minutes=1))
    await bind_key(alice, await link(olga, account, uses=1))
    assert [invite.key.uses for invite in await listed(olga, account.id)] == [1, 0]
