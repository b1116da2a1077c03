"""Changing this instance and all that follow (`S4`): the series is split, and nobody loses anything."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import drifted_instances, series_instances
from backend.bookings.views import InstanceView
from backend.cards.actions import post_card
from backend.errors import Forbidden, Invalid, InvalidForm, NotFound
from backend.events import queries as events
from backend.events.archive import archive_series
from backend.events.cancel import cancel_instance
from backend.events.drafts import SeriesDraft
from backend.events.edit import edit_series
from backend.events.materialization import materialize_all_series
from backend.events.reschedule import move_instance
from backend.events.split import edit_following
from backend.people.queries import Person
from backend.seats.refusals import Ended
from backend.seats.requests import Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)


async def draft_of(account: Any, series_id: int) -> SeriesDraft:
    view = await events.series_by_id(account.id, series_id)
    assert view is not None
    return view.draft


async def instances(series_id: int, olga: Person) -> list[InstanceView]:
    return await series_instances(series_id, olga)


def local_days(views: list[InstanceView]) -> list[str]:
    """The day and hour of each instance in Helsinki, in winter."""
    return [f"{view.starts_at + timedelta(hours=2):%d.%m. %H}" for view in views]


async def test_instances_from_the_split_on_keep_everything_they_have(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: ids, codes, bookings and cards stay; the earlier instances are unchanged."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    before = await instances(original.series_id, olga)
    third = before[2]
    await book(third.code, alice, via=Via.MINIAPP)
    await book(before[0].code, alice, via=Via.MINIAPP)
    await post_card(olga, before[3].code)
    member = await db.value("SELECT id FROM memberships WHERE user_id = $1", alice.id)
    async with db.transaction():
        await db.execute(
            "INSERT INTO regulars (account_id, series_id, membership_id, since) VALUES ($1, $2, $3, $4)",
            account.id,
            original.series_id,
            member,
            noon,
        )
    draft = replace(await draft_of(account, original.series_id), title="Yoga by candlelight", capacity=6)
    new_id = await edit_following(third.code, olga, draft)

    assert new_id != original.series_id
    assert await drifted_instances(account.id, new_id) == []
    first, second = await instances(original.series_id, olga), await instances(new_id, olga)
    assert [view.code for view in first] == [view.code for view in before[:2]]
    assert [(view.id, view.code) for view in second] == [(v.id, v.code) for v in before[2:]]
    assert {view.title for view in first} == {"Evening flow yoga"}
    assert {(view.title, view.capacity) for view in second} == {("Yoga by candlelight", 6)}
    assert (await event(third.code, alice)).mine.seats == 1  # type: ignore[union-attr]
    assert await db.value("SELECT count(*) FROM regulars WHERE membership_id = $1", member) == 2
    old, new = [await events.series_by_id(account.id, s) for s in (original.series_id, new_id)]
    assert old is not None
    assert new is not None
    assert old.part.before == new.part.since == third.original_start
    assert new.follows_id == old.id
    assert await check_invariants() == []


async def test_each_part_goes_on_with_its_own_instances_only(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S2: (series, original start) stays the identity; no instance is made twice or missing."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    third = (await instances(original.series_id, olga))[2]
    draft = await draft_of(account, original.series_id)
    new_id = await edit_following(third.code, olga, replace(draft, place="Sali 9"))
    assert await materialize_all_series() == 0
    clock.advance(timedelta(weeks=4))
    assert await materialize_all_series() == 4
    assert await instances(original.series_id, olga) == []
    views = await instances(new_id, olga)
    assert len(views) == 8
    assert {view.place for view in views} == {"Sali 9"}


@pytest.mark.parametrize(
    ("rule", "all_days"),
    [
        ("FREQ=WEEKLY;COUNT=4", ["24.11. 18", "01.12. 18", "08.12. 18", "15.12. 18"]),
        ("FREQ=WEEKLY;INTERVAL=2", ["24.11. 18", "08.12. 18", "22.12. 18", "05.01. 18"]),
    ],
)
async def test_an_unchanged_timing_goes_on_as_it_was(
    series: Make, account: Any, olga: Person, noon: datetime, rule: str, all_days: list[str]
) -> None:
    """S4: COUNT is not counted anew, INTERVAL keeps its weeks."""
    original = await series(starts_local=TUESDAY, rule=rule)
    all_instances = await instances(original.series_id, olga)
    draft = replace(await draft_of(account, original.series_id), title="New")
    new_id = await edit_following(all_instances[1].code, olga, draft)
    clock.advance(timedelta(weeks=3))
    await materialize_all_series()
    rows = await db.rows("SELECT starts_at FROM event_instances ORDER BY starts_at")
    local = [f"{row['starts_at'] + timedelta(hours=2):%d.%m. %H}" for row in rows]
    assert local[: len(all_days)] == all_days
    assert len(local) == (len(all_days) if "COUNT" in rule else 6)
    assert (await draft_of(account, new_id)).starts_local == TUESDAY


async def test_a_new_time_of_day_begins_on_the_day_of_the_split(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S4: even when the draft still has the start of the whole series; the earlier instances stay."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY;COUNT=5")
    all_instances = await instances(original.series_id, olga)
    await book(all_instances[3].code, alice, via=Via.MINIAPP)
    draft = replace(await draft_of(account, original.series_id), starts_local=TUESDAY.replace(hour=17))
    new_id = await edit_following(all_instances[2].code, olga, draft)
    assert local_days(await instances(original.series_id, olga)) == ["24.11. 18", "01.12. 18"]
    assert local_days(await instances(new_id, olga)) == [
        "08.12. 17",
        "15.12. 17",
        "15.12. 18",
        "22.12. 17",
    ]
    assert [view.code for view in await drifted_instances(account.id, new_id)] == [all_instances[3].code]
    assert await materialize_all_series() == 0


async def test_another_start_begins_a_new_count(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4: a changed timing starts the new rule at the draft's start, even when that is before the split."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY;COUNT=5")
    third = (await instances(original.series_id, olga))[2]  # 8 December
    draft = replace(
        await draft_of(account, original.series_id),
        starts_local=datetime(2026, 12, 7, 18, 0),
        rule="FREQ=WEEKLY;COUNT=2",
    )
    new_id = await edit_following(third.code, olga, draft)
    assert local_days(await instances(original.series_id, olga)) == ["24.11. 18", "01.12. 18"]
    assert local_days(await instances(new_id, olga)) == ["07.12. 18", "14.12. 18"]


async def test_a_part_can_be_split_again_and_edited_as_a_whole(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4: the middle part is bounded on both sides, and `follows_id` links the parts in order."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    all_instances = await instances(original.series_id, olga)
    draft = await draft_of(account, original.series_id)
    last_id = await edit_following(all_instances[4].code, olga, replace(draft, title="Last"))
    middle_id = await edit_following(all_instances[2].code, olga, replace(draft, title="Middle"))
    assert [len(await instances(s, olga)) for s in (original.series_id, middle_id, last_id)] == [2, 2, 4]
    views = [await events.series_by_id(account.id, s) for s in (original.series_id, middle_id, last_id)]
    assert [view.follows_id for view in views if view] == [None, original.series_id, middle_id]
    # An hour earlier for the middle part alone: no occurrence is lost or doubled at its bounds.
    earlier = replace(await draft_of(account, middle_id), starts_local=TUESDAY.replace(hour=17))
    await edit_series(olga, account.id, middle_id, earlier)
    assert await drifted_instances(account.id, middle_id) == []
    assert local_days(await instances(middle_id, olga)) == ["08.12. 17", "15.12. 17"]
    assert await materialize_all_series() == 0
    assert [len(await instances(s, olga)) for s in (original.series_id, middle_id, last_id)] == [2, 2, 4]


async def test_a_split_at_the_first_instance_edits_the_whole_series(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4: no empty series is left behind."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    draft = replace(await draft_of(account, original.series_id), title="New")
    new_id = await edit_following(original.first_code, olga, draft)
    assert new_id == original.series_id
    assert {view.title for view in await instances(original.series_id, olga)} == {"New"}
    assert len(await events.all_series(account.id)) == 1


async def test_a_moved_instance_is_split_by_its_original_start(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S2, S6: its identity is its original start, wherever it was moved."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    first, second, third = (await instances(original.series_id, olga))[:3]
    await move_instance(second.code, olga, datetime(2026, 12, 20, 18, 0))  # after the third
    await move_instance(
        third.code, olga, datetime(2026, 11, 28, 18, 0)
    )  # before the original start of the second
    new_id = await edit_following(third.code, olga, await draft_of(account, original.series_id))
    assert {view.code for view in await instances(original.series_id, olga)} == {first.code, second.code}
    assert third.code in {view.code for view in await instances(new_id, olga)}


async def test_the_wall_clock_is_kept_on_both_sides_of_a_split_in_march(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S3: Helsinki moves its clocks on 28 March 2027."""
    clock.advance(datetime(2027, 3, 10, 12, 0, tzinfo=UTC) - noon)
    original = await series(starts_local=datetime(2027, 3, 16, 18, 0), rule="FREQ=WEEKLY;COUNT=4")
    all_instances = await instances(original.series_id, olga)
    draft = replace(await draft_of(account, original.series_id), starts_local=datetime(2027, 3, 30, 19, 0))
    new_id = await edit_following(all_instances[2].code, olga, draft)
    assert [view.starts_at.hour for view in await instances(original.series_id, olga)] == [16, 16]
    assert {view.starts_at.hour for view in await instances(new_id, olga)} == {16}


async def test_some_splits_are_refused(
    series: Make, account: Any, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """X4, A1, X5."""
    original = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    all_instances = await instances(original.series_id, olga)
    draft = await draft_of(account, original.series_id)
    with pytest.raises(Forbidden):
        await edit_following(all_instances[1].code, alice, draft)
    with pytest.raises(NotFound):
        await edit_following(all_instances[1].code, charlie, draft)
    with pytest.raises(InvalidForm):
        await edit_following(all_instances[1].code, olga, replace(draft, title=""))
    with pytest.raises(InvalidForm):
        await edit_following(all_instances[1].code, olga, replace(draft, group_id=account.group_id + 9))
    await cancel_instance(all_instances[0].code, olga, "Ill")
    clock.advance(timedelta(days=1, hours=5))
    with pytest.raises(Ended):
        await edit_following(all_instances[0].code, olga, draft)
    await archive_series(olga, account.id, original.series_id, "Enough.")
    with pytest.raises(NotFound):  # nobody had booked it: archiving deleted it
        await edit_following(all_instances[1].code, olga, draft)
    with pytest.raises(Invalid):
        await edit_series(olga, account.id, original.series_id, draft)
