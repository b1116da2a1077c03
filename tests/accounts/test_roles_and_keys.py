"""Accounts, roles and API keys."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, codes, db, failpoints
from backend.accounts.actions import create_account, create_own_account, edit_account
from backend.accounts.keys import bind_key, create_key, create_key_without_person, revoke_key
from backend.accounts.memberships import LastOwner, change_role, end_membership, join
from backend.accounts.queries import authorize, joined_accounts, keys, members
from backend.accounts.rules import KEY_LIFE, PERMISSIONS, RANK, JoinedThrough, Permission, Role, is_permitted
from backend.errors import Forbidden, Invalid, NotFound
from backend.people.queries import Person
from backend.personal.actions import erase


async def membership_of(person: Person, account: Any) -> int:
    return (await authorize(person, account.id, Permission.BOOK)).membership_id


def test_each_role_has_all_permissions_of_the_one_below() -> None:
    """A2: OWNER > ADMIN > HELPER > MEMBER."""
    ranked = sorted(Role, key=lambda role: RANK[role])
    for lower, higher in itertools.pairwise(ranked):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]
    assert is_permitted(Role.HELPER, Permission.CHECK_IN)
    assert not is_permitted(Role.HELPER, Permission.MANAGE_BOOKINGS)


async def test_an_account_does_not_exist_for_a_stranger(account: Any, charlie: Person) -> None:
    """A1: another account's object answers "not found"."""
    with pytest.raises(NotFound):
        await authorize(charlie, account.id, Permission.BOOK)


async def test_a_member_lacks_an_organisers_permission(account: Any, alice: Person) -> None:
    """X4."""
    with pytest.raises(Forbidden):
        await authorize(alice, account.id, Permission.MANAGE_EVENTS)


async def test_an_organiser_reads_that_an_owner_is_needed(account: Any, olga: Person, alice: Person) -> None:
    """X4: "only organisers" would be no reason for an organiser."""
    await change_role(olga, account.id, await membership_of(alice, account), Role.ADMIN)
    with pytest.raises(Forbidden) as refusal:
        await authorize(alice, account.id, Permission.MANAGE_OWNERS)
    assert alice.voice.translate(refusal.value.words) == "Only an owner can do this."


async def test_the_last_owner_can_neither_leave_nor_be_demoted(
    account: Any, olga: Person, alice: Person
) -> None:
    """A2."""
    own_membership = await membership_of(olga, account)
    with pytest.raises(LastOwner):
        await change_role(olga, account.id, own_membership, Role.ADMIN)
    with pytest.raises(LastOwner):
        await end_membership(olga, account.id, own_membership)
    await change_role(olga, account.id, await membership_of(alice, account), Role.OWNER)
    await change_role(olga, account.id, own_membership, Role.ADMIN)
    assert (await authorize(olga, account.id, Permission.BOOK)).role is Role.ADMIN


async def test_an_admin_can_neither_make_nor_unmake_owners(
    account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """A2."""
    await change_role(olga, account.id, await membership_of(alice, account), Role.ADMIN)
    with pytest.raises(Forbidden):
        await change_role(alice, account.id, await membership_of(bob, account), Role.OWNER)
    with pytest.raises(Forbidden):
        await end_membership(alice, account.id, await membership_of(olga, account))
    with pytest.raises(Forbidden):
        await create_key(alice, account.id, label="Mine", role=Role.OWNER)
    await change_role(alice, account.id, await membership_of(bob, account), Role.HELPER)
    assert (await authorize(bob, account.id, Permission.CHECK_IN)).role is Role.HELPER


async def test_a_member_who_leaves_is_gone_at_once_and_can_come_back(account: Any, alice: Person) -> None:
    await end_membership(alice, account.id, await membership_of(alice, account))
    assert await joined_accounts(alice) == []
    with pytest.raises(NotFound):
        await authorize(alice, account.id, Permission.BOOK)
    await join(alice, account.id, through=JoinedThrough.LINK)
    assert [c.role for c in await joined_accounts(alice)] == [Role.MEMBER]


async def test_a_key_is_stored_as_its_digest_and_works_once(
    account: Any, olga: Person, charlie: Person, alice: Person
) -> None:
    """A3: `sk_` + 48 hex digits, stored only as SHA-256."""
    key = await create_key(olga, account.id, label="For Charlie", role=Role.HELPER)
    assert len(key) == 51
    assert key.startswith("sk_")
    rows = await db.rows("SELECT * FROM api_keys")
    assert key not in str([dict(row) for row in rows])
    assert codes.digest(key) in {row["key_hash"] for row in rows}
    assert (await bind_key(charlie, key)).role is Role.HELPER
    with pytest.raises(NotFound):
        await bind_key(alice, key)
    [first, *_] = await keys(await authorize(olga, account.id, Permission.MANAGE_KEYS))
    assert (first.label, first.state, first.ending) == ("For Charlie", "used up", key[-4:])


async def test_a_revoked_or_expired_key_does_not_work(account: Any, olga: Person, charlie: Person) -> None:
    """A3."""
    revoked = await create_key(olga, account.id, label="Revoked", role=Role.ADMIN)
    [stored, *_] = await keys(await authorize(olga, account.id, Permission.MANAGE_KEYS))
    await revoke_key(olga, account.id, stored.id)
    soon = clock.now() + timedelta(hours=1)
    expiring = await create_key(olga, account.id, label="Old", role=Role.ADMIN, expires_at=soon)
    with clock.stopped(soon):
        for key in (revoked, expiring, "sk_" + "0" * 48):
            with pytest.raises(NotFound):
                await bind_key(charlie, key)
    assert await joined_accounts(charlie) == []


async def test_a_key_never_lowers_a_role(account: Any, olga: Person) -> None:
    key = await create_key(olga, account.id, label="Lower", role=Role.MEMBER)
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
async def test_a_key_with_a_wrong_field_is_refused(account: Any, olga: Person, wrong: dict[str, Any]) -> None:
    if "expires_at" in wrong:
        wrong = {"expires_at": clock.now() - timedelta(seconds=1)}
    with pytest.raises(Invalid):
        await create_key(olga, account.id, **{"label": "A key", "role": Role.MEMBER, **wrong})


async def test_another_accounts_key_cannot_be_revoked(account: Any, olga: Person, charlie: Person) -> None:
    """A1."""
    other = await create_own_account(charlie, "Charlie's chess")
    await create_key(charlie, other, label="Theirs", role=Role.MEMBER)
    [stored] = await keys(await authorize(charlie, other, Permission.MANAGE_KEYS))
    with pytest.raises(NotFound):
        await revoke_key(olga, account.id, stored.id)


async def test_an_account_is_edited_and_wrong_fields_are_refused(olga: Person, account: Any) -> None:
    for name in ("", "   ", "x" * 81):
        with pytest.raises(Invalid):
            await create_account(name)
    await edit_account(olga, account.id, name="Kallio  Yoga ry", zone="Europe/Helsinki", language="fi")
    assert [(c.name, c.language) for c in await joined_accounts(olga)] == [("Kallio Yoga ry", "fi")]
    for wrong in ({"zone": "Mars/Olympus"}, {"language": "xx"}):
        fields = {"name": "Yoga", "zone": "UTC", "language": "en", **wrong}
        with pytest.raises(Invalid):
            await edit_account(olga, account.id, **fields)


async def test_organisers_come_first_in_the_list_of_members(account: Any, olga: Person) -> None:
    listed = await members(await authorize(olga, account.id, Permission.SEE_PEOPLE))
    assert [m.name for m in listed.entries] == ["Olga", "Aino", "Alice", "Bob"]


async def test_what_organisers_do_is_audited(account: Any, olga: Person) -> None:
    await create_key(olga, account.id, label="A key", role=Role.MEMBER)
    rows = await db.rows("SELECT verb, object, detail FROM audit_log WHERE user_id = $1", olga.id)
    assert ("create", "api key") in {(row["verb"], row["object"]) for row in rows}
    assert "sk_" not in str([dict(row) for row in rows])


async def test_a_key_made_on_the_server_makes_an_owner(people: dict[str, Any], account: Any) -> None:
    """`A3`: for a club whose only owner is lost; the audit log says that nobody in it made the key."""
    key = await create_key_without_person(account.id, role=Role.OWNER)
    assert (await bind_key(people["charlie"], key)).role is Role.OWNER
    row = await db.row("SELECT user_id FROM audit_log WHERE verb = 'create' AND object = 'api key'")
    assert row is not None and row["user_id"] is None


async def made_by_alice(account: Any, olga: Person, alice: Person, role: Role) -> list[str]:
    """Keys that Alice makes in this role: one for a member, one for her own rank."""
    await change_role(olga, account.id, await membership_of(alice, account), role)
    return [
        await create_key(alice, account.id, label="Hers", role=each, uses=None)
        for each in (Role.MEMBER, role)
    ]


async def working(keys_made: list[str], charlie: Person) -> list[bool]:
    found = []
    for key in keys_made:
        try:
            await bind_key(charlie, key)
        except NotFound:
            found.append(False)
        else:
            found.append(True)
    return found


async def lose_the_role(how: str, account: Any, olga: Person, alice: Person) -> None:
    membership = await membership_of(alice, account)
    if how == "removed":
        await end_membership(olga, account.id, membership)
    elif how == "leaves":
        await end_membership(alice, account.id, membership)
    elif how == "erased":
        await erase(alice)
    else:
        await change_role(olga, account.id, membership, Role(how))


LOSSES = ["removed", "leaves", "erased", "MEMBER", "HELPER"]


@pytest.mark.parametrize("how", LOSSES)
async def test_an_organisers_keys_end_with_the_role(
    account: Any, olga: Person, alice: Person, charlie: Person, how: str
) -> None:
    """A3: and stay revoked when they are made an organiser again."""
    hers = await made_by_alice(account, olga, alice, Role.ADMIN)
    others = await create_key(olga, account.id, label="Olga's", role=Role.MEMBER, uses=None)
    await lose_the_role(how, account, olga, alice)
    assert await working(hers, charlie) == [False, False]
    assert await working([others], charlie) == [True]
    if how in ("MEMBER", "HELPER"):
        await change_role(olga, account.id, await membership_of(alice, account), Role.ADMIN)
        assert await working(hers, charlie) == [False, False]


async def test_an_owner_who_becomes_an_admin_loses_only_keys_of_owners(
    account: Any, olga: Person, alice: Person, charlie: Person
) -> None:
    """A3"""
    hers = await made_by_alice(account, olga, alice, Role.OWNER)
    await lose_the_role("ADMIN", account, olga, alice)
    assert await working(hers, charlie) == [True, False]


@pytest.mark.parametrize("how", LOSSES)
async def test_keys_would_outlive_the_role(
    account: Any, olga: Person, alice: Person, charlie: Person, how: str, switch_off: Any
) -> None:
    """The control of the tests before."""
    switch_off("keys.outlive-role")
    hers = await made_by_alice(account, olga, alice, Role.ADMIN)
    await lose_the_role(how, account, olga, alice)
    assert await working(hers, charlie) == [True, True]


async def test_who_loses_the_role_meanwhile_leaves_no_key_behind(
    account: Any, olga: Person, alice: Person
) -> None:
    """A3: the role is looked at once more, and locked, where the key is written."""
    await change_role(olga, account.id, await membership_of(alice, account), Role.ADMIN)

    async def demote_first() -> None:
        failpoints.set_hook("keys.authorized", None)
        await change_role(olga, account.id, await membership_of(alice, account), Role.MEMBER)

    failpoints.set_hook("keys.authorized", demote_first)
    with pytest.raises(Forbidden):
        await create_key(alice, account.id, label="Hers", role=Role.MEMBER)
    assert [key.label for key in await keys(await authorize(olga, account.id, Permission.MANAGE_KEYS))] == [
        "First owner"
    ]


async def test_every_key_ends_within_a_year(
    account: Any, olga: Person, charlie: Person, switch_off: Any
) -> None:
    """A3"""
    with clock.stopped(clock.now()):
        now = clock.now()
        made = [
            await create_key(olga, account.id, label="x", role=Role.MEMBER, uses=None),
            await create_key(
                olga, account.id, label="x", role=Role.MEMBER, expires_at=now + KEY_LIFE, uses=None
            ),
            await create_key_without_person(account.id, role=Role.ADMIN),
            (await create_account("Another")).key,
        ]
        too_long = now + KEY_LIFE + timedelta(minutes=1)
        with pytest.raises(Invalid, match="one year at most"):
            await create_key(olga, account.id, label="x", role=Role.MEMBER, expires_at=too_long)
        clock.advance(KEY_LIFE)
        assert await working(made, charlie) == [False] * 4
        switch_off("keys.endless")  # the control
        endless = await create_key(
            olga, account.id, label="x", role=Role.MEMBER, uses=None, expires_at=clock.now() + 5 * KEY_LIFE
        )
        clock.advance(KEY_LIFE)
        assert await working([endless], charlie) == [True]


async def test_a_key_that_the_version_before_made_without_an_end_has_one(
    account: Any, olga: Person, charlie: Person
) -> None:
    """A3: during an update it goes on writing rows."""
    key = await create_key(olga, account.id, label="x", role=Role.MEMBER, uses=None)
    await db.execute("UPDATE api_keys SET expires_at = NULL")
    assert await working([key], charlie) == [True]
    with clock.stopped(clock.now() + KEY_LIFE):
        assert await working([key], charlie) == [False]
