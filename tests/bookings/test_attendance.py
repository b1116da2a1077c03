"""Check-in and the attendance list (`B12`), and what counts as an absence (`B6`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.memberships import change_role
from backend.accounts.rules import Role
from backend.bookings.absences import absences, pardon
from backend.bookings.actions import book, find_replacement, leave
from backend.bookings.attendance import (
    ListClosed,
    NotBegun,
    check_in,
    check_in_by_code,
    close_list,
    complete_ended,
    my_check_in_code,
    reopen_list,
    undo_check_in,
)
from backend.bookings.queries.event import event
from backend.errors import Forbidden, Invalid, NotFound
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of

Make = Callable[..., Awaitable[str]]


pytestmark = pytest.mark.usefixtures("invariants")


@pytest.fixture
async def yoga(noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any) -> str:
    """Alice with a guest, Bob and Aino are seated; leaving is free until two days before."""
    code = await instance(capacity=4, cancel_before_minutes=48 * 60)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    return code


async def test_a_helper_checks_in_by_list_and_by_scanning(
    yoga: str, olga: Any, alice: Any, bob: Any, aino: Any, account: Any
) -> None:
    await change_role(olga, account.id, await membership_of(bob), Role.HELPER)
    here = await check_in(yoga, bob, await membership_of(alice), came=1)
    assert (here.came, here.seats, here.already) == (1, 2, False)
    code = await my_check_in_code(yoga, aino)
    assert (await check_in_by_code(yoga, bob, code)).name == "Aino"
    assert (await check_in_by_code(yoga, bob, code)).already
    await undo_check_in(yoga, bob, await membership_of(aino))
    view = await event(yoga, aino)
    assert view.mine is not None and not view.mine.checked_in
    with pytest.raises(Forbidden):
        await check_in(yoga, aino, await membership_of(alice))


async def test_a_forged_code_or_one_of_another_instance_is_refused(
    yoga: str, instance: Make, olga: Any, alice: Any
) -> None:
    other = await instance()
    code = await my_check_in_code(yoga, alice)
    with pytest.raises(Invalid):
        await check_in_by_code(other, olga, code)
    for wrong in (code[:-1] + ("0" if code[-1] != "0" else "1"), "", "emerald:x:1:2", code + "0"):
        with pytest.raises(Invalid):
            await check_in_by_code(yoga, olga, wrong)
    with pytest.raises(NotFound):
        await my_check_in_code(yoga, olga)


async def test_closing_the_list_records_no_shows(
    yoga: str, account: Any, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    await check_in(yoga, olga, await membership_of(alice))
    with pytest.raises(NotBegun):
        await close_list(yoga, olga)
    clock.advance(timedelta(days=4))
    await complete_ended()
    assert (await event(yoga, olga)).came == 4  # booked, until the list is closed
    assert await close_list(yoga, olga) == 2
    assert await close_list(yoga, olga) == 0
    assert (await event(yoga, olga)).came == 2
    with pytest.raises(ListClosed):
        await check_in(yoga, olga, await membership_of(bob))
    found = await absences(account.id)
    assert {(x.name, x.kind) for x in found} == {("Bob", "no-show"), ("Aino", "no-show")}
    await pardon(olga, account.id, found[0].id)
    assert [x.pardoned for x in await absences(account.id)] == [True, False]
    await reopen_list(yoga, olga)
    assert len(await absences(account.id)) == 1  # the pardoned one stays known


async def test_only_a_seat_that_nobody_took_is_a_late_cancellation(
    yoga: str, account: Any, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """B6: Bob finds somebody, Alice does not."""
    clock.advance(timedelta(hours=70))
    await find_replacement(yoga, alice, via=Via.MINIAPP)
    await find_replacement(yoga, bob, via=Via.MINIAPP)
    assert (await book(yoga, olga, via=Via.CARD)).kind == "booked"  # has Alice's guest's seat
    clock.advance(timedelta(days=2))
    assert await complete_ended() == 1
    found = await absences(account.id)
    assert {(x.name, x.kind, x.seats) for x in found} == {("Alice", "late", 1), ("Bob", "late", 1)}


async def test_a_party_promoted_after_the_deadline_is_never_late(
    noon: datetime, instance: Make, account: Any, alice: Any, bob: Any
) -> None:
    """B6"""
    code = await instance(capacity=1, cancel_before_minutes=48 * 60)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(hours=40))  # 36 hours before: past the deadline, seated at once
    await find_replacement(code, alice, via=Via.MINIAPP)
    await find_replacement(code, bob, via=Via.MINIAPP)
    clock.advance(timedelta(days=3))
    await complete_ended()
    assert await absences(account.id) == []


async def test_check_ins_and_leaves_at_once_stay_consistent(
    noon: datetime, instance: Make, olga: Any, crowd: Any
) -> None:
    code = await instance(capacity=None)
    people = await crowd(40)
    for person in people:
        await book(code, person, via=Via.CARD)
    ids = [await membership_of(person) for person in people]
    await asyncio.gather(
        *(check_in(code, olga, i) for i in ids), *(leave(code, p, via=Via.CARD) for p in people[:5]),
        return_exceptions=True,
    )  # fmt: skip
    rows = await db.rows("SELECT seats, came FROM bookings")
    assert all((row["came"] or 0) <= row["seats"] for row in rows)
    assert sum(row["came"] or 0 for row in rows) == 35
