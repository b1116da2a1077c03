"""A request that hung while its person asked for something else does not undo what they asked for last (`B2`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, leave
from backend.bookings.queries.event import event
from backend.causes import asked_at, caused_by, new_cause, new_request_id
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.seats import allocator
from backend.seats.requests import Request, Verb, Via

Make = Callable[..., Awaitable[Any]]
HANGS = timedelta(seconds=12)


def ask(person: Person, verb: Verb, **more: Any) -> Request:
    """What a person asks for now; nothing is done yet."""
    with caused_by(new_cause(), asked_at=clock.now()):
        return Request(verb, Via.MINIAPP, by=person.id, user_id=person.id, **more)


async def carry_out(code: str, *requests: Request) -> list[str]:
    """How requests are answered that reach the allocator now: an outcome's kind, or the name of a refusal."""
    instance_id = (await find_instance(code)).id
    results = await allocator.process_batch(0, [(instance_id, one) for one in requests])
    return [type(one).__name__ if isinstance(one, Exception) else one.kind for one in results]


async def seats(code: str, person: Person) -> int:
    mine = (await event(code, person)).mine
    return mine.seats if mine else 0


def test_the_id_of_a_change_says_when_it_was_asked_for(noon: datetime) -> None:
    with caused_by("0123abcd", asked_at=noon):
        clock.advance(HANGS)
        id = new_request_id()
    assert id.hex.startswith("0123abcd")
    assert asked_at(id) == noon.timestamp()
    assert asked_at(new_request_id()) == (noon + HANGS).timestamp(), "without a person's request: now"


async def test_a_leave_that_hung_does_not_undo_the_booking_made_since(
    instance: Make, alice: Person, noon: datetime
) -> None:
    code = await instance()
    await book(code, alice, via=Via.MINIAPP)
    hanging = ask(alice, Verb.LEAVE)
    clock.advance(HANGS)
    await leave(code, alice, via=Via.MINIAPP)  # they asked again
    clock.advance(timedelta(seconds=1))
    await book(code, alice, via=Via.MINIAPP)
    assert await carry_out(code, hanging) == ["Overtaken"]
    assert await seats(code, alice) == 1
    assert await db.value("SELECT count(*) FROM event_participation_log") == 3


async def test_a_booking_that_hung_does_not_undo_the_leave_made_since(
    instance: Make, alice: Person, noon: datetime
) -> None:
    code = await instance()
    hanging = ask(alice, Verb.BOOK)
    clock.advance(HANGS)
    await book(code, alice, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
    assert await carry_out(code, hanging) == ["Overtaken"]
    assert await seats(code, alice) == 0


async def test_what_was_asked_for_before_does_not_keep_a_late_request_from_being_done(
    instance: Make, alice: Person, bob: Person, noon: datetime
) -> None:
    """Two guests are asked for one after the other, and both requests hang."""
    code = await instance(guests_max=5)
    await book(code, bob, via=Via.MINIAPP)
    one = ask(alice, Verb.ADD_GUEST)
    clock.advance(timedelta(milliseconds=300))
    other = ask(alice, Verb.ADD_GUEST)
    clock.advance(HANGS)
    assert await carry_out(code, one) == ["booked"]
    await leave(code, bob, via=Via.MINIAPP)  # somebody else's changes are no matter
    assert await carry_out(code, other) == ["booked"]
    assert await seats(code, alice) == 3


async def test_a_request_knows_itself_when_it_is_tried_again(
    instance: Make, alice: Person, noon: datetime
) -> None:
    """B2: its own row in the log does not overtake it."""
    code = await instance(guests_max=5)
    request = ask(alice, Verb.ADD_GUEST)
    clock.advance(HANGS)
    assert await carry_out(code, request) == ["booked"]
    instance_id = (await find_instance(code)).id
    again = await allocator.process_batch(0, [(instance_id, request)], maybe_committed=True)
    assert [one.kind for one in again if not isinstance(one, Exception)] == ["booked"]
    assert await seats(code, alice) == 2


async def test_an_organisers_late_act_does_not_undo_their_later_one(
    instance: Make, alice: Person, olga: Person, noon: datetime
) -> None:
    code = await instance(guests_max=5)
    await book(code, alice, via=Via.MINIAPP)
    membership_id = await db.value("SELECT membership_id FROM bookings")
    with caused_by(new_cause(), asked_at=clock.now()):
        hanging = Request(Verb.REMOVE, Via.DASHBOARD, by=olga.id, membership_id=membership_id)
    clock.advance(HANGS)
    more = Request(Verb.SET_GUESTS, Via.DASHBOARD, by=olga.id, membership_id=membership_id, guests=1)
    assert await carry_out(code, more) == ["booked"]
    assert await carry_out(code, hanging) == ["Overtaken"]
    assert await seats(code, alice) == 2


async def test_what_comes_at_once_reads_nothing_more(
    instance: Make, alice: Person, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = await instance()
    monkeypatch.setattr("backend.request_order.OVERTAKEN", "SELECT a mistake")
    await book(code, alice, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
