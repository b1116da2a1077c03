"""Standing seats (`B11`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import answer, book
from backend.bookings.queries.event import event
from backend.bookings.queries.people import waitlist
from backend.bookings.standing_seats import (
    end_own_regular,
    make_regular,
    own_standing_seats,
    standing_seats_of_series,
)
from backend.errors import Forbidden, NotFound
from backend.events.materialization import materialize_all_series
from backend.seats.regulars import seat_all_regulars
from backend.seats.requests import Via
from tests.bookings.lookups import membership_of

Make = Callable[..., Awaitable[str]]


pytestmark = pytest.mark.usefixtures("invariants")


async def test_a_regular_has_a_seat_on_every_instance_but_those_they_decline(
    noon: datetime, series: Any, account: Any, olga: Any, alice: Any, bob: Any
) -> None:
    made = await series(capacity=1, rule="FREQ=WEEKLY")
    assert await make_regular(olga, account.id, made.series_id, await membership_of(alice)) == 8
    assert await make_regular(olga, account.id, made.series_id, await membership_of(alice)) == 0
    await book(made.first_code, bob, via=Via.CARD)
    await answer(made.first_code, alice, maybe=False, via=Via.CARD)  # not this week
    mine = (await event(made.first_code, bob)).mine
    assert mine is not None and mine.seats == 1
    assert await seat_all_regulars() == 0  # an answer stands
    [standing] = await own_standing_seats(alice)
    assert standing.title == "Evening flow yoga" and standing.next_code == made.first_code


async def test_new_instances_seat_their_regulars_at_once(
    noon: datetime, series: Any, account: Any, olga: Any, alice: Any
) -> None:
    made = await series(capacity=1, rule="FREQ=WEEKLY")
    await make_regular(olga, account.id, made.series_id, await membership_of(alice))
    clock.advance(timedelta(weeks=1))
    assert await materialize_all_series() == 1
    assert await seat_all_regulars() == 0
    row = await db.row(
        "SELECT s.booked FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id ORDER BY i.starts_at DESC"
    )
    assert row is not None and row["booked"] == 1


async def test_more_regulars_than_seats_wait_in_their_order(
    noon: datetime, series: Any, account: Any, olga: Any, alice: Any, bob: Any
) -> None:
    made = await series(capacity=1, rule="FREQ=WEEKLY;COUNT=1")
    await make_regular(olga, account.id, made.series_id, await membership_of(bob))
    await make_regular(olga, account.id, made.series_id, await membership_of(alice))
    assert [r.name for r in await standing_seats_of_series(made.series_id)] == ["Bob", "Alice"]
    assert [c.name for c in await waitlist((await event(made.first_code, bob)).id)] == ["Alice"]


async def test_a_regular_may_give_the_standing_seat_back(
    series: Any, account: Any, olga: Any, alice: Any, bob: Any
) -> None:
    made = await series(capacity=3)
    await make_regular(olga, account.id, made.series_id, await membership_of(alice))
    with pytest.raises(NotFound):
        await end_own_regular(bob, made.series_id)
    await end_own_regular(alice, made.series_id)
    assert await standing_seats_of_series(made.series_id) == []
    mine = (await event(made.first_code, alice)).mine
    assert mine is not None and mine.seats == 1  # what is booked stays
    with pytest.raises(Forbidden):
        await make_regular(bob, account.id, made.series_id, await membership_of(alice))
