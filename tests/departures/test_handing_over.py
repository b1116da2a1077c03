"""An owner hands the club over, and stays an organiser (`A2`)."""

import asyncio
from typing import Any

import pytest

from backend import db
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import change_role, ensure_named_member, join_as_visitor
from backend.accounts.queries import joined_accounts
from backend.accounts.rules import Role
from backend.departures.handing_over import hand_over
from backend.errors import Forbidden, Invalid, NotFound
from tests.bookings.lookups import membership_of


async def role_of(person: Any) -> Role:
    return (await joined_accounts(person))[0].role


async def test_both_change_at_once_and_both_are_told(
    noon: Any, account: Any, olga: Any, alice: Any, charlie: Any
) -> None:
    key = await create_key(olga, account.id, label="Another owner", role=Role.OWNER)
    await hand_over(olga, account.id, await membership_of(alice))
    assert (await role_of(olga), await role_of(alice)) == (Role.ADMIN, Role.OWNER)
    told = await db.rows(
        "SELECT user_id, (detail->>'is_new')::bool AS is_new FROM messages WHERE kind = 'ownership'"
    )
    assert {row["user_id"]: row["is_new"] for row in told} == {alice.id: True, olga.id: False}
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'hand over'") == 1
    with pytest.raises(NotFound):  # A3: an organiser cannot make owners
        await bind_key(charlie, key)
    with pytest.raises(Forbidden):
        await hand_over(olga, account.id, await membership_of(alice))


async def test_the_club_goes_to_one_of_two(noon: Any, account: Any, olga: Any, alice: Any, bob: Any) -> None:
    """Two taps at once: the second comes from somebody who is no owner any more."""
    choices = [await membership_of(alice), await membership_of(bob)] * 3
    results = await asyncio.gather(
        *(hand_over(olga, account.id, member) for member in choices), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Forbidden"] * 5 + ["NoneType"]
    owners = "SELECT count(*) FROM memberships WHERE account_id = $1 AND role = 'OWNER' AND left_at IS NULL"
    assert await db.value(owners, account.id) == 1 and await role_of(olga) is Role.ADMIN


async def test_it_goes_only_to_a_member_on_telegram_and_only_from_an_owner(
    noon: Any, account: Any, olga: Any, alice: Any, bob: Any, charlie: Any
) -> None:
    async with db.transaction():
        named = await ensure_named_member(account.id, "Martti")
    visitor = await join_as_visitor(charlie, account.id)
    for member in (named, visitor, await membership_of(olga)):
        with pytest.raises(Invalid):
            await hand_over(olga, account.id, member)
    with pytest.raises(NotFound):
        await hand_over(olga, account.id, 10**9)
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    with pytest.raises(Forbidden):
        await hand_over(alice, account.id, await membership_of(bob))
    assert await role_of(olga) is Role.OWNER
