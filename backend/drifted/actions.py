"""Keeping or cancelling every date that the rule of a series no longer has (`S4`); one at a time is `backend.events`."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.events.cancel import cancel_locked, validate_reason
from backend.events.edit import keep_locked
from backend.events.locking import lock_instances, lock_series
from backend.people.queries import Person


async def keep_all_drifted(person: Person, account_id: int, series_id: int) -> int:
    """Keep all of them as they are, as if edited by hand; how many. Raises `Forbidden`, `NotFound`, `Busy`."""
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        await lock_series(series_id, account.id)
        drifted = [row["id"] for row in await lock_drifted(series_id, now)]
        await keep_locked(drifted, account.id, person, now)
    return len(drifted)


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
        "SELECT i.id, i.account_id, i.starts_at FROM event_instances i WHERE i.id = ANY($1::bigint[])"
        " AND i.drifted_at IS NOT NULL AND i.state = 'SCHEDULED' AND i.starts_at > $2 ORDER BY i.starts_at, i.id",
        await lock_instances(series_id, now),
        now,
    )
