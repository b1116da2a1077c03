"""Closing a club (`A12`): asked for by an owner, in a week for good, and everybody with a seat is told."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.keys import bind_key, create_key
from backend.accounts.memberships import LastOwner, change_role, join
from backend.accounts.queries import joined_accounts
from backend.accounts.rules import JoinedThrough, Role
from backend.bookings.actions import book
from backend.closing.actions import ClosingTooLate, close_due_accounts, request_closing, withdraw_closing
from backend.closing.export import export_account
from backend.errors import Forbidden, Invalid, NotFound
from backend.personal.actions import erase
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of

NAME = "Kallio Yoga"
WEEK = timedelta(days=7)
LATER = {"starts_local": datetime(2026, 12, 13, 18)}  # twenty days after noon of the tests


async def told(kind: str) -> set[int]:
    rows = await db.rows("SELECT user_id FROM messages WHERE kind = $1 AND user_id IS NOT NULL", kind)
    return {row["user_id"] for row in rows}


async def account_row(account: Any) -> db.Row:
    row = await db.row("SELECT * FROM accounts WHERE id = $1", account.id)
    assert row is not None
    return row


async def test_only_an_owner_who_types_the_name_closes_it(
    account: Any, olga: Any, alice: Any, noon: Any
) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.ADMIN)
    with pytest.raises(Forbidden):
        await request_closing(alice, account.id, name=NAME)
    for wrong in ("", "kallio yoga", "Kallio", "Sunday Runners"):
        with pytest.raises(Invalid) as refused:
            await request_closing(olga, account.id, name=wrong)
        assert refused.value.field == "name"
    assert (await account_row(account))["closing_at"] is None
    assert await request_closing(olga, account.id, name=f" {NAME} ") == noon + WEEK
    assert await told("account-closing") == {alice.id}, "the other organisers"


async def test_asking_again_changes_nothing(account: Any, olga: Any, noon: Any) -> None:
    first = await request_closing(olga, account.id, name=NAME)
    clock.advance(timedelta(days=2))
    assert await request_closing(olga, account.id, name=NAME) == first


async def test_until_then_everything_goes_on_and_it_can_be_kept(
    account: Any, olga: Any, alice: Any, bob: Any, instance: Any, noon: Any
) -> None:
    code = await instance(**LATER)
    await change_role(olga, account.id, await membership_of(alice), Role.OWNER)
    await request_closing(olga, account.id, name=NAME)
    clock.advance(WEEK - timedelta(minutes=1))
    assert await close_due_accounts() == 0
    await book(code, bob, via=Via.MINIAPP)
    await withdraw_closing(alice, account.id)
    await withdraw_closing(alice, account.id)
    assert await told("account-kept") == {olga.id}
    clock.advance(WEEK)
    assert await close_due_accounts() == 0
    assert len(await joined_accounts(bob)) == 1


async def test_after_a_week_it_is_closed_and_people_with_seats_are_told(
    account: Any, olga: Any, alice: Any, bob: Any, instance: Any, noon: Any
) -> None:
    code = await instance(capacity=1, **LATER)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    key = await create_key(olga, account.id, label="Door", role=Role.HELPER, uses=None)
    await request_closing(olga, account.id, name=NAME)
    clock.advance(WEEK)
    with pytest.raises(ClosingTooLate):
        await withdraw_closing(olga, account.id)
    assert await close_due_accounts() == 1
    assert await close_due_accounts() == 0
    assert await told("cancelled") == {alice.id, bob.id}
    row = await db.row("SELECT state, cancel_reason FROM event_instances WHERE code = $1", code)
    assert row and tuple(row.values()) == ("CANCELLED", "The club is closed.")
    for person in (olga, alice, bob):
        assert await joined_accounts(person) == []
    assert await db.value("SELECT count(*) FROM groups WHERE account_id = $1", account.id) == 0
    with pytest.raises(NotFound):
        await bind_key(alice, key)
    with pytest.raises(NotFound):
        await join(alice, account.id, through=JoinedThrough.HAND)


async def test_an_only_owner_can_be_erased_after_it(account: Any, olga: Any, noon: Any) -> None:
    """A2 and A7 end there."""
    await request_closing(olga, account.id, name=NAME)
    with pytest.raises(LastOwner):
        await erase(olga)
    clock.advance(WEEK)
    await close_due_accounts()
    await erase(olga)
    assert await db.value("SELECT erased_at FROM telegram_users WHERE id = $1", olga.id) is not None


async def test_names_of_people_without_telegram_go(account: Any, olga: Any, instance: Any, noon: Any) -> None:
    """Nobody could ask for it: they have no Telegram, and the club no organisers."""
    from backend.accounts.memberships import ensure_named_member

    async with db.transaction():
        await ensure_named_member(account.id, "Grandma Elsa")
    await request_closing(olga, account.id, name=NAME)
    clock.advance(WEEK)
    await close_due_accounts()
    names = await db.rows("SELECT name FROM memberships WHERE user_id IS NULL")
    assert [row["name"] for row in names] == ["Someone"]


async def test_two_owners_at_once_close_it_once(account: Any, olga: Any, alice: Any, noon: Any) -> None:
    await change_role(olga, account.id, await membership_of(alice), Role.OWNER)
    await asyncio.gather(
        *(request_closing(who, account.id, name=NAME) for who in (olga, alice) for _ in range(5))
    )
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'ask to close'") == 1
    await asyncio.gather(*(withdraw_closing(who, account.id) for who in (olga, alice) for _ in range(5)))
    assert await db.value("SELECT count(*) FROM audit_log WHERE verb = 'keep'") == 1


async def test_two_workers_at_once_and_people_who_join_meanwhile(
    account: Any, olga: Any, charlie: Any, crowd: Any, instance: Any, noon: Any
) -> None:
    code = await instance(capacity=30, **LATER)
    people = await crowd(40)
    for person in people:
        await book(code, person, via=Via.MINIAPP)
    await request_closing(olga, account.id, name=NAME)
    clock.advance(WEEK)
    await asyncio.gather(
        close_due_accounts(),
        *(join(person, account.id, through=JoinedThrough.HAND) for person in (charlie, *people[:10])),
        return_exceptions=True,
    )
    await close_due_accounts()
    assert await db.value("SELECT count(*) FROM memberships WHERE left_at IS NULL") == 0
    assert len(await told("cancelled")) == 40


async def test_an_interrupted_closing_is_finished(
    account: Any, olga: Any, alice: Any, series: Any, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await series(**LATER)
    await request_closing(olga, account.id, name=NAME)
    clock.advance(WEEK)

    async def dies(*_: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as broken:
        broken.setattr("backend.closing.actions.unlink_group", dies)
        with pytest.raises(Exception, match="killed"):
            await close_due_accounts()
    assert len(await joined_accounts(olga)) == 1
    assert await close_due_accounts() == 1
    assert await joined_accounts(olga) == []


async def test_the_export_has_everything_and_is_for_owners(
    account: Any, olga: Any, alice: Any, bob: Any, instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.closing.export.CHUNK", 2)
    code = await instance(title="Morning <flow>")
    await book(code, alice, via=Via.MINIAPP, guests=0)
    with pytest.raises(Forbidden):
        await export_account(alice, account.id)
    found = json.loads(await export_account(olga, account.id))
    assert found["club"] == NAME
    assert {"Olga", "Alice", "Bob", "Aino"} <= {member["name"].split()[0] for member in found["members"]}
    assert found["series"][0]["title"] == "Morning <flow>"
    assert [(b["code"], b["member"].split()[0], b["seats"]) for b in found["bookings"]] == [
        (code, "Alice", 1)
    ]
    assert found["dates"][0]["code"] == code and found["absences"] == found["polls"] == []
