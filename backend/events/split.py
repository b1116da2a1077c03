"""Changing this instance and all that follow: the series is split in two (`S4`)."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.editing import require_version
from backend.events.create import validate_group
from backend.events.drafts import SeriesDraft
from backend.events.edit import edit_series_locked
from backend.events.locking import load_instance, lock_instances, lock_series_of, require_unarchived
from backend.events.queries import draft_from_row, find_instance
from backend.events.sync import sync_instances
from backend.events.tables import EventSeries
from backend.events.zone_changes import follow_zone_data
from backend.people.queries import Person
from backend.recurrence.timing import SeriesBounds, SeriesTiming, timing_from_row
from backend.seats.regulars import copy_regulars
from backend.zones import exact_wall_clock, resolve_local, start_of_day


async def edit_following(code: str, person: Person, draft: SeriesDraft, *, seen: str = "") -> int:
    """Change this instance and all that follow (`S4`); the id of the series that has the instance now. `seen` is the
    version of the draft that was edited.

    The series ends before this instance. A new series that follows it takes over this and the later instances
    with their codes, bookings, cards and regulars, so that nobody loses anything. On the first instance the
    whole series is changed instead, and not split.

    While start, zone and rule are the same, COUNT and INTERVAL go on as they were. A new timing begins at the
    draft's start, or, when that is not after the previous instance, on the local day of this instance.

    Raises `InvalidForm`, `Ended`, `Invalid` when the series is archived, `ChangedMeanwhile`, `Forbidden`, `NotFound`,
    `Busy`.
    """
    address = await find_instance(code)
    account = await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    draft.validate()
    now = clock.now()
    async with db.transaction():
        series = await lock_series_of(address.id, account.id)
        require_version(seen, draft_from_row(series).version)
        require_unarchived(series)
        series = await follow_zone_data(series, now)
        await lock_instances(series["id"], now)
        split_at: datetime = (await load_instance(address.id, now))["original_start"]
        await validate_group(account.id, draft.group_id)
        previous_start = await _previous_start(series["id"], timing_from_row(series), split_at)
        if previous_start is not None:
            series_id = await _split(series, draft, split_at, previous_start, person, now)
            await record_audit(account.id, person.id, "split", f"series {series['id']}", into=series_id)
            return series_id
        await edit_series_locked(series, draft, person, now)
        return int(series["id"])


async def _previous_start(series_id: int, timing: SeriesTiming, split_at: datetime) -> datetime | None:
    """The original start of the newest instance before the split or, when no such row exists, the rule's
    first occurrence before it; None when there is neither."""
    newest: datetime | None = await db.value(
        "SELECT max(original_start) FROM event_instances WHERE series_id = $1 AND original_start < $2",
        series_id,
        split_at,
    )
    if newest is not None:
        return newest
    start = resolve_local(timing.starts_local, timing.zone)
    earlier = replace(timing, bounds=SeriesBounds(timing.bounds.since, split_at))
    first = earlier.occurrences(after=min(start, split_at) - timing.duration, until=split_at, limit=1)
    return first[0].original_start if first else None


async def _split(
    series: db.Row,
    draft: SeriesDraft,
    split_at: datetime,
    previous_start: datetime,
    person: Person,
    now: datetime,
) -> int:
    timing = timing_from_row(series)
    has_same_timing = (draft.starts_local, draft.zone, draft.rule) == (
        timing.starts_local,
        timing.zone,
        timing.rule,
    )
    dates_from = split_at if has_same_timing else _new_timing_from(draft, split_at, previous_start)
    row = EventSeries(
        account_id=series["account_id"],
        created_by=person.id,
        created_at=now,
        updated_at=now,
        zone_data=series["zone_data"],
        follows_id=series["id"],
        dates_from=dates_from,
        dates_from_local=exact_wall_clock(dates_from, draft.zone),
        dates_before=timing.bounds.before,
        dates_before_local=_wall_clock_at(timing.bounds.before, draft.zone),
        paused_at=series["paused_at"],
        **asdict(draft),
    )
    await row.save()
    series_id = int(row.id)
    await db.execute(
        "UPDATE event_series SET follows_id = $2 WHERE follows_id = $1 AND id <> $2",
        series["id"],
        series_id,
    )
    await db.execute(
        "UPDATE event_series SET dates_before = $2, dates_before_local = $3, updated_at = $4 WHERE id = $1",
        series["id"],
        split_at,
        exact_wall_clock(split_at, timing.zone),
        now,
    )
    await db.execute(
        "UPDATE event_instances SET series_id = $2 WHERE series_id = $1 AND original_start >= $3",
        series["id"],
        series_id,
        split_at,
    )
    await copy_regulars(series["id"], series_id)
    old_timing = replace(timing, bounds=SeriesBounds(split_at, timing.bounds.before))
    await sync_instances(series_id, series, old_timing, person, now)
    return series_id


def _wall_clock_at(instant: datetime | None, zone: str) -> datetime | None:
    return exact_wall_clock(instant, zone) if instant is not None else None


def _new_timing_from(draft: SeriesDraft, split_at: datetime, previous_start: datetime) -> datetime:
    """The instant from which a new timing counts: its own start or, when that is not after the previous
    instance, the beginning of the local day of the split."""
    start = resolve_local(draft.starts_local, draft.zone)
    if start > previous_start:
        return start
    return max(start_of_day(split_at, draft.zone), previous_start + timedelta(seconds=1))
