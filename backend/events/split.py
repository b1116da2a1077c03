"""Changing this date and those that follow: the series is split in two (`S4`)."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import note
from backend.errors import NotFound
from backend.events.actions import check_group
from backend.events.drafts import SeriesDraft
from backend.events.edit import edit_series
from backend.events.locking import load_instance, load_series, lock_instances
from backend.events.queries import find_instance
from backend.events.rules import Part, Timing, timing_of
from backend.events.sync import sync_instances
from backend.events.tables import Series
from backend.people.queries import Person
from backend.seats.regulars import copy_regulars
from backend.zones import resolve_local, start_of_day


async def edit_following(code: str, person: Person, draft: SeriesDraft) -> int:
    """Change this date and all that follow; the id of the series that has the date now. The series ends before it, and another that follows it takes over the dates
    from here on, with their codes, bookings, cards and regulars: nobody loses anything.

    While start, zone and rule are the same, COUNT and INTERVAL go on as they were. Another timing begins at the draft's
    start; where that lies no later than the date before, on the day of this date. From the first date on, it is the
    whole series that is changed. Raises `InvalidForm`, `Ended`, `Invalid` when archived, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    draft.check()
    at = clock.now()
    async with db.transaction():
        was = await _series_of(club.id, where.id)
        await lock_instances(was["id"], at)
        here: datetime = (await load_instance(where.id, at))["original_start"]
        await check_group(club.id, draft.group_id)
        before = await _date_before(was["id"], timing_of(was), here)
        if before is not None:
            series_id = await _split(was, draft, here, before, person, at)
            await note(club.id, person.id, "split", f"series {was['id']}", into=series_id)
    if before is None:
        series_id = int(was["id"])
        await edit_series(person, club.id, series_id, draft)
    return series_id


async def _series_of(account_id: int, instance_id: int) -> db.Row:
    """The date's series, locked; looked up again, since it may have been split while we waited for the lock."""
    found = None
    while True:
        series_id = await db.value("SELECT series_id FROM event_instances WHERE id = $1", instance_id)
        if series_id is None:
            raise NotFound()
        if found is not None and found["id"] == series_id:
            return found
        found = await load_series(account_id, series_id)


async def _date_before(series_id: int, timing: Timing, here: datetime) -> datetime | None:
    """The start of the newest date before this one; or, when there are no rows of those, the rule's first."""
    newest: datetime | None = await db.value(
        "SELECT max(original_start) FROM event_instances WHERE series_id = $1 AND original_start < $2",
        series_id,
        here,
    )
    if newest is not None:
        return newest
    start = resolve_local(timing.starts_local, timing.zone)
    earlier = replace(timing, part=Part(timing.part.since, here))
    first = earlier.dates(after=min(start, here) - timing.length, until=here, limit=1)
    return first[0].original_start if first else None


async def _split(
    was: db.Row, draft: SeriesDraft, here: datetime, before: datetime, person: Person, at: datetime
) -> int:
    timing = timing_of(was)
    same = (draft.starts_local, draft.zone, draft.rule) == (
        timing.starts_local,
        timing.zone,
        timing.rule,
    )
    row = Series(
        account_id=was["account_id"],
        created_by=person.id,
        created_at=at,
        updated_at=at,
        follows_id=was["id"],
        dates_from=here if same else _begins(draft, here, before),
        dates_before=timing.part.before,
        paused_at=was["paused_at"],
        **asdict(draft),
    )
    await row.save()
    series_id = int(row.id)
    await db.execute(
        "UPDATE event_series SET follows_id = $2 WHERE follows_id = $1 AND id <> $2",
        was["id"],
        series_id,
    )
    await db.execute(
        "UPDATE event_series SET dates_before = $2, updated_at = $3 WHERE id = $1",
        was["id"],
        here,
        at,
    )
    await db.execute(
        "UPDATE event_instances SET series_id = $2 WHERE series_id = $1 AND original_start >= $3",
        was["id"],
        series_id,
        here,
    )
    await copy_regulars(was["id"], series_id)
    former = replace(timing, part=Part(here, timing.part.before))
    await sync_instances(series_id, was, former, person, at)
    return series_id


def _begins(draft: SeriesDraft, here: datetime, before: datetime) -> datetime:
    """From when on the new rule counts: from its own start, or from the beginning of this day where that is long past."""
    start = resolve_local(draft.starts_local, draft.zone)
    if start > before:
        return start
    return max(start_of_day(here, draft.zone), before + timedelta(seconds=1))
