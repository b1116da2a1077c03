"""Changing a whole series, or one instance alone, when people have booked (`S4`, `W4`)."""

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
from backend.errors import Forbidden, InvalidForm, NotFound
from backend.events import queries as events
from backend.events.cancel import cancel_instance
from backend.events.edit import InstanceChanges, edit_instance, edit_series, keep_drifted
from backend.events.own_values import own_values
from backend.events.reschedule import move_instance
from backend.people.queries import Person
from backend.seats.refusals import Cancelled, Ended
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]


async def draft_of(account: Any, series_id: int) -> Any:
    view = await events.series_by_id(account.id, series_id)
    assert view is not None
    return view.draft


async def test_untouched_instances_follow_a_new_rule_and_booked_ones_are_listed(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: nothing with a booking is ever deleted silently."""
    new_series = await series(rule="FREQ=WEEKLY")
    await book(new_series.first_code, alice, via=Via.MINIAPP)
    draft = await draft_of(account, new_series.series_id)
    later = replace(draft, starts_local=draft.starts_local + timedelta(hours=1))
    await edit_series(olga, account.id, new_series.series_id, later)
    assert [view.code for view in await drifted_instances(account.id, new_series.series_id)] == [
        new_series.first_code
    ]
    instances = await series_instances(new_series.series_id, olga)
    assert len({view.starts_at.hour for view in instances[1:]}) == 1
    assert instances[1].starts_at - instances[0].starts_at == timedelta(hours=1)


async def move_whole_series(account: Any, olga: Person, series_id: int, hours: int) -> list[str]:
    """Olga moves the whole series; returns the codes of the instances that drift."""
    draft = await draft_of(account, series_id)
    later = replace(draft, starts_local=draft.starts_local + timedelta(hours=hours))
    await edit_series(olga, account.id, series_id, later)
    return [view.code for view in await drifted_instances(account.id, series_id)]


async def test_olga_moves_keeps_or_cancels_each_instance_that_drifts(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: she moves, keeps or cancels it; until then it is listed, and afterwards no longer."""
    new_series = await series(rule="FREQ=WEEKLY;COUNT=4")
    codes = [view.code for view in await series_instances(new_series.series_id, olga)]
    for code in codes[:3]:
        await book(code, alice, via=Via.MINIAPP)
    assert await move_whole_series(account, olga, new_series.series_id, 1) == codes[:3]
    assert [view.code for view in await drifted_instances(account.id)] == codes[:3]
    assert (await event(codes[0], olga)).is_drifted
    assert [s.drifted for s in await events.all_series(account.id)] == [3]

    await move_instance(codes[0], olga, datetime(2026, 11, 26, 19, 0))
    await keep_drifted(codes[1], olga)
    await keep_drifted(codes[1], olga)
    await cancel_instance(codes[2], olga, "Nobody has time at seven.")
    assert await drifted_instances(account.id, new_series.series_id) == []
    assert [(await event(code, alice)).mine.seats for code in codes[:3]] == [1, 1, 1]  # type: ignore[union-attr]
    # Nobody had booked the fourth: it followed the rule.
    with pytest.raises(NotFound):
        await event(codes[3], olga)

    # Instances that Olga has decided on are not listed again.
    assert await move_whole_series(account, olga, new_series.series_id, 1) == []


async def test_an_instance_that_is_in_the_rule_again_drifts_no_more(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: an organiser who takes the change back has nothing left to decide."""
    new_series = await series(rule="FREQ=WEEKLY")
    await book(new_series.first_code, alice, via=Via.MINIAPP)
    assert await move_whole_series(account, olga, new_series.series_id, 1) == [new_series.first_code]
    assert await move_whole_series(account, olga, new_series.series_id, -1) == []
    instances = await series_instances(new_series.series_id, olga)
    assert len({view.starts_at for view in instances}) == len(instances) == 8


async def test_instances_once_booked_posted_or_edited_are_never_deleted(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4."""
    new_series = await series(rule="FREQ=WEEKLY")
    left, carded, edited = [view.code for view in await series_instances(new_series.series_id, olga)][:3]
    await book(left, alice, via=Via.MINIAPP)
    await leave(left, alice, via=Via.MINIAPP)
    await post_card(olga, carded)
    await edit_instance(edited, olga, InstanceChanges(title="With live music"))
    assert await move_whole_series(account, olga, new_series.series_id, 1) == [left, carded, edited]


async def test_an_instance_that_a_poll_chose_is_never_deleted(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4, P4: even when none of its voters has booked it."""
    new_series = await series(rule="FREQ=WEEKLY")
    async with db.transaction():
        poll_id = await db.value(
            "INSERT INTO polls (account_id, code, question, kind, choices_max, anonymous, results,"
            " created_at) VALUES ($1, 'poll', 'When?', 'dates', 1, false, 'live', $2) RETURNING id",
            account.id,
            noon,
        )
        await db.execute(
            "INSERT INTO poll_options (account_id, poll_id, position, text, starts_at, made_instance_id)"
            " SELECT $1, $2, 1, '', starts_at, id FROM event_instances WHERE code = $3",
            account.id,
            poll_id,
            new_series.first_code,
        )
    assert await move_whole_series(account, olga, new_series.series_id, 1) == [new_series.first_code]


async def test_an_edited_instance_keeps_its_own_values_when_the_series_changes(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: "this one", capacity included. Where it has no value of its own it follows the series."""
    new_series = await series(rule="FREQ=WEEKLY", capacity=12)
    edited, unedited = [view.code for view in await series_instances(new_series.series_id, olga)][:2]
    version = (await event(edited, olga)).version
    changes = InstanceChanges(title="With live music", capacity=40, duration_minutes=120)
    await edit_instance(edited, olga, changes)
    view = await event(edited, olga)
    assert (view.title, view.capacity, view.is_edited, view.sequence) == (
        "With live music",
        40,
        True,
        1,
    )
    assert view.ends_at - view.starts_at == timedelta(hours=2)
    assert view.version > version

    draft = replace(
        await draft_of(account, new_series.series_id),
        title="Morning yoga",
        place="Sali 3",
        capacity=8,
        duration_minutes=60,
    )
    await edit_series(olga, account.id, new_series.series_id, draft)
    view = await event(edited, olga)
    assert (view.title, view.place, view.capacity) == ("With live music", "Sali 3", 40)
    assert view.ends_at - view.starts_at == timedelta(hours=2)
    view = await event(unedited, olga)
    assert (view.title, view.capacity, view.is_edited) == ("Morning yoga", 8, False)
    assert (view.ends_at - view.starts_at, view.sequence) == (timedelta(hours=1), 1)

    await edit_instance(edited, olga, InstanceChanges(title=None, emoji="", capacity=None))
    view = await event(edited, olga)
    assert (view.title, view.emoji, view.capacity) == ("Morning yoga", "", None)


async def test_what_did_not_follow_the_series_is_named(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4: a moved instance has the new title, and keeps its time and its seats; the others follow in all."""
    new_series = await series(rule="FREQ=WEEKLY", capacity=12)
    moved, renamed, larger, kept = [view.code for view in await series_instances(new_series.series_id, olga)][
        :4
    ]
    await move_instance(moved, olga, datetime(2026, 11, 27, 19, 0))
    await edit_instance(renamed, olga, InstanceChanges(title="With live music", duration_minutes=120))
    await set_capacity(larger, olga, 20)
    await edit_instance(kept, olga, InstanceChanges(title="Evening flow yoga", place=None))
    assert [(one.code, one.values) for one in await own_values(account.id, new_series.series_id)] == [
        (moved, ("time",)),
        (renamed, ("duration_minutes", "title")),
        (larger, ("capacity",)),
    ]
    draft = await draft_of(account, new_series.series_id)
    await edit_series(olga, account.id, new_series.series_id, replace(draft, title="Yoga", capacity=8))
    assert [(one.code, one.values) for one in await own_values(account.id, new_series.series_id)] == [
        (moved, ("time", "capacity")),
        (renamed, ("duration_minutes", "capacity", "title")),
        (larger, ("capacity",)),
        (kept, ("capacity", "title")),
    ]
    assert ((await event(moved, olga)).title, (await event(moved, olga)).capacity) == ("Yoga", 12)
    assert await own_values(account.id + 1, new_series.series_id) == []


async def test_a_kept_instance_beside_the_rule_has_a_time_of_its_own(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: one that drifts is listed as such until Olga keeps it."""
    new_series = await series(rule="FREQ=WEEKLY")
    await book(new_series.first_code, alice, via=Via.MINIAPP)
    await move_whole_series(account, olga, new_series.series_id, 1)
    assert await own_values(account.id, new_series.series_id) == []
    await keep_drifted(new_series.first_code, olga)
    [own] = await own_values(account.id, new_series.series_id)
    assert (own.code, own.values) == (new_series.first_code, ("time",))


async def test_a_capacity_set_by_hand_stays_when_the_series_changes(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """W4, S4: only instances that had the capacity of the series get the new one."""
    new_series = await series(rule="FREQ=WEEKLY;COUNT=2", capacity=12)
    await set_capacity(new_series.first_code, olga, 20)
    draft = await draft_of(account, new_series.series_id)
    await edit_series(olga, account.id, new_series.series_id, replace(draft, title="Yoga"))
    await edit_series(olga, account.id, new_series.series_id, replace(draft, capacity=10))
    assert [view.capacity for view in await series_instances(new_series.series_id, olga)] == [20, 10]


async def test_a_higher_capacity_of_one_instance_seats_the_waitlist(
    instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime
) -> None:
    """W4: by the allocator, in the same transaction."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    await edit_instance(code, olga, InstanceChanges(capacity=2))
    assert (await event(code, bob)).mine.seats == 1  # type: ignore[union-attr]
    assert await check_invariants() == []


async def test_each_fault_of_an_edit_is_reported_at_its_field(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """X5, X4."""
    code = await instance()
    changes = InstanceChanges(title=" ", map_url="ftp://x", guests_max=11, capacity=0, duration_minutes=2)
    with pytest.raises(InvalidForm) as refused:
        await edit_instance(code, olga, changes)
    assert set(refused.value.faults) == {
        "title",
        "map_url",
        "guests_max",
        "capacity",
        "duration_minutes",
    }
    for attempt in (edit_instance(code, alice, InstanceChanges(title="Mine")), keep_drifted(code, alice)):
        with pytest.raises(Forbidden):
            await attempt
    await cancel_instance(code, olga, "Ill")
    with pytest.raises(Cancelled):
        await edit_instance(code, olga, InstanceChanges(title="Late"))
    clock.advance(timedelta(days=4))
    with pytest.raises(Ended):
        await edit_instance(code, olga, InstanceChanges(title="Late"))


async def test_cards_and_screens_follow_every_edit(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4, C2: each future instance gets a new version."""
    new_series = await series(rule="FREQ=WEEKLY;COUNT=3")
    before = [view.version for view in await series_instances(new_series.series_id, olga)]
    draft = await draft_of(account, new_series.series_id)
    await edit_series(olga, account.id, new_series.series_id, replace(draft, place="Sali 5"))
    after = [view.version for view in await series_instances(new_series.series_id, olga)]
    assert all(new > old for new, old in zip(after, before, strict=True))


async def test_a_higher_capacity_of_the_series_seats_the_waitlist_of_every_instance(
    series: Make, account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """W4: by the allocator."""
    new_series = await series(rule="FREQ=WEEKLY", capacity=1)
    await book(new_series.first_code, alice, via=Via.MINIAPP)
    assert (await book(new_series.first_code, bob, via=Via.MINIAPP)).place == 1
    draft = await draft_of(account, new_series.series_id)
    await edit_series(olga, account.id, new_series.series_id, replace(draft, capacity=2))
    assert {view.capacity for view in await series_instances(new_series.series_id, olga)} == {2}
    view = await event(new_series.first_code, bob)
    assert view.mine is not None
    assert view.mine.seats == 1
    assert await db.value("SELECT count(*) FROM messages WHERE kind = 'promoted'") == 1
