"""The small world itself stands: a seat is booked in it."""

from collections.abc import Awaitable, Callable

from backend.bookings.actions import book
from backend.bookings.queries.lists import upcoming
from backend.people.queries import Person
from backend.seats.requests import Via


async def test_alice_books_a_seat(instance: Callable[..., Awaitable[str]], alice: Person) -> None:
    code = await instance()
    outcome = await book(code, alice, via=Via.MINIAPP)
    assert (outcome.kind, outcome.seats) == ("booked", 1)
    [seen] = await upcoming(alice)
    assert seen.mine is not None
    assert seen.mine.seats == 1
