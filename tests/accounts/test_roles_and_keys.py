"""Accounts, roles and API keys."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, codes, db
from backend.accounts.actions import create_account, create_own_account, edit_account
from backend.accounts.keys import bind_key, create_key, create_key_without_person, revoke_key
from backend.accounts.memberships import LastOwner, change_role, end_membership, join
from backend.accounts.queries import authorize, clubs, keys, members
from backend.accounts.rules import PERMISSIONS, RANK, JoinedThrough, Permission, Role, is_permitted
from backend.errors import Forbidden, Invalid, NotFound
from backend.people.queries import Person


async def membership_of(person: Person, club: Any) -> int:
    return (await authorize(person, club.id, Permission.BOOK)).membership_id


def test_each_role_has_all_permissions_of_the_one_below() -> None:
    """A2: OWNER > ADMIN > HELPER > MEMBER."""
    ranked = sorted(Role, key=lambda role: RANK[role])
    for lower, higher in itertools.pairwise(ranked):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]
    assert is_permitted(Role.HELPER, Permission.CHECK_IN)
    assert not is_permitted(Role.HELPER, Permission.MANAGE_BOOKINGS)


async def test_an_account_does_not_exist_for_a_stranger(club: Any, charlie: Person) -> None:
    """A1: another account's object answers "not found"."""
    with pytest.raises(NotFound):
        await authorize(charlie, club.id, Permission.BOOK)


async def test_a_member_lacks_an_organisers_permission(club: Any, alice: Person) -> None:
    """X4."""
    with pytest.raises(Forbidden):
        await authorize(alice, club.id, Permission.MANAGE_EVENTS)


async def test_the_last_owner_can_neither_leave_nor_be_demoted(
    club: Any, olga: Person, alice: Person
) -> None:
    """A2."""
    own_membership = await membership_of(olga, club)
    with pytest.raises(LastOwner):
        await change_role(olga, club.id, own_membership, Role.ADMIN)
    with pytest.raises(LastOwner):
        await end_membership(olga, club.id, own_membership)
    await change_role(olga, club.id, await membership_of(alice, club), Role.OWNER)
    await change_role(olga, club.id, own_membership, Role.ADMIN)
    assert (await authorize(olga, club.id, Permission.BOOK)).role is Role.ADMIN


async def test_an_admin_can_neither_make_nor_unmake_owners(
    club: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """A2."""
    await change_role(olga, club.id, await membership_of(alice, club), Role.ADMIN)
    with pytest.raises(Forbidden):
        await change_role(alice, club.id, await membership_of(bob, club), Role.OWNER)
    with pytest.raises(Forbidden):
        await end_membership(alice, club.id, await membership_of(olga, club))
    with pytest.raises(Forbidden):
        await create_key(alice, club.id, label="Mine", role=Role.OWNER)
    await change_role(alice, club.id, await membership_of(bob, club), Role.HELPER)
    assert (await authorize(bob, club.id, Permission.CHECK_IN)).role is Role.HELPER


async def test_a_member_who_leaves_is_gone_at_once_and_can_come_back(club: Any, alice: Person) -> None:
    await end_membership(alice, club.id, await membership_of(alice, club))
    assert await clubs(alice) == []
    with pytest.raises(NotFound):
        await authorize(alice, club.id, Permission.BOOK)
    await join(alice, club.id, through=JoinedThrough.LINK)
    assert [c.role for c in await clubs(alice)] == [Role.MEMBER]


async def test_a_key_is_stored_as_its_digest_and_works_once(
    club: Any, olga: Person, charlie: Person, alice: Person
) -> None:
    """A3: `sk_` + 48 hex digits, stored only as SHA-256."""
    key = await create_key(olga, club.id, label="For Charlie", role=Role.HELPER)
    assert len(key) == 51
    assert key.startswith("sk_")
    rows = await db.rows("SELECT * FROM api_keys")
    assert key not in str([dict(row) for row in rows])
    assert codes.digest(key) in {row["key_hash"] for row in rows}
    assert (await bind_key(charlie, key)).role is Role.HELPER
    with pytest.raises(NotFound):
        await bind_key(alice, key)
    [first, *_] = await keys(await authorize(olga, club.id, Permission.MANAGE_KEYS))
    assert (first.label, first.state, first.ending) == ("For Charlie", "used up", key[-4:])


async def test_a_revoked_or_expired_key_does_not_work(club: Any, olga: Person, charlie: Person) -> None:
    """A3."""
    revoked = await create_key(olga, club.id, label="Revoked", role=Role.ADMIN)
    [stored, *_] = await keys(await authorize(olga, club.id, Permission.MANAGE_KEYS))
    await revoke_key(olga, club.id, stored.id)
    soon = clock.now() + timedelta(hours=1)
    expiring = await create_key(olga, club.id, label="Old", role=Role.ADMIN, expires_at=soon)
    with clock.stopped(soon):
        for key in (revoked, expiring, "sk_" + "0" * 48):
            with pytest.raises(NotFound):
                await bind_key(charlie, key)
    assert await clubs(charlie) == []


async def test_a_key_never_lowers_a_role(club: Any, olga: Person) -> None:
    key = await create_key(olga, club.id, label="Lower", role=Role.MEMBER)
    assert (await bind_key(olga, key)).role is Role.OWNER


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "  "},
        {"label": "x" * 81},
        {"uses": 0},
        {"uses": 1001},
        {"expires_at": -1},
    ],
)
async def test_a_key_with_a_wrong_field_is_refused(club: Any, olga: Person, wrong: dict[str, Any]) -> None:
    if "expires_at" in wrong:
        wrong = {"expires_at": clock.now() - timedelta(seconds=1)}
    with pytest.raises(Invalid):
        await create_key(olga, club.id, **{"label": "A key", "role": Role.MEMBER, **wrong})


async def test_another_accounts_key_cannot_be_revoked(club: Any, olga: Person, charlie: Person) -> None:
    """A1."""
    other = await create_own_account(charlie, "Charlie's chess")
    await create_key(charlie, other, label="Theirs", role=Role.MEMBER)
    [stored] = await keys(await authorize(charlie, other, Permission.MANAGE_KEYS))
    with pytest.raises(NotFound):
        await revoke_key(olga, club.id, stored.id)


async def test_an_account_is_edited_and_wrong_fields_are_refused(olga: Person, club: Any) -> None:
    for name in ("", "   ", "x" * 81):
        with pytest.raises(Invalid):
            await create_account(name)
    await edit_account(olga, club.id, name="Kallio  Yoga ry", zone="Europe/Helsinki", language="fi")
    assert [(c.name, c.language) for c in await clubs(olga)] == [("Kallio Yoga ry", "fi")]
    for wrong in ({"zone": "Mars/Olympus"}, {"language": "xx"}):
        fields = {"name": "Yoga", "zone": "UTC", "language": "en", **wrong}
        with pytest.raises(Invalid):
            await edit_account(olga, club.id, **fields)


async def test_organisers_come_first_in_the_list_of_members(club: Any, olga: Person) -> None:
    listed = await members(await authorize(olga, club.id, Permission.SEE_PEOPLE))
    assert [m.name for m in listed] == ["Olga", "Aino", "Alice", "Bob"]


async def test_what_organisers_do_is_audited(club: Any, olga: Person) -> None:
    await create_key(olga, club.id, label="A key", role=Role.MEMBER)
    rows = await db.rows("SELECT verb, object, detail FROM audit_log WHERE user_id = $1", olga.id)
    assert ("create", "api key") in {(row["verb"], row["object"]) for row in rows}
    assert "sk_" not in str([dict(row) for row in rows])


async def test_a_key_made_on_the_server_makes_an_owner(people: dict[str, Any], club: Any) -> None:
    """`A3`: for a club whose only owner is lost; the audit log says that nobody in it made the key."""
    key = await create_key_without_person(club.id, role=Role.OWNER)
    assert (await bind_key(people["charlie"], key)).role is Role.OWNER
    row = await db.row("SELECT user_id FROM audit_log WHERE verb = 'create' AND object = 'api key'")
    assert row is not None and row["user_id"] is None
