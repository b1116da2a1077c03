"""A series over time: materializing, pausing, duplicating (`S2`, `S9`)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import series_instances
from backend.errors import Forbidden, InvalidForm, NotFound
from backend.events.create import duplicate_series
from backend.events.edit import edit_series
from backend.events.materialization import materialize_all_series
from backend.events.pause import pause_series, resume_series
from backend.events.queries import series_by_id as series_view
from backend.people.queries import Person
from backend.seats.requests import Via
from backend.zones import wall_clock

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)


async def test_a_paused_series_gets_no_instances_until_it_is_resumed(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S9: existing instances can be booked; resuming makes those of the weeks ahead."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    await pause_series(olga, account.id, new_series.series_id)
    await pause_series(olga, account.id, new_series.series_id)
    view = await series_view(account.id, new_series.series_id)
    assert view is not None
    assert view.paused_at == noon
    clock.advance(timedelta(weeks=3))
    assert await materialize_all_series() == 0
    instances = await series_instances(new_series.series_id, olga)
    assert len(instances) == 5
    await book(instances[0].code, alice, via=Via.MINIAPP)
    assert (await event(instances[0].code, alice)).booked == 1
    assert await resume_series(olga, account.id, new_series.series_id) == 3
    assert await resume_series(olga, account.id, new_series.series_id) == 0
    assert len(await series_instances(new_series.series_id, olga)) == 8


async def test_a_paused_series_can_be_edited_and_follows_when_resumed(
    series: Make, account: Any, olga: Person, noon: datetime
) -> None:
    """S4, S9: no instance of the new rule before it is resumed."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    view = await series_view(account.id, new_series.series_id)
    assert view is not None
    await pause_series(olga, account.id, new_series.series_id)
    later = replace(view.draft, starts_local=TUESDAY.replace(hour=19))
    await edit_series(olga, account.id, new_series.series_id, later)
    assert await series_instances(new_series.series_id, olga) == []
    assert await resume_series(olga, account.id, new_series.series_id) == 8


async def test_a_duplicate_has_the_settings_but_not_the_people(
    series: Make, account: Any, olga: Person, alice: Person, noon: datetime
) -> None:
    """S9."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY", min_to_run=4, capacity=9)
    await book(new_series.first_code, alice, via=Via.MINIAPP)
    start = datetime(2027, 1, 5, 17, 0)
    duplicate = await duplicate_series(olga, account.id, new_series.series_id, start)
    original, other = [await series_view(account.id, s) for s in (new_series.series_id, duplicate.series_id)]
    assert original is not None
    assert other is not None
    assert other.draft == replace(original.draft, starts_local=start)
    view = await event(duplicate.first_code, alice)
    assert (view.booked, view.starts_at) == (0, datetime(2027, 1, 5, 15, 0, tzinfo=UTC))
    with pytest.raises(InvalidForm):
        await duplicate_series(olga, account.id, new_series.series_id, datetime(1990, 1, 1))


@pytest.mark.parametrize(("end", "dates"), [("COUNT=4", 3), ("UNTIL=20261222T160000Z", 4)])
async def test_a_copy_of_a_course_has_as_many_dates(
    series: Make, account: Any, olga: Person, noon: datetime, end: str, dates: int
) -> None:
    """S9."""
    course = await series(starts_local=TUESDAY, rule=f"FREQ=WEEKLY;{end}\nEXDATE:20261208T160000Z")
    start = datetime(2026, 12, 1, 17, 0)
    copy = await duplicate_series(olga, account.id, course.series_id, start)
    instances = await series_instances(copy.series_id, olga)
    walls = [wall_clock(view.starts_at, view.zone) for view in instances]
    assert walls == [start + timedelta(weeks=week) for week in (0, 1, 3, 4)][:dates]
    assert len(await series_instances(course.series_id, olga)) == dates


async def test_members_and_strangers_change_no_series(
    series: Make, account: Any, olga: Person, alice: Person, charlie: Person, noon: datetime
) -> None:
    """X4, A1."""
    new_series = await series()

    async def duplicate(person: Person, account_id: int, series_id: int) -> object:
        return await duplicate_series(person, account_id, series_id, TUESDAY)

    for action in (pause_series, resume_series, duplicate):
        with pytest.raises(Forbidden):
            await action(alice, account.id, new_series.series_id)
        with pytest.raises(NotFound):
            await action(charlie, account.id, new_series.series_id)
        with pytest.raises(NotFound):
            await action(olga, account.id, new_series.series_id + 1)


async def test_only_series_that_are_behind_are_looked_at(
    series: Make, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: thousands of single events cost the daily job nothing."""
    from backend.events import materialization

    await series(starts_local=TUESDAY)
    weekly = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    looked_at: list[int] = []
    original_function = materialization.materialize_series

    async def materialize(series_id: int, at: datetime, *, after_made_until: bool) -> list[int]:
        looked_at.append(series_id)
        return await original_function(series_id, at, after_made_until=after_made_until)

    monkeypatch.setattr(materialization, "materialize_series", materialize)
    assert (await materialize_all_series(), looked_at) == (0, [])
    clock.advance(timedelta(days=2))
    assert (await materialize_all_series(), looked_at) == (1, [weekly.series_id])
    assert (await materialize_all_series(), looked_at) == (0, [weekly.series_id])


async def test_one_broken_series_holds_up_no_other(series: Make, noon: datetime) -> None:
    """S2: whatever its row contains."""
    broken = [await series(starts_local=TUESDAY, rule="FREQ=WEEKLY") for _ in range(2)]
    await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    async with db.transaction():
        for damaged, column, text in (
            (broken[0], "rule", "FREQ=NEVER"),
            (broken[1], "zone", "Mars/Olympus"),
        ):
            await db.execute(f"UPDATE event_series SET {column} = $2 WHERE id = $1", damaged.series_id, text)
    clock.advance(timedelta(weeks=1))
    assert await materialize_all_series() == 1


@pytest.mark.parametrize("weeks", [1, 26, 52])
async def test_instances_reach_as_many_weeks_ahead_as_the_setting_says(
    series: Make, olga: Person, noon: datetime, monkeypatch: pytest.MonkeyPatch, weeks: int
) -> None:
    """S2."""
    from backend.events import materialization
    from backend.settings import settings

    monkeypatch.setattr(materialization, "settings", replace(settings, weeks_ahead=weeks))
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    assert len(await series_instances(new_series.series_id, olga)) == weeks


async def test_several_rules_rdates_exdates_and_exrules(series: Make, olga: Person, noon: datetime) -> None:
    """S1."""
    rule = (
        "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=4\nRRULE:FREQ=MONTHLY;BYDAY=1FR;COUNT=3\nRDATE:20261206T120000\n"
        "EXDATE:20261201T180000\nEXRULE:FREQ=WEEKLY;INTERVAL=3;COUNT=2"
    )
    new_series = await series(starts_local=TUESDAY, rule=rule)
    instances = await series_instances(new_series.series_id, olga)
    assert [f"{view.starts_at + timedelta(hours=2):%d.%m. %H}" for view in instances] == [
        "04.12. 18",
        "06.12. 12",
        "08.12. 18",
        "01.01. 18",
    ]
