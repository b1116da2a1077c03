"""Creating series and their instances (`S1` to `S3`, `S8`)."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.bookings.actions import book
from backend.bookings.attendance import complete_ended
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import series_instances
from backend.errors import Forbidden, Invalid, InvalidForm, NotFound
from backend.events.create import create_series
from backend.events.drafts import SeriesDraft
from backend.events.materialization import materialize_all_series
from backend.events.queries import all_series
from backend.people.queries import Person
from backend.seats.refusals import Ended
from backend.seats.requests import Via
from emerald.scripts import create_event

Make = Callable[..., Awaitable[Any]]
TUESDAY = datetime(2026, 11, 24, 18, 0)


async def count_instances() -> int:
    return int(await db.value("SELECT count(*) FROM event_instances"))


async def test_a_weekly_series_has_its_instances_eight_weeks_ahead(
    series: Make, olga: Person, noon: datetime
) -> None:
    """S2: made at once; S3: 18:00 stays 18:00."""
    new_series = await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    instances = await series_instances(new_series.series_id, olga)
    assert len(instances) == 8
    assert {view.starts_at.hour for view in instances} == {16}
    assert all(view.capacity == 12 and view.booked == 0 for view in instances)


async def test_materializing_again_changes_nothing_and_time_brings_the_next(
    series: Make, noon: datetime
) -> None:
    """S2: (series, original start) is the identity."""
    await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    assert await materialize_all_series() == 0
    clock.advance(timedelta(weeks=2))
    assert await materialize_all_series() == 2
    assert await materialize_all_series() == 0
    assert await count_instances() == 10


async def test_no_instance_is_doubled_when_a_state_changes_its_clocks(series: Make, noon: datetime) -> None:
    """S2: instances made by the zone's former rules are an hour away from the occurrences, but count."""
    await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    async with db.transaction():
        await db.execute(
            "UPDATE event_instances SET original_start = original_start - interval '1 hour',"
            " starts_at = starts_at - interval '1 hour', ends_at = ends_at - interval '1 hour'"
        )
    clock.advance(timedelta(days=2))
    assert await materialize_all_series() == 1
    days = await db.value("SELECT count(DISTINCT starts_at::date) FROM event_instances")
    assert days == await count_instances() == 9


async def test_no_instance_is_missing_when_there_are_very_many(
    series: Make, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S2: the daily job makes those that one run leaves."""
    monkeypatch.setattr("backend.events.materialization.MOST_AT_ONCE", 5)
    await series(starts_local=TUESDAY, rule="FREQ=WEEKLY")
    assert (await count_instances(), await materialize_all_series(), await count_instances()) == (5, 3, 8)


async def test_a_first_instance_far_ahead_is_made_at_once(series: Make, olga: Person, noon: datetime) -> None:
    """S2: a new series is never empty."""
    new_series = await series(starts_local=datetime(2027, 8, 1, 12, 0))
    assert [view.starts_at.year for view in await series_instances(new_series.series_id, olga)] == [2027]


async def test_wall_clock_time_is_kept_across_a_dst_change(
    series: Make, olga: Person, noon: datetime
) -> None:
    """S3: in March Helsinki moves from +2 to +3."""
    clock.advance(datetime(2027, 3, 20, 12, 0, tzinfo=UTC) - noon)
    new_series = await series(starts_local=datetime(2027, 3, 23, 18, 0), rule="FREQ=WEEKLY;COUNT=2")
    assert [view.starts_at.hour for view in await series_instances(new_series.series_id, olga)] == [16, 15]


async def test_a_series_without_a_future_occurrence_is_refused(
    account: Any, olga: Person, noon: datetime
) -> None:
    draft_in_the_past = SeriesDraft(title="Gone", zone="UTC", starts_local=datetime(2026, 1, 1, 12, 0))
    with pytest.raises(InvalidForm) as refused:
        await create_series(olga, account.id, draft_in_the_past)
    assert "starts_local" in refused.value.faults
    assert await count_instances() == 0


async def test_all_faults_are_reported_at_once_each_at_its_field(account: Any, olga: Person) -> None:
    """X5."""
    draft = SeriesDraft(
        title=" ",
        zone="Mars/Olympus",
        starts_local=TUESDAY,
        emoji="yoga",
        map_url="javascript:alert(1)",
        rule="FREQ=SOMETIMES",
        capacity=0,
        guests_max=10,
        duration_minutes=1,
        opens_before_minutes=10,
        closes_before_minutes=20,
        visibility="everyone",
        group_id=999,
    )
    with pytest.raises(InvalidForm) as refused:
        await create_series(olga, account.id, draft)
    assert set(refused.value.faults) == {
        "title",
        "zone",
        "emoji",
        "map_url",
        "rule",
        "capacity",
        "guests_max",
        "duration_minutes",
        "opens_before_minutes",
        "visibility",
    }


async def test_a_group_of_another_account_cannot_be_chosen(
    account: Any, olga: Person, noon: datetime
) -> None:
    """A1."""
    draft = SeriesDraft(title="Yoga", zone="UTC", starts_local=TUESDAY, group_id=account.group_id + 1)
    with pytest.raises(InvalidForm) as refused:
        await create_series(olga, account.id, draft)
    assert set(refused.value.faults) == {"group_id"}


async def test_members_create_no_series(account: Any, alice: Person, charlie: Person) -> None:
    """X4, A1."""
    draft = SeriesDraft(title="Mine", zone="UTC", starts_local=TUESDAY)
    with pytest.raises(Forbidden):
        await create_series(alice, account.id, draft)
    with pytest.raises(NotFound):
        await create_series(charlie, account.id, draft)


async def test_an_instance_is_completed_after_its_end_and_takes_no_bookings(
    instance: Make, olga: Person, alice: Person, noon: datetime
) -> None:
    """S8."""
    code = await instance()
    before = (await event(code, olga)).version
    assert await complete_ended() == 0
    clock.advance(timedelta(days=4))
    with pytest.raises(Ended):  # reading code does not wait for the job
        await book(code, alice, via=Via.MINIAPP)
    assert await complete_ended() == 1
    view = await event(code, olga)
    assert (view.state, view.phase) == ("COMPLETED", "ended")
    assert view.version > before
    assert await complete_ended() == 0


async def test_a_preview_shows_the_next_occurrences_and_saves_nothing(noon: datetime, world: None) -> None:
    draft = SeriesDraft(
        title="Run", zone="Europe/Helsinki", starts_local=TUESDAY, rule="FREQ=WEEKLY;INTERVAL=2"
    )
    preview = draft.next_occurrences(clock.now(), limit=3)
    assert [occurrence.local.day for occurrence in preview] == [24, 8, 22]
    assert await count_instances() == 0


async def test_series_are_listed_by_their_next_start(series: Make, account: Any, noon: datetime) -> None:
    await series(title="Later", starts_local=TUESDAY + timedelta(days=3))
    await series(title="Sooner", starts_local=TUESDAY)
    assert [view.draft.title for view in await all_series(account.id)] == ["Sooner", "Later"]


async def test_a_series_of_another_account_does_not_exist(series: Make, account: Any) -> None:
    """A1."""
    new_series = await series()
    from backend.events import queries

    assert await queries.series_by_id(account.id, new_series.series_id) is not None
    assert await queries.series_by_id(account.id + 1, new_series.series_id) is None


@pytest.mark.parametrize(("starts_at", "hour"), [("2026-12-01T18:00", 16), ("2026-12-01T18:00+00:00", 18)])
async def test_a_script_names_a_wall_clock_or_an_instant(
    account: Any, olga: Person, noon: datetime, starts_at: str, hour: int
) -> None:
    new_series = await create_event(
        "Kallio Yoga", title="By script", starts_at=starts_at, zone="Europe/Helsinki", capacity=5
    )
    assert (await event(new_series.first_code, olga)).starts_at.hour == hour


async def test_a_script_is_refused_with_a_reason(account: Any) -> None:
    with pytest.raises(NotFound):
        await create_event("No club", title="x", starts_at="2030-01-01T18:00", zone="UTC")
    for starts_at, zone in (("tomorrow", "UTC"), ("2030-01-01T18:00Z", "Nowhere/Town")):
        with pytest.raises(Invalid):
            await create_event("Kallio Yoga", title="x", starts_at=starts_at, zone=zone)
