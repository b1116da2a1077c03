"""Moving, keeping or cancelling every date that the rule of a series no longer has (`S4`); one at a time is `backend.events`."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.addresses import Address
from backend.drifted.rules import REACH, destinations
from backend.errors import Invalid
from backend.events.cancel import cancel_locked, validate_reason
from backend.events.edit import keep_locked
from backend.events.locking import lock_instances, lock_series, require_unarchived
from backend.events.merging import EMPTY
from backend.events.reschedule import move_locking
from backend.events.zone_changes import follow_zone_data
from backend.i18n import N_
from backend.people.queries import Person
from backend.recurrence.timing import timing_from_row
from backend.zones import wall_clock

DATES_MAX = 400  # of a rule that are looked at: more than a daily one has in 52 weeks

# Where no date can be moved to (`merging.take_start`).
TAKEN = f"""
SELECT i.starts_at FROM event_instances i WHERE i.series_id = $1 AND i.starts_at > $2 AND i.state = 'SCHEDULED'
    AND (i.edited_at IS NOT NULL OR NOT {EMPTY})
"""


async def keep_all_drifted(person: Person, account_id: int, series_id: int) -> int:
    """Keep all of them as they are, as if edited by hand; how many. Raises `Forbidden`, `NotFound`, `Busy`."""
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        await lock_series(series_id, account.id)
        drifted = [row["id"] for row in await lock_drifted(series_id, now)]
        await keep_locked(drifted, account.id, person, now)
    return len(drifted)


async def move_drifted(person: Person, account_id: int, series_id: int) -> int:
    """Move each of them to a date of the rule, as `move_instance` does one; how many. Those that have none nearby stay.

    Raises `Invalid` when none can be moved, or the series is archived, `Forbidden`, `NotFound`, `Busy`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        series = await lock_series(series_id, account.id)
        require_unarchived(series)
        timing = timing_from_row(await follow_zone_data(series, now))
        drifted = await lock_drifted(series_id, now)
        last = max((row["starts_at"] for row in drifted), default=now) + REACH
        dates = timing.occurrences(after=now, until=last, limit=DATES_MAX)
        taken = {row["starts_at"] for row in await db.rows(TAKEN, series_id, now)}
        free = [one.original_start for one in dates if one.original_start not in taken]
        moves = destinations([row["starts_at"] for row in drifted], free, timing.zone)
        movable = [(row["id"], to) for row, to in zip(drifted, moves, strict=True) if to is not None]
        if not movable:
            raise Invalid(
                N_(
                    "None of them has a free date of its rule within a week. Move, keep or cancel each of them."
                )
            )
        for instance_id, to in movable:
            address = Address(instance_id, account.id)
            await move_locking(address, person, wall_clock(to, timing.zone), None, now)
    return len(movable)


async def cancel_drifted(person: Person, account_id: int, series_id: int, reason: str) -> int:
    """Cancel all of them; how many. Raises `Invalid`, `Forbidden`, `NotFound`, `Busy`."""
    reason = validate_reason(reason)
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        await lock_series(series_id, account.id)
        drifted = await lock_drifted(series_id, now)
        for row in drifted:
            await cancel_locked(account.id, row["id"], person.id, reason, now)
    return len(drifted)


async def lock_drifted(series_id: int, now: datetime) -> list[db.Row]:
    """Lock all instances of a locked series; those to come that wait for an organiser's decision, by their start."""
    return await db.rows(
        "SELECT i.id, i.starts_at FROM event_instances i WHERE i.id = ANY($1::bigint[])"
        " AND i.drifted_at IS NOT NULL AND i.state = 'SCHEDULED' AND i.starts_at > $2 ORDER BY i.starts_at, i.id",
        await lock_instances(series_id, now),
        now,
    )
