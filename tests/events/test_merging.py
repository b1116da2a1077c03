"""One instance of a series per start (`S11`)."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import answer, book
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.cards.actions import announce_due
from backend.errors import Invalid, NotFound
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.materialization import materialize_all_series
from backend.events.pause import pause_series, resume_series
from backend.events.queries import series_by_id
from backend.events.reschedule import move_instance
from backend.people.queries import Person
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 12, 1, 18, 0)
AT_SEVEN = TUESDAY.replace(hour=19)


@pytest.fixture
async def moved_to_seven(series: Make, account: Any, olga: Person, alice: Person, noon: datetime) -> Any:
    """A Tuesday class went from 18 to 19; Alice's date stays at 18, and an empty one was made at 19."""
    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await book(made.first_code, alice, via=Via.CARD)
    view = await series_by_id(account.id, made.series_id)
    assert view
    await edit_series(olga, account.id, made.series_id, replace(view.draft, starts_local=AT_SEVEN))
    assert [one.code for one in await drifted_instances(account.id)] == [made.first_code]
    return made


async def dates_of(made: Any, olga: Person) -> list[Any]:
    return [one for one in await series_instances(made.series_id, olga) if one.state == "SCHEDULED"]


async def test_a_booked_date_that_moves_to_the_new_hour_leaves_no_empty_one_there(
    moved_to_seven: Any, account: Any, olga: Person, alice: Person
) -> None:
    """S4 proposes the move; what was made at the new hour goes, and is not made again."""
    made = moved_to_seven
    twin = (await series_instances(made.series_id, olga))[1]
    assert twin.starts_at.hour == 17 and twin.booked == 0
    await move_instance(made.first_code, olga, AT_SEVEN)
    with pytest.raises(NotFound):
        await event(twin.code, olga)
    clock.advance(timedelta(days=1))
    await materialize_all_series()
    await pause_series(olga, account.id, made.series_id)
    await resume_series(olga, account.id, made.series_id)
    dates = await dates_of(made, olga)
    assert len({one.starts_at for one in dates}) == len(dates) == 7
    mine = (await event(made.first_code, alice)).mine
    assert mine and mine.seats == 1
    assert await check_invariants() == []


async def test_an_empty_date_that_a_card_shows_is_cancelled_instead(
    moved_to_seven: Any, account: Any, olga: Person, bob: Person
) -> None:
    """S4: nothing that people have seen is deleted without a word."""
    made = moved_to_seven
    twin = (await series_instances(made.series_id, olga))[1]
    clock.advance(datetime(2026, 11, 30, 12) - clock.now().replace(tzinfo=None))
    assert await announce_due() == 2
    await answer(twin.code, bob, maybe=False, via=Via.CARD)
    await move_instance(made.first_code, olga, AT_SEVEN)
    other = await event(twin.code, olga)
    assert (other.state, other.cancel_reason) == ("CANCELLED", "It takes place together with another date.")
    dates = await dates_of(made, olga)
    assert len({one.starts_at for one in dates}) == len(dates)
    with pytest.raises(Invalid, match="Another date of this event starts then"):
        await restore_instance(twin.code, olga)
    assert await check_invariants() == []


async def test_where_somebody_takes_part_or_an_organiser_has_edited_nothing_is_replaced(
    moved_to_seven: Any, olga: Person, bob: Person
) -> None:
    made = moved_to_seven
    twin, following = (await series_instances(made.series_id, olga))[1:3]
    await edit_instance(following.code, olga, InstanceChanges(place="The other hall"))
    await book(twin.code, bob, via=Via.CARD)
    for start in (AT_SEVEN, AT_SEVEN + timedelta(weeks=1)):
        with pytest.raises(Invalid, match="Another date of this event starts then"):
            await move_instance(made.first_code, olga, start)
    assert (await event(made.first_code, olga)).starts_at.hour == 16
    await cancel_instance(twin.code, olga, "Merged")
    await move_instance(made.first_code, olga, AT_SEVEN)
    assert (await event(made.first_code, olga)).starts_at == twin.starts_at


async def test_no_date_is_made_where_another_is(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """The date was moved to 19 first; then the class follows."""
    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await book(made.first_code, alice, via=Via.CARD)
    await move_instance(made.first_code, olga, AT_SEVEN)
    view = await series_by_id(account.id, made.series_id)
    assert view
    await edit_series(olga, account.id, made.series_id, replace(view.draft, starts_local=AT_SEVEN))
    dates = await dates_of(made, olga)
    assert len({one.starts_at for one in dates}) == len(dates) == 7
    assert await db.value("SELECT count(*) FROM event_instances") == 7


async def test_two_organisers_who_move_two_dates_to_one_start_get_one_there(
    series: Make, account: Any, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """Whoever comes second is told."""
    made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    first, second = (await series_instances(made.series_id, olga))[:2]
    await book(first.code, alice, via=Via.CARD)
    await book(second.code, bob, via=Via.CARD)
    start = datetime(2026, 12, 3, 18, 0)
    outcomes = await asyncio.gather(
        *(move_instance(one.code, olga, start) for one in (first, second)), return_exceptions=True
    )
    assert sorted(isinstance(outcome, Invalid) for outcome in outcomes) == [False, True]
    assert await check_invariants() == []
