"""An organiser changes a series while people book it: nobody's booking is lost (`S4`, `B3`)."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from backend import db
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.errors import NotFound
from backend.events import queries as events
from backend.events.archive import archive_series
from backend.events.edit import edit_series
from backend.events.materialization import materialize_all_series
from backend.events.reschedule import move_instance
from backend.events.split import edit_following
from backend.people.queries import Person
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]
Crowd = Callable[[int], Awaitable[list[Person]]]


async def draft_of(account: Any, series_id: int) -> Any:
    view = await events.series_by_id(account.id, series_id)
    assert view is not None
    return view.draft


async def test_a_booking_that_meets_a_new_rule_is_kept_or_refused(
    series: Make, account: Any, olga: Person, crowd: Crowd, noon: datetime
) -> None:
    """S4: seats are locked before bookings are read: every booked instance stays and drifts."""
    people = await crowd(8)
    new_series = await series(rule="FREQ=WEEKLY", capacity=None)
    booked: list[tuple[str, Person]] = []

    async def try_to_book(code: str, person: Person) -> None:
        with contextlib.suppress(NotFound):
            await book(code, person, via=Via.MINIAPP)
            booked.append((code, person))

    for _ in range(4):
        codes = [view.code for view in await series_instances(new_series.series_id, olga)]
        draft = await draft_of(account, new_series.series_id)
        later = replace(draft, starts_local=draft.starts_local + timedelta(minutes=10))
        await asyncio.gather(
            *(try_to_book(code, person) for code in codes for person in people),
            edit_series(olga, account.id, new_series.series_id, later),
            materialize_all_series(),
        )
    assert booked
    for code, person in booked:
        view = await event(code, person)
        assert view.mine is not None
        assert view.mine.seats == 1
    codes_with_bookings = {
        view.code for view in await series_instances(new_series.series_id, olga) if view.booked
    }
    assert codes_with_bookings == {code for code, _ in booked}
    assert await drifted_instances(account.id)
    assert await check_invariants() == []


async def test_simultaneous_splits_moves_and_archivings_agree(
    series: Make, account: Any, olga: Person, crowd: Crowd, noon: datetime
) -> None:
    """S4, S6, S9: whatever the order, each instance is in one series, and every seat is accounted for."""
    people = await crowd(6)
    new_series = await series(rule="FREQ=WEEKLY", capacity=4)
    codes = [view.code for view in await series_instances(new_series.series_id, olga)]
    draft = await draft_of(account, new_series.series_id)
    results = await asyncio.gather(
        *(book(codes[-1], person, via=Via.MINIAPP) for person in people),
        edit_following(codes[4], olga, replace(draft, title="Second")),
        edit_following(codes[2], olga, replace(draft, title="First")),
        move_instance(codes[-1], olga, datetime(2027, 1, 20, 12, 0)),
        return_exceptions=True,
    )
    assert [result for result in results if isinstance(result, Exception)] == []
    rows = await db.rows("SELECT code FROM event_instances ORDER BY original_start")
    assert [row["code"] for row in rows] == codes
    assert await db.value("SELECT booked FROM instance_seats WHERE booked > 0") == 4
    assert await materialize_all_series() == 0
    await asyncio.gather(
        *(archive_series(olga, account.id, view.id, "Over.") for view in await events.all_series(account.id))
    )
    assert await events.all_series(account.id) == []
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'cancelled'") == len(people)
    assert await check_invariants() == []
