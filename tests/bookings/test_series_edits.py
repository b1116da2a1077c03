"""Editing a series and cancelling a date when people have booked."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, leave
from backend.bookings.queries import event, series_dates
from backend.bookings.rules import Via
from backend.bookings.series import cancel_date, edit_series, restore_date
from backend.bookings.words import Cancelled, Ended
from backend.errors import Forbidden, Invalid, NotFound
from backend.events import queries as events
from backend.people.queries import Person

Make = Callable[..., Awaitable[Any]]


async def draft_of(club: Any, series_id: int) -> Any:
    view = await events.series(club.id, series_id)
    assert view is not None
    return view.draft


async def test_a_new_rule_moves_untouched_dates_and_lists_booked_ones(
    series: Make, club: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: nothing with a booking is ever deleted silently."""
    made = await series(rule="FREQ=WEEKLY")
    await book(made.first_code, alice, via=Via.MINIAPP)
    draft = await draft_of(club, made.series_id)
    later = replace(draft, starts_local=draft.starts_local + timedelta(hours=1))
    drift = await edit_series(olga, club.id, made.series_id, later)
    assert [view.code for view in drift] == [made.first_code]
    dates = await series_dates(made.series_id, olga)
    assert len({view.starts_at.hour for view in dates[1:]}) == 1
    assert dates[1].starts_at - dates[0].starts_at == timedelta(hours=1)


async def test_more_seats_reach_every_date_and_seat_who_waits(
    series: Make, club: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """W4: raising the capacity fills seats by the same function."""
    made = await series(rule="FREQ=WEEKLY", capacity=1)
    await book(made.first_code, alice, via=Via.MINIAPP)
    assert (await book(made.first_code, bob, via=Via.MINIAPP)).place == 1
    draft = await draft_of(club, made.series_id)
    await edit_series(olga, club.id, made.series_id, replace(draft, capacity=2))
    assert {view.capacity for view in await series_dates(made.series_id, olga)} == {2}
    seen = await event(made.first_code, bob)
    assert seen.mine is not None
    assert seen.mine.seats == 1
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'promoted'") == 1


async def test_a_cancelled_date_tells_everyone_takes_nobody_and_can_be_undone(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5: booked and waiting are told; it can be undone until its start."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await cancel_date(code, olga, "A pipe burst in the hall.")
    await cancel_date(code, olga, "Twice changes nothing.")
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'cancelled'") == 2
    with pytest.raises(Cancelled) as no:
        await book(code, olga, via=Via.MINIAPP)
    assert "A pipe burst" in olga.voice.tell(no.value.words)
    await restore_date(code, olga)
    seen = await event(code, alice)
    assert (seen.state, seen.mine and seen.mine.seats, seen.waiting) == ("SCHEDULED", 1, 1)
    await leave(code, alice, via=Via.MINIAPP)
    seen = await event(code, bob)
    assert seen.mine is not None
    assert seen.mine.seats == 1


async def test_a_date_that_has_begun_is_not_cancelled(
    instance: Make, olga: Person, noon: datetime
) -> None:
    code = await instance()
    clock.advance(timedelta(days=4))
    with pytest.raises(Ended):
        await cancel_date(code, olga, "Too late")


async def test_a_reason_is_asked_for(instance: Make, olga: Person) -> None:
    code = await instance()
    for reason in ("  ", "x" * 301):
        with pytest.raises(Invalid):
            await cancel_date(code, olga, reason)


async def test_only_organisers_cancel(instance: Make, alice: Person, charlie: Person) -> None:
    """X4, A1: a member is told no, a stranger that there is nothing."""
    code = await instance()
    with pytest.raises(Forbidden):
        await cancel_date(code, alice, "Mine!")
    with pytest.raises(NotFound):
        await cancel_date(code, charlie, "Theirs!")
