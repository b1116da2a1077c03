"""The seats rows of dates that an organiser changes: locked first, asked as the desk is asked, shown anew."""

from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.errors import Invalid, NotFound
from backend.i18n import N_
from backend.seats import store
from backend.seats.allocator import process_locked
from backend.seats.replies import Ended, cancelled
from backend.seats.requests import Request


async def lock_series(series_id: int, account_id: int | None = None) -> db.Row:
    """Lock the row of a series, so that nobody else changes it or makes its instances, and return it.

    Raises `NotFound` when there is none, or when it is not the account's (`A1`); without an account it may be anyone's.
    """
    row = await db.row(
        "SELECT * FROM event_series WHERE id = $1 AND ($2::bigint IS NULL OR account_id = $2) FOR NO KEY UPDATE",
        series_id,
        account_id,
    )
    if row is None:
        raise NotFound()
    return row


async def lock_unarchived_series(series_id: int, account_id: int) -> db.Row:
    """The same for a change that an archived series does not take. Raises `Invalid` for one, `NotFound`."""
    row = await lock_series(series_id, account_id)
    if row["archived_at"] is not None:
        raise Invalid(N_("It is archived. Take it out of the archive first."))
    return row


async def lock_instances(series_id: int, at: datetime) -> list[int]:
    """Lock the seats of the dates of a series that are not over, in the order of their ids; a booking that arrives now
    waits, and then finds the date as it has become."""
    rows = await db.rows(
        "SELECT i.id FROM event_instances i WHERE i.series_id = $1 AND i.ends_at > $2 AND i.state <> 'COMPLETED'"
        " ORDER BY i.id",
        series_id,
        at,
    )
    ids = [int(row["id"]) for row in rows]
    if ids:
        await db.execute(store.lock_rows(ids))
    return ids


async def load_instance(instance_id: int, at: datetime) -> db.Row:
    """A date as it stands, its seats row being locked, with its series' `zone` and `rule`.

    Raises `NotFound`, and `Ended` for one that has begun.
    """
    row = await db.row(
        "SELECT i.*, r.zone, r.min_to_run, r.decide_before_minutes FROM event_instances i"
        " JOIN event_series r ON r.id = i.series_id WHERE i.id = $1",
        instance_id,
    )
    if row is None:
        raise NotFound()
    if row["state"] == "COMPLETED" or row["starts_at"] <= at:
        raise Ended(N_("This date has begun; it can no longer be changed."))
    return row


def require_scheduled(row: db.Row) -> None:
    """Raises `Cancelled` when the date is."""
    if row["state"] == "CANCELLED":
        raise cancelled(row["cancel_reason"])


async def submit_locked(instance_ids: Sequence[int], request: Request) -> None:
    """Ask the desks of these dates the same, inside the transaction that holds the locks of their seats rows. Opening a
    desk also ends the offers of a date that is off (`S5`)."""
    for said in await process_locked([(instance_id, request) for instance_id in instance_ids]):
        if isinstance(said, Exception):
            raise said


async def bump_sequence(instance_ids: Sequence[int], at: datetime) -> None:
    """Let calendars follow: their entries are newer than those they hold."""
    await db.execute(
        "UPDATE event_instances SET sequence = sequence + 1, changed_at = $2 WHERE id = ANY($1::bigint[])",
        instance_ids,
        at,
    )
