"""Moving one instance, and asking everyone who is booked (`S6`)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import answer, book, leave, stay
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.errors import Forbidden, Invalid, NotFound
from backend.events import queries as events
from backend.events.cancel import cancel_instance
from backend.events.edit import edit_series
from backend.events.materialization import materialize_all_series
from backend.events.reschedule import move_instance, move_responses
from backend.outbox.deliveries import load_deliveries
from backend.people.queries import Person
from backend.seats.refusals import Cancelled, Ended, NotIn
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)
SUNDAY = datetime(2026, 11, 29, 11, 0)


async def move_messages(kind: str = "moved", state: str = "due") -> list[tuple[int, bool]]:
    """The recipients of the messages about moves, and whether each is asked to answer."""
    rows = await db.rows(
        "SELECT user_id, (detail->>'asked')::bool AS asked FROM messages"
        " WHERE kind = $1 AND state = $2 ORDER BY id",
        kind,
        state,
    )
    return [(row["user_id"], row["asked"]) for row in rows]


async def mark_all_sent() -> None:
    """As if the sender had sent every message that is due."""
    async with db.transaction():
        await db.execute("UPDATE messages SET state = 'sent' WHERE state = 'due'")


async def test_a_moved_instance_keeps_its_people_and_asks_those_who_are_booked(
    instance: Make, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S6: booked are asked, those who wait or said maybe are notified; card, calendar and windows follow."""
    code = await instance(starts_local=TUESDAY, capacity=1, cancel_before_minutes=60)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await answer(code, aino, maybe=True, via=Via.MINIAPP)
    before = await event(code, olga)
    await move_instance(code, olga, SUNDAY)
    view = await event(code, alice)
    assert (view.starts_at, view.ends_at) == (
        datetime(2026, 11, 29, 9, 0, tzinfo=UTC),
        datetime(2026, 11, 29, 10, 15, tzinfo=UTC),
    )
    assert (view.moved_from, view.original_start) == (before.starts_at, before.original_start)
    assert (view.sequence, view.is_edited) == (1, True)
    assert view.version > before.version
    assert view.windows.cancel_until == view.starts_at - timedelta(hours=1)
    assert view.mine is not None
    assert (view.mine.seats, view.mine.needs_move_answer) == (1, True)
    waiting = (await event(code, bob)).mine
    assert waiting is not None
    assert (waiting.waiting, waiting.needs_move_answer) == (1, False)
    assert await move_messages() == [(alice.id, True), (bob.id, False), (aino.id, False)]
    assert await db.value("SELECT max(priority) FROM messages") == 0  # at once, in the night too (M6)
    assert await check_invariants() == []


async def test_olga_sees_the_names_of_those_who_stay_left_or_are_silent(
    instance: Make, olga: Person, alice: Person, bob: Person, aino: Person, noon: datetime
) -> None:
    """S6: asked, stay, left, silent; with names."""
    code = await instance(starts_local=TUESDAY)
    for person in (alice, bob, aino):
        await book(code, person, via=Via.MINIAPP)
    assert (await move_responses(code, olga)).asked == 0
    await move_instance(code, olga, SUNDAY)
    clock.advance(timedelta(minutes=5))
    assert (await move_responses(code, olga)).silent == ["Alice", "Bob", "Aino"]
    outcome = await stay(code, alice, via=Via.MINIAPP)
    assert alice.voice.translate(outcome.words) == "Good: your seat stays yours. See you Sun 29 Nov at 11:00."
    assert (await stay(code, alice, via=Via.MINIAPP)).kind == "already"
    assert (await event(code, alice)).mine.needs_move_answer is False  # type: ignore[union-attr]
    await leave(code, bob, via=Via.CARD)
    responses = await move_responses(code, olga)
    assert (responses.asked, responses.stay, responses.left, responses.silent) == (
        3,
        ["Alice"],
        ["Bob"],
        ["Aino"],
    )
    # Bob, who comes back, knows the new time; Olga, who comes new, was not asked.
    clock.advance(timedelta(minutes=5))
    await book(code, bob, via=Via.CARD)
    await book(code, olga, via=Via.CARD)
    responses = await move_responses(code, olga)
    assert (responses.asked, responses.stay, responses.left) == (3, ["Alice", "Bob"], [])


async def test_each_move_asks_once(instance: Make, olga: Person, alice: Person, noon: datetime) -> None:
    """S6: moving twice asks twice; a move to where it is already changes nothing."""
    code = await instance(starts_local=TUESDAY)
    await book(code, alice, via=Via.MINIAPP)
    await move_instance(code, olga, SUNDAY)
    await move_instance(code, olga, SUNDAY)
    assert await move_messages() == [(alice.id, True)]
    await mark_all_sent()
    await stay(code, alice, via=Via.MINIAPP)
    clock.advance(timedelta(minutes=1))
    await move_instance(code, olga, SUNDAY.replace(hour=12))
    assert await move_messages() == [(alice.id, True)]
    assert (await move_responses(code, olga)).silent == ["Alice"]
    assert (await event(code, olga)).sequence == 2


async def test_two_moves_are_one_message_when_the_first_was_not_sent_yet(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S6: it names the start that the reader knows; moved back before they heard of it, they get none."""
    code = await instance(starts_local=TUESDAY)
    await book(code, alice, via=Via.MINIAPP)
    known = (await event(code, alice)).starts_at
    await move_instance(code, olga, SUNDAY)
    clock.advance(timedelta(minutes=1))
    await move_instance(code, olga, SUNDAY.replace(hour=12))
    assert await move_messages() == [(alice.id, True)]
    assert await move_messages(state="dropped") == [(alice.id, True)]
    row = await db.value("SELECT detail->>'was' FROM messages WHERE state = 'due'")
    assert datetime.fromisoformat(row) == known

    await book(code, bob, via=Via.MINIAPP)  # he knows only the new time
    clock.advance(timedelta(minutes=1))
    await move_instance(code, olga, TUESDAY)
    assert await move_messages() == [(bob.id, True)]
    assert (await move_responses(code, olga)).silent == ["Bob"]
    assert (await event(code, alice)).mine.needs_move_answer is False  # type: ignore[union-attr]


async def test_a_move_back_asks_again_after_the_first_message_was_sent(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S6."""
    code = await instance(starts_local=TUESDAY)
    await book(code, alice, via=Via.MINIAPP)
    await move_instance(code, olga, SUNDAY)
    await mark_all_sent()
    clock.advance(timedelta(minutes=1))
    await move_instance(code, olga, TUESDAY)
    assert await move_messages() == [(alice.id, True)]


async def test_a_member_who_has_left_is_not_asked_any_more(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """M1: a question that needs no answer any more is not sent."""
    code = await instance(starts_local=TUESDAY)
    await book(code, alice, via=Via.MINIAPP)
    await move_instance(code, olga, SUNDAY)
    await leave(code, alice, via=Via.MINIAPP)
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages")]
    assert [delivery.is_stale for delivery in (await load_deliveries(ids))[0]] == [True]
    with pytest.raises(NotIn):
        await stay(code, alice, via=Via.MINIAPP)


async def test_an_instance_that_is_moved_to_the_start_of_an_untouched_one_takes_its_place(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S11: one instance per start. S2: neither is made again."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    first, second = (await series_instances(new_series.series_id, olga))[:2]
    await move_instance(first.code, olga, datetime(2026, 12, 1, 18, 0))
    assert (await event(first.code, olga)).starts_at == second.starts_at
    with pytest.raises(NotFound):
        await event(second.code, olga)
    assert await materialize_all_series() == 0
    assert len(await series_instances(new_series.series_id, olga)) == 7


async def test_a_move_across_a_dst_change_keeps_the_wall_clock(
    series: Make, olga: Person, noon: datetime
) -> None:
    """S3: 18:00 in Helsinki is 16:00 UTC before 28 March 2027, 15:00 after; 03:30 that day moves forward."""
    clock.advance(datetime(2027, 3, 20, 12, 0, tzinfo=UTC) - noon)
    code = (await series(starts_local=datetime(2027, 3, 23, 18, 0))).first_code
    await move_instance(code, olga, datetime(2027, 3, 30, 18, 0))
    assert (await event(code, olga)).starts_at == datetime(2027, 3, 30, 15, 0, tzinfo=UTC)
    await move_instance(code, olga, datetime(2027, 3, 28, 3, 30), duration_minutes=90)
    view = await event(code, olga)
    assert view.starts_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    assert view.ends_at - view.starts_at == timedelta(minutes=90)


async def test_a_new_duration_alone_is_no_move(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S6: people who are booked are asked only when the start changes."""
    code = await instance(starts_local=TUESDAY)
    await book(code, alice, via=Via.MINIAPP)
    await move_instance(code, olga, TUESDAY, duration_minutes=120)
    view = await event(code, alice)
    assert (view.ends_at - view.starts_at, view.sequence) == (timedelta(hours=2), 1)
    assert view.moved_from is None
    assert await move_messages() == []


async def test_free_seats_are_promoted_by_the_new_start(instance: Make, olga: Person, noon: datetime) -> None:
    """W3, S6: the call for first taps before the old start no longer counts."""
    code = await instance(starts_local=TUESDAY)
    async with db.transaction():
        await db.execute("UPDATE instance_seats SET called_at = $1", noon)
    await move_instance(code, olga, SUNDAY)
    assert (await event(code, olga)).notified_at is None


async def test_a_moved_instance_counts_as_edited_by_hand(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4: a new rule does not delete it, though nobody has booked it."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await move_instance(new_series.first_code, olga, SUNDAY)
    view = await events.series_by_id(account.id, new_series.series_id)
    assert view is not None
    later = replace(view.draft, starts_local=TUESDAY.replace(hour=19))
    await edit_series(olga, account.id, new_series.series_id, later)
    assert [v.code for v in await drifted_instances(account.id, new_series.series_id)] == [
        new_series.first_code
    ]


async def test_some_moves_are_refused(
    instance: Make, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """S6, X4, A1."""
    code = await instance(starts_local=TUESDAY)
    for when in (datetime(2026, 11, 23, 13, 59), datetime(1999, 1, 1, 18, 0), noon):
        with pytest.raises(Invalid) as refused:
            await move_instance(code, olga, when)
        assert refused.value.field == "starts_local"
    with pytest.raises(Invalid):
        await move_instance(code, olga, SUNDAY, duration_minutes=1)
    with pytest.raises(Forbidden):
        await move_instance(code, alice, SUNDAY)
    with pytest.raises(NotFound):
        await move_instance(code, charlie, SUNDAY)
    with pytest.raises(Forbidden):
        await move_responses(code, alice)
    with pytest.raises(NotFound):
        await stay(code, charlie, via=Via.MINIAPP)
    await book(code, alice, via=Via.MINIAPP)
    await cancel_instance(code, olga, "Ill")
    for attempt in (move_instance(code, olga, SUNDAY), stay(code, alice, via=Via.MINIAPP)):
        with pytest.raises(Cancelled):
            await attempt
    clock.advance(timedelta(days=2))
    with pytest.raises(Ended):
        await move_instance(code, olga, SUNDAY)
