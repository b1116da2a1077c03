"""Cancelling one instance, and restoring it (`S5`)."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, leave
from backend.bookings.queries.event import event
from backend.errors import Forbidden, Invalid, NotFound
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.reschedule import move_instance
from backend.outbox.deliveries import load_deliveries
from backend.people.queries import Person
from backend.seats.refusals import Cancelled, Ended
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]


async def test_a_cancelled_instance_notifies_everyone_takes_nobody_and_can_be_restored(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5: booked and waiting are notified; it can be restored until its start."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await cancel_instance(code, olga, "A pipe burst in the hall.")
    await cancel_instance(code, olga, "Twice changes nothing.")
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'cancelled'") == 2
    with pytest.raises(Cancelled) as refused:
        await book(code, olga, via=Via.MINIAPP)
    assert "A pipe burst" in olga.voice.translate(refused.value.words)
    await restore_instance(code, olga)
    view = await event(code, alice)
    assert (view.state, view.mine and view.mine.seats, view.waiting) == ("SCHEDULED", 1, 1)
    await leave(code, alice, via=Via.MINIAPP)
    view = await event(code, bob)
    assert view.mine is not None
    assert view.mine.seats == 1


async def test_a_cancellation_ends_live_offers(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5, W3: Bob waits again at the place he had, the log says so, and restoring offers again."""
    code = await instance(capacity=1, closes_before_minutes=0)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    clock.advance(timedelta(days=2, hours=20))  # eight hours before the start: a freed seat is offered
    await leave(code, alice, via=Via.MINIAPP)
    assert (await event(code, bob)).mine.offered == 1  # type: ignore[union-attr]
    await cancel_instance(code, olga, "A pipe burst.")
    view = await event(code, bob)
    assert (view.booked, view.offered, view.waiting) == (0, 0, 1)
    assert view.mine is not None
    assert (view.mine.waiting, view.mine.offered, view.mine.offer_until, view.mine.place) == (
        1,
        0,
        None,
        1,
    )
    log_row = await db.row("SELECT * FROM event_participation_log ORDER BY id DESC LIMIT 1")
    assert log_row is not None
    assert (log_row["offered_before"], log_row["offered_after"], log_row["waiting_after"]) == (1, 0, 1)
    assert await check_invariants() == []
    await restore_instance(code, olga)
    assert (await event(code, bob)).mine.offered == 1  # type: ignore[union-attr]
    assert await check_invariants() == []


async def test_unsent_messages_about_a_cancelled_instance_are_stale(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5: all but the one about the cancellation."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
    await move_instance(code, olga, datetime(2026, 11, 27, 18, 0))
    await cancel_instance(code, olga, "Ill")
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages")]
    assert {delivery.kind: delivery.is_stale for delivery in (await load_deliveries(ids))[0]} == {
        "promoted": True,
        "moved": True,
        "cancelled": False,
    }
    assert (await event(code, olga)).sequence == 2
    await restore_instance(code, olga)
    assert (await event(code, olga)).sequence == 3


async def test_an_instance_that_has_begun_is_not_cancelled(
    instance: Make, olga: Person, noon: datetime
) -> None:
    code = await instance()
    clock.advance(timedelta(days=4))
    with pytest.raises(Ended):
        await cancel_instance(code, olga, "Too late")


async def test_a_cancellation_needs_a_reason(instance: Make, olga: Person) -> None:
    code = await instance()
    for reason in ("  ", "x" * 301):
        with pytest.raises(Invalid):
            await cancel_instance(code, olga, reason)


async def test_only_organisers_cancel(instance: Make, alice: Person, charlie: Person) -> None:
    """X4, A1: a member is refused; for a stranger it does not exist."""
    code = await instance()
    with pytest.raises(Forbidden):
        await cancel_instance(code, alice, "Mine!")
    with pytest.raises(NotFound):
        await cancel_instance(code, charlie, "Theirs!")
