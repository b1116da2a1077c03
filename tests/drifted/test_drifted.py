"""All dates that a changed rule leaves behind, moved at once (`S4`, `S6`, `S11`)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import db
from backend.accounts.actions import create_own_account
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.consequences.actions import consequences_of
from backend.drifted.actions import move_drifted
from backend.drifted.rules import destinations
from backend.errors import Forbidden, Invalid, NotFound
from backend.events.edit import InstanceChanges, edit_instance, edit_series
from backend.events.queries import series_by_id
from backend.seats.requests import Via
from backend.zones import wall_clock
from emerald.doctor import check_invariants

TUESDAY = datetime(2026, 12, 1, 18, 0)
HELSINKI = "Europe/Helsinki"
Left = Callable[..., Awaitable[int]]


def day(number: int) -> datetime:
    """A day of December 2026; the 1st is a Tuesday."""
    return datetime(2026, 12, number, 16, tzinfo=UTC)


def test_each_goes_to_the_date_of_its_week() -> None:
    sundays = [day(6), day(13), day(20)]
    assert destinations([day(1), day(8)], sundays, HELSINKI) == [day(6), day(13)]


def test_no_two_go_to_the_same() -> None:
    assert destinations([day(1), day(3)], [day(2), day(9)], HELSINKI) == [day(2), day(9)]


def test_without_one_in_its_week_the_nearest_is_taken_and_none_that_is_far() -> None:
    assert destinations([day(7)], [day(5), day(14)], HELSINKI) == [day(5)]
    assert destinations([day(1)], [day(9)], HELSINKI) == [None]


@pytest.fixture
async def left(series: Any, olga: Any, alice: Any, account: Any, noon: datetime) -> Left:
    """A weekly series in which Alice has the first two dates, moved from Tuesday 18:00 by so much; its id."""

    async def make(by: timedelta = timedelta(days=2), rule: str = "FREQ=WEEKLY") -> int:
        made = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
        for one in (await series_instances(made.series_id, olga))[:2]:
            await book(one.code, alice, via=Via.MINIAPP)
        view = await series_by_id(account.id, made.series_id)
        assert view
        await edit_series(
            olga, account.id, made.series_id, replace(view.draft, starts_local=TUESDAY + by, rule=rule)
        )
        assert len(await drifted_instances(account.id)) == 2
        return int(made.series_id)

    return make


async def starts_of(series_id: int, olga: Any) -> list[str]:
    return [
        f"{wall_clock(one.starts_at, one.zone):%d.%m. %H:%M}, {one.booked}"
        for one in (await series_instances(series_id, olga))[:3]
    ]


async def test_they_take_the_place_of_the_empty_ones_and_keep_their_people(
    left: Left, olga: Any, account: Any
) -> None:
    series_id = await left()
    assert await move_drifted(olga, account.id, series_id) == 2
    assert await starts_of(series_id, olga) == ["03.12. 18:00, 1", "10.12. 18:00, 1", "17.12. 18:00, 0"]
    assert await drifted_instances(account.id) == []
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'moved'") == 2
    assert await check_invariants() == []


async def test_the_preview_says_what_moves_and_who_is_told(left: Left, olga: Any, account: Any) -> None:
    series_id = await left()

    async def act() -> int:
        return await move_drifted(olga, account.id, series_id)

    shown = await consequences_of(act, account.id, series_id)
    assert [move.now.starts_at for move in shown.moved] == [day(3), day(10)]
    assert len(shown.deleted) == 2 and {mailing.people.names for mailing in shown.mailings} == {("Alice",)}
    assert len(await drifted_instances(account.id)) == 2, "nothing was done"


async def test_where_somebody_takes_part_none_is_moved_to(
    left: Left, olga: Any, bob: Any, account: Any
) -> None:
    """S11"""
    series_id = await left()
    taken = next(one for one in await series_instances(series_id, olga) if one.starts_at == day(3))
    await book(taken.code, bob, via=Via.MINIAPP)
    assert await move_drifted(olga, account.id, series_id) == 1
    assert [one.starts_at for one in await drifted_instances(account.id)] == [day(1)]
    assert (await event(taken.code, olga)).booked == 1


async def test_what_was_edited_by_hand_is_not_replaced(left: Left, olga: Any, account: Any) -> None:
    """S11"""
    series_id = await left()
    for one in await series_instances(series_id, olga):
        if one.starts_at in (day(3), day(10)):
            await edit_instance(one.code, olga, InstanceChanges(title="Special"))
    with pytest.raises(Invalid, match="free date of its rule"):
        await move_drifted(olga, account.id, series_id)


async def test_without_a_date_nearby_nothing_is_moved(left: Left, olga: Any, account: Any) -> None:
    series_id = await left(timedelta(days=60))

    async def act() -> int:
        return await move_drifted(olga, account.id, series_id)

    with pytest.raises(Invalid, match="free date of its rule"):
        await act()
    with pytest.raises(Invalid, match="free date of its rule"):  # and the preview says so before it is tried
        await consequences_of(act, account.id, series_id)
    assert len(await drifted_instances(account.id)) == 2


async def test_only_organisers_of_the_club_move_them(left: Left, olga: Any, alice: Any, account: Any) -> None:
    """A1, X4"""
    series_id = await left()
    with pytest.raises(Forbidden):
        await move_drifted(alice, account.id, series_id)
    other = await create_own_account(alice, "Choir")
    with pytest.raises(NotFound):
        await move_drifted(alice, other, series_id)
