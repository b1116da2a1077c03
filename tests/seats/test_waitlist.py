"""Promotion from the waitlist by the clock (`W3`), replacements (`B6`) and claims (`P4`)."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import (
    book,
    decline_offer,
    fill_all,
    find_replacement,
    keep_seat,
    leave,
    put_in_line,
    seat,
    set_capacity,
    set_guests,
    take,
    take_free,
)
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import needs_answer
from backend.bookings.views import InstanceView
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.seats.refusals import Begun, OfferOver, TooBig, TooLate
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[str]]
# The date starts on Thursday 26 November at 18:00 in Helsinki, 16:00 UTC: 76 hours after `noon`.
FAR, NEAR, LATE = timedelta(hours=50), timedelta(hours=70), timedelta(hours=74, minutes=30)


@pytest.fixture
async def full(noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any) -> str:
    """One seat, Alice's; Bob and Aino wait for it, in this order. Leaving is free until the start."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    return code


@pytest.fixture(autouse=True)
async def invariants(request: pytest.FixtureRequest, world: None) -> Any:
    yield
    assert await check_invariants() == []


async def mine(code: str, person: Any) -> tuple[int, int, int]:
    """Seats, waiting, offered."""
    view = await event(code, person)
    return (view.mine.seats, view.mine.waiting, view.mine.offered) if view.mine else (0, 0, 0)


async def messages_to(person: Any) -> list[str]:
    rows = await db.rows("SELECT kind FROM messages WHERE user_id = $1 ORDER BY id", person.id)
    return [row["kind"] for row in rows]


async def test_far_from_the_start_the_first_in_line_is_seated(full: str, alice: Any, bob: Any) -> None:
    """W3: more than 24 hours ahead."""
    clock.advance(FAR)
    await leave(full, alice, via=Via.CARD)
    assert await mine(full, bob) == (1, 0, 0)
    assert await messages_to(bob) == ["promoted"]


async def test_nearer_the_start_the_seat_is_offered_and_held(
    full: str, alice: Any, bob: Any, aino: Any
) -> None:
    """W3, B3, B4: the offer holds the seat against everybody, and taking it seats."""
    clock.advance(NEAR)
    outcome = await leave(full, alice, via=Via.CARD)
    assert outcome.words.message == "You’ve left."
    assert await mine(full, bob) == (0, 0, 1)
    assert await messages_to(bob) == ["offer"]
    again = await book(full, alice, via=Via.CARD)
    assert (again.kind, again.place) == ("waiting", 3)  # Bob is before her too: the seat is only held for him
    taken = await take(full, bob, via=Via.CARD)
    assert (taken.kind, taken.seats) == ("booked", 1)
    assert await mine(full, aino) == (0, 1, 0)


async def test_held_seats_are_ahead_of_all_who_join_at_once(
    noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any, crowd: Any
) -> None:
    """W5, W6: two seats are held; of twenty who tap at the same time each has a place of their own from the third on, and
    reads that the seats are held, not taken. A view says the same, also once the offers have expired."""
    code = await instance(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    for person in (bob, aino):
        await book(code, person, via=Via.CARD)
    clock.advance(NEAR)
    await leave(code, alice, via=Via.CARD)
    people = await crowd(20)
    outcomes = await asyncio.gather(*(book(code, person, via=Via.CARD) for person in people))
    assert sorted(outcome.place or 0 for outcome in outcomes) == list(range(3, 23))
    assert all(outcome.words.message.startswith("No seat is free: %(n)s is held") for outcome in outcomes)
    for person, outcome in zip(people, outcomes, strict=True):
        view = await event(code, person)
        assert (view.mine and view.mine.place, view.booked, view.offered, view.waiting) == (
            outcome.place,
            0,
            2,
            20,
        )
    clock.advance(timedelta(minutes=31))
    view = await event(code, people[-1])
    assert (view.mine and view.mine.place, view.booked, view.offered, view.waiting) == (
        outcomes[-1].place,
        0,
        2,
        20,
    )


async def test_joining_again_takes_the_offer(full: str, alice: Any, bob: Any) -> None:
    """B9: whoever taps Join while a seat is held for them wants it."""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    assert (await book(full, bob, via=Via.CARD)).kind == "booked"


async def test_an_expired_offer_goes_to_the_next_party_and_its_holder_keeps_the_place(
    full: str, alice: Any, bob: Any, aino: Any
) -> None:
    """W3: after 30 minutes; whoever asks next finds it so, without any job."""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    clock.advance(timedelta(minutes=31))
    with pytest.raises(OfferOver) as refusal:
        await take(full, bob, via=Via.CARD)
    assert refusal.value.words.values["place"].n == 1  # type: ignore[attr-defined]
    assert await messages_to(bob) == ["offer", "lapsed"]
    assert await mine(full, aino) == (0, 0, 1)
    await take(full, aino, via=Via.CARD)
    await leave(full, aino, via=Via.CARD)
    assert await mine(full, bob) == (0, 0, 1)  # still the first for the next one


async def test_a_seat_that_every_party_let_expire_is_open_to_all(
    full: str, alice: Any, bob: Any, aino: Any, olga: Any
) -> None:
    """B4: nobody waits any more who could be seated; but who let it go may have it too, tapping first."""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    for _ in range(2):
        clock.advance(timedelta(minutes=31))
        await fill_all()
    assert [await mine(full, p) for p in (bob, aino)] == [(0, 1, 0), (0, 1, 0)]
    assert (await book(full, olga, via=Via.CARD)).kind == "booked"
    await leave(full, olga, via=Via.CARD)
    assert await mine(full, bob) == (0, 0, 1)


async def test_declining_an_offer_keeps_the_place(full: str, alice: Any, bob: Any, aino: Any) -> None:
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    outcome = await decline_offer(full, bob, via=Via.CARD)
    assert (outcome.kind, outcome.place) == ("offer-declined", 1)
    assert await mine(full, aino) == (0, 0, 1)
    assert (await decline_offer(full, bob, via=Via.CARD)).kind == "already"


async def test_a_seat_nobody_else_waits_for_is_open_to_all(
    noon: datetime, instance: Make, alice: Any, bob: Any
) -> None:
    """B9: it never says that a seat went on when it did not."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(NEAR)
    await leave(code, alice, via=Via.CARD)
    outcome = await decline_offer(code, bob, via=Via.CARD)
    assert outcome.words.message.startswith("No one else is in line")
    assert (await book(code, alice, via=Via.CARD)).kind == "booked"


async def test_an_offer_does_not_run_at_night(noon: datetime, instance: Make, alice: Any, bob: Any) -> None:
    """W3: made at 21:50 in Helsinki it lasts until 8:20."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(hours=2 * 24 + 7, minutes=50))
    await leave(code, alice, via=Via.CARD)
    view = await event(code, bob)
    assert view.mine is not None
    assert view.mine.offer_until == datetime.fromisoformat("2026-11-26T08:20+02:00")


async def test_in_the_last_hours_all_waiting_parties_are_notified_and_the_first_tap_takes_the_seat(
    full: str, alice: Any, bob: Any, aino: Any, olga: Any
) -> None:
    """W3: for five minutes only their taps count, then anyone's."""
    clock.advance(LATE)
    await leave(full, alice, via=Via.CARD)
    assert await messages_to(bob) == await messages_to(aino) == ["first-tap"]
    early = await book(full, olga, via=Via.CARD)
    assert early.kind == "waiting"
    assert (await book(full, aino, via=Via.CARD)).kind == "booked"
    with pytest.raises(OfferOver):
        await take(full, bob, via=Via.CARD)


async def test_without_a_limit_a_waiting_party_is_offered_all_its_seats_in_the_last_hours(
    full: str, bob: Any, aino: Any, olga: Any
) -> None:
    """W3, W4, W6: the view offers what the allocator gives."""
    clock.advance(LATE)
    await set_capacity(full, olga, None)
    assert await messages_to(bob) == await messages_to(aino) == ["first-tap"]
    view = await event(full, bob)
    assert (view.free, view.takeable, view.up_for_grabs) == (None, 1, 0)
    assert [one.code for one in await needs_answer(bob)] == [full]
    assert (await take_free(full, bob, via=Via.CARD)).kind == "booked"


async def test_after_five_minutes_the_seat_is_open_to_all(full: str, alice: Any, bob: Any, olga: Any) -> None:
    clock.advance(LATE)
    await leave(full, alice, via=Via.CARD)
    clock.advance(timedelta(minutes=5, seconds=1))
    assert (await book(full, olga, via=Via.CARD)).kind == "booked"
    assert await messages_to(bob) == ["first-tap"]
    await leave(full, olga, via=Via.CARD)
    assert await messages_to(bob) == ["first-tap", "first-tap"]


async def test_a_seat_free_when_the_last_hours_begin_is_announced_once(
    full: str, alice: Any, bob: Any, aino: Any
) -> None:
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    clock.advance(timedelta(hours=4, minutes=10))
    for _ in range(3):
        await fill_all()
    assert await messages_to(aino) == ["first-tap"]
    assert await messages_to(bob) == ["offer", "lapsed", "first-tap"]


async def test_a_party_may_take_the_free_seats_and_wait_for_the_rest(
    noon: datetime, instance: Make, alice: Any, bob: Any
) -> None:
    """W1, W3"""
    code = await instance(capacity=2)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    clock.advance(LATE)
    with pytest.raises(TooBig):
        await take(code, bob, via=Via.CARD)
    outcome = await take_free(code, bob, via=Via.CARD)
    assert (outcome.kind, outcome.seats, outcome.waiting) == ("waiting", 1, 1)


async def test_many_tap_at_once_for_one_seat_in_the_last_hours(
    noon: datetime, instance: Make, crowd: Any, alice: Any
) -> None:
    """B3, W3: one of two hundred has it."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    people = await crowd(200)
    for person in people:
        await book(code, person, via=Via.CARD)
    clock.advance(LATE)
    await leave(code, alice, via=Via.CARD)
    results = await asyncio.gather(
        *(take(code, person, via=Via.CARD) for person in people), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in results) == 1
    assert {type(one) for one in results if isinstance(one, BaseException)} == {OfferOver}


async def test_many_leave_take_and_join_at_once_while_offers_live(
    noon: datetime, instance: Make, crowd: Any
) -> None:
    """B3 under offers, from every side at once; the invariants are counted after it."""
    code = await instance(capacity=10)
    people = await crowd(60)
    for person in people[:40]:
        await book(code, person, via=Via.CARD)
    clock.advance(NEAR)
    acts = [leave(code, p, via=Via.CARD) for p in people[:10]]
    acts += [take(code, p, via=Via.CARD) for p in people[10:40]]
    acts += [decline_offer(code, p, via=Via.CARD) for p in people[15:25]]
    acts += [book(code, p, via=Via.CARD) for p in people[40:]]
    await asyncio.gather(*acts, return_exceptions=True)
    row = await db.row("SELECT booked, offered, waiting FROM instance_seats")
    assert row is not None
    assert row["booked"] + row["offered"] == 10


async def test_cancelling_ends_offers_and_restoring_makes_them_anew(
    full: str, alice: Any, bob: Any, olga: Any
) -> None:
    """S5"""
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    await cancel_instance(full, olga, "A pipe burst")
    assert await mine(full, bob) == (0, 1, 0)
    await restore_instance(full, olga)
    assert await mine(full, bob) == (0, 0, 1)


async def test_more_seats_are_offered_too(full: str, bob: Any, olga: Any) -> None:
    """W4 by the clock"""
    clock.advance(NEAR)
    await set_capacity(full, olga, 2)
    assert await mine(full, bob) == (0, 0, 1)


async def test_an_organiser_seats_a_party_with_an_offer(full: str, alice: Any, bob: Any, olga: Any) -> None:
    clock.advance(NEAR)
    await leave(full, alice, via=Via.CARD)
    assert await mine(full, bob) == (0, 0, 1)
    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", bob.id)
    assert (await seat(full, olga, membership)).kind == "booked"


async def ident(code: str) -> int:
    return (await find_instance(code)).id


# --- find my replacement (B6) ---


@pytest.fixture
async def strict(noon: datetime, instance: Make, alice: Any, bob: Any) -> str:
    """One seat, Alice's; leaving is free until 48 hours before; nobody waits yet."""
    code = await instance(capacity=1, cancel_before_minutes=48 * 60)
    await book(code, alice, via=Via.CARD)
    return code


async def test_too_late_to_leave_the_seat_stays_until_someone_takes_it(
    strict: str, alice: Any, bob: Any
) -> None:
    clock.advance(FAR)
    with pytest.raises(TooLate):
        await leave(strict, alice, via=Via.CARD)
    assert (await find_replacement(strict, alice, via=Via.MINIAPP)).kind == "replacing"
    assert await mine(strict, alice) == (1, 0, 0)
    assert (await book(strict, bob, via=Via.CARD)).kind == "booked"
    assert await mine(strict, alice) == (0, 0, 0)
    assert await messages_to(alice) == ["replaced"]


async def test_the_first_in_line_takes_it_at_once_far_from_the_start(
    strict: str, alice: Any, bob: Any
) -> None:
    await book(strict, bob, via=Via.CARD)
    clock.advance(FAR)
    assert (await find_replacement(strict, alice, via=Via.MINIAPP)).kind == "left"
    assert await mine(strict, bob) == (1, 0, 0)


async def test_nearer_the_start_all_waiting_parties_are_notified_and_the_first_tap_takes_the_seat(
    strict: str, alice: Any, bob: Any, aino: Any, olga: Any
) -> None:
    await book(strict, bob, via=Via.CARD)
    await book(strict, aino, via=Via.CARD)
    clock.advance(NEAR)
    assert (await find_replacement(strict, alice, via=Via.MINIAPP)).kind == "replacing"
    assert await messages_to(bob) == await messages_to(aino) == ["first-tap"]
    assert (await book(strict, olga, via=Via.CARD)).kind == "waiting"
    assert (await take(strict, aino, via=Via.CARD)).kind == "booked"
    assert await mine(strict, alice) == (0, 0, 0)


async def test_a_member_who_finds_no_replacement_may_keep_the_seat(strict: str, alice: Any, bob: Any) -> None:
    clock.advance(NEAR)
    await find_replacement(strict, alice, via=Via.MINIAPP)
    assert (await keep_seat(strict, alice, via=Via.MINIAPP)).kind == "booked"
    assert (await book(strict, bob, via=Via.CARD)).kind == "waiting"
    assert await mine(strict, alice) == (1, 0, 0)


async def test_before_the_deadline_looking_for_a_replacement_is_leaving(strict: str, alice: Any) -> None:
    assert (await find_replacement(strict, alice, via=Via.MINIAPP)).kind == "left"


async def test_after_the_start_nobody_can_look_for_a_replacement(strict: str, alice: Any) -> None:
    clock.advance(timedelta(hours=76, minutes=5))
    with pytest.raises(Begun):
        await find_replacement(strict, alice, via=Via.MINIAPP)


async def test_a_party_is_replaced_seat_by_seat(noon: datetime, instance: Make, alice: Any, bob: Any) -> None:
    """B7: the guest's seat goes first, the log says each."""
    code = await instance(capacity=2, cancel_before_minutes=48 * 60)
    await book(code, alice, guests=1, via=Via.CARD)
    clock.advance(NEAR)
    await find_replacement(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.CARD)
    assert await mine(code, alice) == (1, 0, 0)
    assert (await event(code, alice)).releasing == 1


async def test_a_seat_looked_for_by_many_is_taken_by_as_many(
    noon: datetime, instance: Make, crowd: Any
) -> None:
    """B3, B6: twenty who cannot come, thirty who would, all at once."""
    code = await instance(capacity=20, cancel_before_minutes=48 * 60)
    people = await crowd(50)
    for person in people[:20]:
        await book(code, person, via=Via.CARD)
    clock.advance(NEAR)
    acts = [find_replacement(code, p, via=Via.CARD) for p in people[:20]]
    acts += [book(code, p, via=Via.CARD) for p in people[20:]]
    await asyncio.gather(*acts)
    await asyncio.gather(*(take(code, p, via=Via.CARD) for p in people[20:]), return_exceptions=True)
    row = await db.row("SELECT booked, releasing FROM instance_seats")
    assert row is not None and row["booked"] == 20
    held = await db.value("SELECT count(*) FROM bookings WHERE seats > 0 AND replace_since IS NULL")
    assert held == 20 and row["releasing"] == 0


# --- claims (P4) ---


async def test_until_claims_end_only_their_holders_may_take_seats(
    noon: datetime, instance: Make, account: Any, alice: Any, bob: Any, aino: Any
) -> None:
    code = await instance(capacity=2)
    await claim(code, account.id, alice, aino, until=noon + timedelta(hours=5))
    waits = await book(code, bob, via=Via.CARD)
    assert waits.kind == "waiting" and "Reserved until" in waits.words.message
    assert (await book(code, alice, via=Via.CARD)).kind == "booked"
    assert await mine(code, bob) == (0, 1, 0)
    clock.advance(timedelta(hours=5))
    await fill_all()
    assert await mine(code, bob) == (1, 0, 0)
    assert (await book(code, aino, via=Via.CARD)).kind == "waiting"


async def test_a_party_with_a_claim_waits_before_those_without(
    noon: datetime, instance: Make, account: Any, alice: Any, bob: Any, aino: Any
) -> None:
    code = await instance(capacity=1)
    await claim(code, account.id, alice, aino, until=noon + timedelta(hours=5))
    await book(code, bob, via=Via.CARD)
    await book(code, alice, via=Via.CARD)
    outcome = await book(code, aino, via=Via.CARD)
    assert (outcome.kind, outcome.place) == ("waiting", 1)
    view: InstanceView = await event(code, bob)
    assert view.mine is not None and view.mine.place == 2
    await leave(code, alice, via=Via.CARD)
    assert await mine(code, aino) == (1, 0, 0)


async def claim(code: str, account_id: int, *people: Any, until: datetime) -> None:
    instance_id = await ident(code)
    async with db.transaction():
        await db.execute("UPDATE event_instances SET claim_until = $2 WHERE id = $1", instance_id, until)
        await db.execute(
            "INSERT INTO seat_claims (account_id, instance_id, membership_id)"
            " SELECT $1, $2, id FROM memberships WHERE account_id = $1 AND user_id = ANY($3::bigint[])",
            account_id,
            instance_id,
            [p.id for p in people],
        )


async def test_an_organiser_puts_a_member_on_the_waitlist_by_the_ordinary_rules(
    full: str, account: Any, olga: Any
) -> None:
    """B10: and their place is the last."""
    membership = await db.value("SELECT id FROM memberships WHERE user_id = $1", olga.id)
    assert (await put_in_line(full, olga, membership)).place == 3


# --- who may take a part (W1) ---


@pytest.fixture
async def two_wait(noon: datetime, instance: Make, alice: Any, bob: Any, aino: Any) -> str:
    """Two seats, Alice's and her guest's; Bob waits for two, and after him Aino for one."""
    code = await instance(capacity=2)
    await book(code, alice, guests=1, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    return code


async def parts_told(person: Any) -> list[int]:
    rows = await db.rows(
        "SELECT (detail ->> 'seats')::int AS seats FROM messages WHERE user_id = $1 AND kind = 'part-free' ORDER BY id",
        person.id,
    )
    return [row["seats"] for row in rows]


@pytest.mark.parametrize("ahead", [timedelta(), NEAR], ids=["far", "near"])
async def test_who_could_take_a_part_is_told_once(
    two_wait: str, olga: Any, alice: Any, bob: Any, aino: Any, ahead: timedelta
) -> None:
    """W1: a guest stays at home; Bob, first in line, is told of the seat, and again only when there are more of them."""
    clock.advance(ahead)
    await set_guests(two_wait, alice, guests=0, via=Via.CARD)
    assert (await parts_told(bob), await parts_told(aino)) == ([1], [])
    await fill_all()
    await book(two_wait, bob, via=Via.CARD)
    assert await parts_told(bob) == [1]
    taken = await take_free(two_wait, bob, via=Via.CARD)
    assert (taken.kind, taken.seats, taken.waiting) == ("waiting", 1, 1)
    again = await take_free(two_wait, bob, via=Via.CARD)
    assert (again.kind, again.seats, again.waiting) == ("already", 1, 1)
    assert again.words.message == taken.words.message
    assert await mine(two_wait, bob) == (1, 1, 0)


async def test_more_seats_are_told_too_and_the_next_when_the_first_has_left(
    noon: datetime, instance: Make, olga: Any, alice: Any, bob: Any, aino: Any
) -> None:
    """W1, W4: with more seats on the date, and when another comes to stand first."""
    code = await instance(capacity=3, guests_max=2)
    await book(code, alice, guests=2, via=Via.CARD)
    await book(code, bob, guests=2, via=Via.CARD)
    await book(code, aino, guests=2, via=Via.CARD)
    await set_capacity(code, olga, 4)
    clock.advance(timedelta(seconds=1))
    await set_capacity(code, olga, 5)
    assert (await parts_told(bob), await parts_told(aino)) == ([1, 2], [])
    await leave(code, bob, via=Via.CARD)
    assert (await parts_told(bob), await parts_told(aino)) == ([1, 2], [2])
    await set_capacity(code, olga, 3)
    clock.advance(timedelta(seconds=1))
    await set_capacity(code, olga, 4)
    assert await parts_told(aino) == [2, 1]


async def test_of_many_taps_on_the_part_one_takes_it(two_wait: str, alice: Any, bob: Any, aino: Any) -> None:
    """W1, B3: Bob taps ten times at once, and Aino, behind him, tries too."""
    await set_guests(two_wait, alice, guests=0, via=Via.CARD)
    answers = await asyncio.gather(
        *(take_free(two_wait, bob, via=Via.CARD) for _ in range(10)),
        take_free(two_wait, aino, via=Via.CARD),
        return_exceptions=True,
    )
    kinds = sorted(str(getattr(answer, "kind", answer.__class__.__name__)) for answer in answers)
    assert kinds == ["NothingToTake", *["already"] * 9, "waiting"]
    assert (await mine(two_wait, bob), await mine(two_wait, aino)) == ((1, 1, 0), (0, 1, 0))
