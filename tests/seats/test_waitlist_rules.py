"""Rules of the waitlist where several of them meet (`W1`–`W4`, `B6`, `P4`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import (
    add_guest,
    book,
    fill_all,
    find_replacement,
    leave,
    remove,
    set_capacity,
    set_guests,
    take,
)
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.seats import allocator
from backend.seats.refusals import NoRoomForGuest, OfferOver
from backend.seats.requests import Outcome, Request, Verb, Via
from emerald.doctor import check_invariants
from tests.seats.test_waitlist import LATE, NEAR, claim, messages_to, mine

Make = Callable[..., Awaitable[str]]


@pytest.fixture(autouse=True)
async def invariants(world: None) -> Any:
    yield
    assert await check_invariants() == []


async def membership(person: Any) -> int:
    return int(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def to_line(code: str, olga: Any, person: Any) -> Outcome:
    party = await membership(person)
    request = Request(Verb.TO_WAITLIST, Via.DASHBOARD, by=olga.id, membership_id=party)
    return await allocator.submit(((await find_instance(code)).id, request))


# --- offers ---


async def test_a_growing_offer_keeps_the_seats_it_held(
    noon: datetime, instance: Make, alice: Any, bob: Any
) -> None:
    """W3, B7: one seat is held for Bob, he brings a guest, a second seat comes free: two are held."""
    code = await instance(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(NEAR)
    await set_guests(code, alice, guests=0, via=Via.CARD)
    assert (await add_guest(code, bob, via=Via.CARD)).kind == "offered"
    assert await mine(code, bob) == (0, 1, 1)
    clock.advance(timedelta(minutes=10))
    await leave(code, alice, via=Via.CARD)
    assert await mine(code, bob) == (0, 0, 2)
    outcome = await take(code, bob, via=Via.CARD)
    assert (outcome.kind, outcome.seats) == ("booked", 2)


async def test_a_guest_added_while_seats_are_free_is_offered_a_seat_too(
    noon: datetime, instance: Make, alice: Any, bob: Any
) -> None:
    """W2, W3: not a minute later, by whoever looks next."""
    code = await instance(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(NEAR)
    await leave(code, alice, via=Via.CARD)
    outcome = await add_guest(code, bob, via=Via.CARD)
    assert (outcome.kind, outcome.offered, outcome.waiting) == ("offered", 2, 0)
    assert await messages_to(bob) == ["offer"]


# --- the first tap ---


async def test_at_night_before_a_morning_instance_all_are_notified_once(
    noon: datetime, instance: Make, alice: Any, bob: Any, olga: Any
) -> None:
    """W3: nobody is called again and again because the night leaves no time for an offer; after five minutes
    it is anyone's."""
    code = await instance(capacity=1, starts_local=datetime(2026, 11, 26, 8, 15))
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(hours=2 * 24 + 8))  # 22:00 in Helsinki, 10 hours before the start
    await leave(code, alice, via=Via.CARD)
    for _ in range(3):
        clock.advance(timedelta(minutes=2))
        await fill_all()
    assert await messages_to(bob) == ["first-tap"]
    assert (await book(code, olga, via=Via.CARD)).kind == "booked"


async def test_after_five_minutes_a_guest_may_come_too(
    noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any
) -> None:
    """W3, B7: what is anyone's is also for a guest of somebody who is in; before that it is not."""
    code = await instance(capacity=2)
    await book(code, alice, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(LATE)
    await leave(code, alice, via=Via.CARD)
    with pytest.raises(NoRoomForGuest):
        await add_guest(code, aino, via=Via.CARD)
    clock.advance(timedelta(minutes=5, seconds=1))
    assert (await add_guest(code, aino, via=Via.CARD)).seats == 2


async def test_a_seat_freed_while_cancelled_is_announced_after_restoring(
    noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any, olga: Any
) -> None:
    """S5, W3: Aino is removed while the instance is cancelled; Alice is notified of the seat after it is
    restored."""
    code = await instance(capacity=2)
    for person in (alice, aino, bob):
        await book(code, person, via=Via.CARD)
    clock.advance(LATE)
    await leave(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await book(code, alice, via=Via.CARD)
    await cancel_instance(code, olga, "A pipe burst")
    await remove(code, olga, await membership(aino))
    await restore_instance(code, olga)
    assert await messages_to(alice) == ["cancelled", "restored", "first-tap"]


async def test_a_party_is_not_notified_of_seats_that_were_free_when_it_joined(
    noon: datetime, instance: Make, alice: Any, bob: Any, olga: Any
) -> None:
    """W3, M1: the answer said so, and no message follows."""
    code = await instance(capacity=2)
    await book(code, alice, via=Via.CARD)
    clock.advance(LATE)
    assert (await book(code, bob, guests=1, via=Via.CARD)).kind == "waiting"
    await fill_all()
    assert await messages_to(bob) == []


async def test_a_party_that_joins_after_the_notification_gets_a_true_answer(
    noon: datetime, instance: Make, alice: Any, bob: Any, olga: Any
) -> None:
    """B9: the seat is free, but not yet for Olga."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(LATE)
    await leave(code, alice, via=Via.CARD)
    await book(code, olga, via=Via.CARD)
    with pytest.raises(OfferOver) as refusal:
        await take(code, olga, via=Via.CARD)
    assert refusal.value.words.message.startswith("For a few minutes the free seat is for those")


# --- the waitlist ---


async def test_a_party_moved_to_the_waitlist_leaves_spare_seats_to_parties_that_fit(
    noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any, olga: Any
) -> None:
    """W2, W4: in the same transaction, where gaps are filled."""
    code = await instance(capacity=4, fill_gaps=True)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    await set_capacity(code, olga, 3)
    await to_line(code, olga, bob)
    assert await mine(code, aino) == (1, 0, 0)
    assert await mine(code, bob) == (0, 2, 0)


# --- replacements ---


async def test_a_party_replaced_at_once_is_notified_once(
    noon: datetime, instance: Make, alice: Any, bob: Any
) -> None:
    """B6, M1: the answer says it; no message repeats it."""
    code = await instance(capacity=1, cancel_before_minutes=48 * 60)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(hours=50))
    assert (await find_replacement(code, alice, via=Via.CARD)).kind == "left"
    assert await messages_to(alice) == []
    assert await messages_to(bob) == ["promoted"]


# --- claims ---


async def test_a_claim_holds_in_the_last_hours_too(
    noon: datetime, instance: Make, account: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """P4: only who has one may take seats, and only they are called; when it ends, all who wait are."""
    code = await instance(capacity=1)
    await claim(code, account.id, alice, aino, until=noon + timedelta(hours=75))
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    clock.advance(LATE)
    await leave(code, alice, via=Via.CARD)
    assert (await messages_to(aino), await messages_to(bob)) == (["first-tap"], [])
    clock.advance(timedelta(minutes=10))
    assert (await book(code, bob, via=Via.CARD)).kind == "already"
    clock.advance(timedelta(minutes=20))
    await fill_all()
    assert (await messages_to(aino), await messages_to(bob)) == (["first-tap", "first-tap"], ["first-tap"])
    assert (await book(code, bob, via=Via.CARD)).kind == "booked"


# --- replacements while more are booked than there are seats ---


async def test_nobody_takes_over_a_seat_while_overbooked(
    noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any, olga: Any
) -> None:
    """W4, B6: two are booked on one seat and one looks for a replacement: no promotion until it fits."""
    code = await instance(capacity=2, cancel_before_minutes=72 * 60)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(LATE)
    await find_replacement(code, alice, via=Via.CARD)
    await set_capacity(code, olga, 1)
    assert (await book(code, aino, via=Via.CARD)).kind == "waiting"
    await remove(code, olga, await membership(bob))
    assert await messages_to(aino) == ["first-tap"]
    assert (await take(code, aino, via=Via.CARD)).kind == "booked"
    assert await mine(code, alice) == (0, 0, 0)
