"""Pausing a series, and resuming it (`S9`)."""

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.events.locking import lock_series
from backend.events.materialization import materialize_series
from backend.people.queries import Person


async def pause_series(person: Person, account_id: int, series_id: int) -> None:
    """Stop making and announcing instances of a series; those that exist can be booked as before (`S9`).

    Pausing twice changes nothing. Raises `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        series = await lock_series(series_id, account.id)
        if series["paused_at"] is not None:
            return
        await db.execute(
            "UPDATE event_series SET paused_at = $2, updated_at = $2 WHERE id = $1", series_id, now
        )
        await record_audit(account.id, person.id, "pause", f"series {series_id}")


async def resume_series(person: Person, account_id: int, series_id: int) -> int:
    """End a pause and make the instances of the weeks ahead, with their regulars seated (`S9`, `B11`).

    Returns how many instances were made: 0 when the series was not paused. Raises `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        series = await lock_series(series_id, account.id)
        if series["paused_at"] is None:
            return 0
        await db.execute(
            "UPDATE event_series SET paused_at = NULL, updated_at = $2 WHERE id = $1", series_id, now
        )
        instance_ids = await materialize_series(series_id, now)
        await record_audit(account.id, person.id, "resume", f"series {series_id}")
    return len(instance_ids)
