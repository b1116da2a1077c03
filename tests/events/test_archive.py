"""Archiving a series, and restoring it (`S9`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import answer, book, leave
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import series_instances
from backend.cards.actions import post_card
from backend.errors import Forbidden, Invalid, NotFound
from backend.events import queries as events
from backend.events.archive import archive_series, restore_series
from backend.events.materialization import materialize_all_series
from backend.people.queries import Person
from backend.seats.requests import Via

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)


async def titles(account: Any, *, archived: bool = False) -> list[str]:
    return [one.draft.title for one in await events.all_series(account.id, archived=archived)]


async def test_a_series_with_participants_is_not_archived_without_a_reason(
    series: Make, account: Any, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S9: the refusal says how many there are; with a reason each is cancelled and people are notified."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    codes = [view.code for view in await series_instances(new_series.series_id, olga)]
    await book(codes[0], alice, via=Via.MINIAPP)
    await answer(codes[1], bob, maybe=True, via=Via.MINIAPP)
    await book(codes[2], aino, via=Via.MINIAPP)
    await leave(codes[2], aino, via=Via.MINIAPP)
    await post_card(olga, codes[3])
    with pytest.raises(Invalid) as refused:
        await archive_series(olga, account.id, new_series.series_id)
    assert "2 upcoming dates" in olga.voice.translate(refused.value.words)
    assert refused.value.field == "reason"
    assert await titles(account) == ["Evening flow yoga"]

    assert await archive_series(olga, account.id, new_series.series_id, "The hall is sold.") == 4
    assert await archive_series(olga, account.id, new_series.series_id) == 0
    rows = await db.rows("SELECT user_id, detail->>'reason' AS reason FROM messages ORDER BY id")
    assert [(row["user_id"], row["reason"]) for row in rows] == [
        (alice.id, "The hall is sold."),
        (bob.id, "The hall is sold."),
    ]
    view = await event(codes[0], alice)
    assert (view.state, view.mine and view.mine.seats) == ("CANCELLED", 1)
    assert {view.code for view in await series_instances(new_series.series_id, olga)} == set(codes[:4])
    assert await titles(account) == []
    assert await titles(account, archived=True) == ["Evening flow yoga"]
    clock.advance(timedelta(weeks=2))
    assert await materialize_all_series() == 0


async def test_a_series_without_participants_is_archived_at_once_and_restored(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S9."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await post_card(olga, new_series.first_code)
    assert await archive_series(olga, account.id, new_series.series_id) == 1
    assert (await event(new_series.first_code, olga)).cancel_reason == "This event is no longer held."
    clock.advance(timedelta(days=1))
    assert await restore_series(olga, account.id, new_series.series_id) == 7
    assert await restore_series(olga, account.id, new_series.series_id) == 0
    assert await titles(account) == ["Evening flow yoga"]


async def test_members_and_strangers_archive_and_restore_nothing(
    series: Make, account: Any, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """X4, A1."""
    new_series = await series()
    for action in (archive_series, restore_series):
        with pytest.raises(Forbidden):
            await action(alice, account.id, new_series.series_id)
        with pytest.raises(NotFound):
            await action(charlie, account.id, new_series.series_id)
        with pytest.raises(NotFound):
            await action(olga, account.id, new_series.series_id + 1)
