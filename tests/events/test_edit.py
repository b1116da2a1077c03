"""Editing a series and cancelling a date when people have booked."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book, leave, set_capacity
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.cards.actions import post_card
from backend.errors import Forbidden, Invalid, InvalidForm, NotFound
from backend.events import queries as events
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.edit import InstanceChanges, edit_instance, edit_series, keep_drifted
from backend.events.reschedule import move_instance
from backend.messages.queries import deliveries
from backend.people.queries import Person
from backend.seats.replies import Cancelled, Ended
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]


async def draft_of(club: Any, series_id: int) -> Any:
    view = await events.series_by_id(club.id, series_id)
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
    await edit_series(olga, club.id, made.series_id, later)
    assert [view.code for view in await drifted_instances(club.id, made.series_id)] == [made.first_code]
    dates = await series_instances(made.series_id, olga)
    assert len({view.starts_at.hour for view in dates[1:]}) == 1
    assert dates[1].starts_at - dates[0].starts_at == timedelta(hours=1)


async def later_by(club: Any, olga: Person, series_id: int, hours: int) -> list[str]:
    """Olga moves the whole series; the codes of what drifts."""
    draft = await draft_of(club, series_id)
    later = replace(draft, starts_local=draft.starts_local + timedelta(hours=hours))
    await edit_series(olga, club.id, series_id, later)
    return [view.code for view in await drifted_instances(club.id, series_id)]


async def test_olga_answers_for_each_date_that_drifts(
    series: Make, club: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: she moves, keeps or cancels it; until then it is listed, and afterwards no longer."""
    made = await series(rule="FREQ=WEEKLY;COUNT=4")
    codes = [view.code for view in await series_instances(made.series_id, olga)]
    for code in codes[:3]:
        await book(code, alice, via=Via.MINIAPP)
    assert await later_by(club, olga, made.series_id, 1) == codes[:3]
    assert [view.code for view in await drifted_instances(club.id)] == codes[:3]
    assert (await event(codes[0], olga)).is_drifted
    assert [s.drifted for s in await events.all_series(club.id)] == [3]

    await move_instance(codes[0], olga, datetime(2026, 11, 26, 19, 0))
    await keep_drifted(codes[1], olga)
    await keep_drifted(codes[1], olga)
    await cancel_instance(codes[2], olga, "Nobody has time at seven.")
    assert await drifted_instances(club.id, made.series_id) == []
    assert [(await event(code, alice)).mine.seats for code in codes[:3]] == [1, 1, 1]  # type: ignore[union-attr]
    # The fourth, which nobody had booked, followed the rule.
    with pytest.raises(NotFound):
        await event(codes[3], olga)

    # What was settled by hand is not asked about again.
    assert await later_by(club, olga, made.series_id, 1) == []


async def test_a_date_comes_back_into_the_rule(
    series: Make, club: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: an organiser who takes the change back has nothing to answer for."""
    made = await series(rule="FREQ=WEEKLY")
    await book(made.first_code, alice, via=Via.MINIAPP)
    assert await later_by(club, olga, made.series_id, 1) == [made.first_code]
    assert await later_by(club, olga, made.series_id, -1) == []
    dates = await series_instances(made.series_id, olga)
    assert len({view.starts_at for view in dates}) == len(dates) == 8


async def test_what_was_left_what_has_a_card_and_what_was_edited_is_never_deleted(
    series: Make, club: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4."""
    made = await series(rule="FREQ=WEEKLY")
    left, carded, edited = [view.code for view in await series_instances(made.series_id, olga)][:3]
    await book(left, alice, via=Via.MINIAPP)
    await leave(left, alice, via=Via.MINIAPP)
    await post_card(olga, carded)
    await edit_instance(edited, olga, InstanceChanges(title="With live music"))
    assert await later_by(club, olga, made.series_id, 1) == [left, carded, edited]


async def test_what_a_poll_chose_is_never_deleted(
    series: Make, club: Any, olga: Person, noon: datetime
) -> None:
    """S4, P4: though nobody who voted for it has booked it."""
    made = await series(rule="FREQ=WEEKLY")
    async with db.transaction():
        poll_id = await db.value(
            "INSERT INTO polls (account_id, code, question, kind, choices_max, anonymous, results, created_at)"
            " VALUES ($1, 'poll', 'When?', 'dates', 1, false, 'live', $2) RETURNING id",
            club.id,
            noon,
        )
        await db.execute(
            "INSERT INTO poll_options (account_id, poll_id, position, text, starts_at, made_instance_id)"
            " SELECT $1, $2, 1, '', starts_at, id FROM event_instances WHERE code = $3",
            club.id,
            poll_id,
            made.first_code,
        )
    assert await later_by(club, olga, made.series_id, 1) == [made.first_code]


async def test_one_date_keeps_its_own_values_when_the_series_changes(
    series: Make, club: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: "this one"; its capacity too. What it has not of its own still follows."""
    made = await series(rule="FREQ=WEEKLY", capacity=12)
    own, other = [view.code for view in await series_instances(made.series_id, olga)][:2]
    version = (await event(own, olga)).version
    changes = InstanceChanges(title="With live music", capacity=40, duration_minutes=120)
    await edit_instance(own, olga, changes)
    seen = await event(own, olga)
    assert (seen.title, seen.capacity, seen.is_edited, seen.sequence) == (
        "With live music",
        40,
        True,
        1,
    )
    assert seen.ends_at - seen.starts_at == timedelta(hours=2)
    assert seen.version > version

    draft = replace(
        await draft_of(club, made.series_id),
        title="Morning yoga",
        place="Sali 3",
        capacity=8,
        duration_minutes=60,
    )
    await edit_series(olga, club.id, made.series_id, draft)
    seen = await event(own, olga)
    assert (seen.title, seen.place, seen.capacity) == ("With live music", "Sali 3", 40)
    assert seen.ends_at - seen.starts_at == timedelta(hours=2)
    seen = await event(other, olga)
    assert (seen.title, seen.capacity, seen.is_edited) == ("Morning yoga", 8, False)
    assert (seen.ends_at - seen.starts_at, seen.sequence) == (timedelta(hours=1), 1)

    await edit_instance(own, olga, InstanceChanges(title=None, emoji="", capacity=None))
    seen = await event(own, olga)
    assert (seen.title, seen.emoji, seen.capacity) == ("Morning yoga", "", None)


async def test_seats_given_by_hand_stay_when_the_series_changes(
    series: Make, club: Any, olga: Person, noon: datetime
) -> None:
    """W4, S4: only dates that had the series' number get the new one."""
    made = await series(rule="FREQ=WEEKLY;COUNT=2", capacity=12)
    await set_capacity(made.first_code, olga, 20)
    draft = await draft_of(club, made.series_id)
    await edit_series(olga, club.id, made.series_id, replace(draft, title="Yoga"))
    await edit_series(olga, club.id, made.series_id, replace(draft, capacity=10))
    assert [view.capacity for view in await series_instances(made.series_id, olga)] == [20, 10]


async def test_more_seats_on_one_date_seat_who_waits(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """W4: by the same function, in the same transaction."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await edit_instance(code, olga, InstanceChanges(capacity=2))
    assert (await event(code, bob)).mine.seats == 1  # type: ignore[union-attr]
    assert await check_invariants() == []


async def test_what_one_date_cannot_be_is_told_at_its_field(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """X5, X4."""
    code = await instance()
    bad = InstanceChanges(title=" ", map_url="ftp://x", guests_max=11, capacity=0, duration_minutes=2)
    with pytest.raises(InvalidForm) as no:
        await edit_instance(code, olga, bad)
    assert set(no.value.faults) == {
        "title",
        "map_url",
        "guests_max",
        "capacity",
        "duration_minutes",
    }
    for act in (edit_instance(code, alice, InstanceChanges(title="Mine")), keep_drifted(code, alice)):
        with pytest.raises(Forbidden):
            await act
    await cancel_instance(code, olga, "Ill")
    with pytest.raises(Cancelled):
        await edit_instance(code, olga, InstanceChanges(title="Late"))
    clock.advance(timedelta(days=4))
    with pytest.raises(Ended):
        await edit_instance(code, olga, InstanceChanges(title="Late"))


async def test_cards_and_screens_follow_every_edit(
    series: Make, club: Any, olga: Person, noon: datetime
) -> None:
    """S4, C2: a new version for each date to come."""
    made = await series(rule="FREQ=WEEKLY;COUNT=3")
    before = [view.version for view in await series_instances(made.series_id, olga)]
    draft = await draft_of(club, made.series_id)
    await edit_series(olga, club.id, made.series_id, replace(draft, place="Sali 5"))
    after = [view.version for view in await series_instances(made.series_id, olga)]
    assert all(new > old for new, old in zip(after, before, strict=True))


async def test_more_seats_reach_every_date_and_seat_who_waits(
    series: Make, club: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """W4: raising the capacity fills seats by the same function."""
    made = await series(rule="FREQ=WEEKLY", capacity=1)
    await book(made.first_code, alice, via=Via.MINIAPP)
    assert (await book(made.first_code, bob, via=Via.MINIAPP)).place == 1
    draft = await draft_of(club, made.series_id)
    await edit_series(olga, club.id, made.series_id, replace(draft, capacity=2))
    assert {view.capacity for view in await series_instances(made.series_id, olga)} == {2}
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
    await cancel_instance(code, olga, "A pipe burst in the hall.")
    await cancel_instance(code, olga, "Twice changes nothing.")
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'cancelled'") == 2
    with pytest.raises(Cancelled) as no:
        await book(code, olga, via=Via.MINIAPP)
    assert "A pipe burst" in olga.voice.tell(no.value.words)
    await restore_instance(code, olga)
    seen = await event(code, alice)
    assert (seen.state, seen.mine and seen.mine.seats, seen.waiting) == ("SCHEDULED", 1, 1)
    await leave(code, alice, via=Via.MINIAPP)
    seen = await event(code, bob)
    assert seen.mine is not None
    assert seen.mine.seats == 1


async def test_live_offers_die_with_the_date(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5, W3: who had one waits again at the place they had; the log says so, and undoing gives them a chance again."""
    code = await instance(capacity=1, closes_before_minutes=0)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    clock.advance(timedelta(days=2, hours=20))  # eight hours before it: a freed seat is offered
    await leave(code, alice, via=Via.MINIAPP)
    assert (await event(code, bob)).mine.offered == 1  # type: ignore[union-attr]
    await cancel_instance(code, olga, "A pipe burst.")
    seen = await event(code, bob)
    assert (seen.booked, seen.offered, seen.waiting) == (0, 0, 1)
    assert seen.mine is not None
    assert (seen.mine.waiting, seen.mine.offered, seen.mine.offer_until, seen.mine.place) == (
        1,
        0,
        None,
        1,
    )
    line = await db.row("SELECT * FROM event_participation_log ORDER BY id DESC LIMIT 1")
    assert line is not None
    assert (line["offered_before"], line["offered_after"], line["waiting_after"]) == (1, 0, 1)
    assert await check_invariants() == []
    await restore_instance(code, olga)
    assert (await event(code, bob)).mine.offered == 1  # type: ignore[union-attr]
    assert await check_invariants() == []


async def test_what_waits_to_be_said_of_a_cancelled_date_is_not_said(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """S5: messages about it die, but for the one that says so."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await leave(code, alice, via=Via.MINIAPP)
    await move_instance(code, olga, datetime(2026, 11, 27, 18, 0))
    await cancel_instance(code, olga, "Ill")
    ids = [row["id"] for row in await db.rows("SELECT id FROM messages")]
    assert {letter.kind: letter.outdated for letter in await deliveries(ids)} == {
        "promoted": True,
        "moved": True,
        "cancelled": False,
    }
    assert (await event(code, olga)).sequence == 2
    await restore_instance(code, olga)
    assert (await event(code, olga)).sequence == 3


async def test_a_date_that_has_begun_is_not_cancelled(instance: Make, olga: Person, noon: datetime) -> None:
    code = await instance()
    clock.advance(timedelta(days=4))
    with pytest.raises(Ended):
        await cancel_instance(code, olga, "Too late")


async def test_a_reason_is_asked_for(instance: Make, olga: Person) -> None:
    code = await instance()
    for reason in ("  ", "x" * 301):
        with pytest.raises(Invalid):
            await cancel_instance(code, olga, reason)


async def test_only_organisers_cancel(instance: Make, alice: Person, charlie: Person) -> None:
    """X4, A1: a member is told no, a stranger that there is nothing."""
    code = await instance()
    with pytest.raises(Forbidden):
        await cancel_instance(code, alice, "Mine!")
    with pytest.raises(NotFound):
        await cancel_instance(code, charlie, "Theirs!")
