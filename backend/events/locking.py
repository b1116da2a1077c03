"""What the verbs on series and instances share: locking, checking, requests to the allocator (`S4`–`S7`)."""

from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.errors import Invalid, NotFound
from backend.i18n import N_
from backend.seats import store
from backend.seats.allocator import process_or_raise
from backend.seats.refusals import Ended, cancelled
from backend.seats.requests import Request
from backend.seats.state import InstanceState


async def lock_series(series_id: int, account_id: int | None = None) -> db.Row:
    """Lock the row of a series, so that nobody else changes it or makes its instances, and return it.

    Raises `NotFound` when there is none or it is another account's (`A1`); without `account_id` it may be any
    account's.
    """
    row = await db.row(
        "SELECT * FROM event_series WHERE id = $1 AND ($2::bigint IS NULL OR account_id = $2)"
        " FOR NO KEY UPDATE",
        series_id,
        account_id,
    )
    if row is None:
        raise NotFound()
    return row


async def lock_series_of(instance_id: int, account_id: int) -> db.Row:
    """The same for the series of an instance. Raises `NotFound`.

    A split may give the instance to another series while this waits for the lock, so it is looked up again.
    """
    series = None
    while True:
        series_id = await db.value("SELECT series_id FROM event_instances WHERE id = $1", instance_id)
        if series_id is None:
            raise NotFound()
        if series is not None and series["id"] == series_id:
            return series
        series = await lock_series(series_id, account_id)


def require_unarchived(series: db.Row) -> None:
    """Raises `Invalid` when the series is archived."""
    if series["archived_at"] is not None:
        raise Invalid(N_("It is archived. Restore it from the archive first."))


async def lock_instances(series_id: int, now: datetime) -> list[int]:
    """Lock, ordered by id, the seats rows of a series' instances that are not over, and return the ids.

    A booking that arrives meanwhile waits and then finds the instance as it has become.
    """
    rows = await db.rows(
        "SELECT i.id FROM event_instances i WHERE i.series_id = $1 AND i.ends_at > $2"
        " AND i.state <> 'COMPLETED' ORDER BY i.id",
        series_id,
        now,
    )
    instance_ids = [int(row["id"]) for row in rows]
    if instance_ids:
        await db.execute(store.lock_rows(instance_ids))
    return instance_ids


async def load_instance(instance_id: int, now: datetime) -> db.Row:
    """A locked instance with the `event_zone`, `min_to_run` and `decide_before_minutes` of its series.

    Raises `NotFound`, and `Ended` when it has begun.
    """
    row = await db.row(
        "SELECT i.*, r.zone AS event_zone, r.min_to_run, r.decide_before_minutes FROM event_instances i"
        " JOIN event_series r ON r.id = i.series_id WHERE i.id = $1",
        instance_id,
    )
    if row is None:
        raise NotFound()
    if row["state"] == InstanceState.COMPLETED or row["starts_at"] <= now:
        raise Ended(N_("This date has begun; it can no longer be changed."))
    return row


def require_scheduled(row: db.Row) -> None:
    """Raises `Cancelled` when the instance is cancelled."""
    if row["state"] == InstanceState.CANCELLED:
        raise cancelled(row["cancel_reason"])


def same_start() -> Invalid:
    """The refusal of a second instance of a series at one start (`S11`)."""
    return Invalid(N_("Another date of this event starts then. Cancel that one first."), field="starts_local")


async def submit_locked(instance_ids: Sequence[int], request: Request) -> None:
    """Submit one request for each instance inside the transaction that holds their seats rows.

    Whatever is asked, the allocator also ends the offers of an instance that is cancelled (`S5`). Raises what
    it refuses.
    """
    await process_or_raise([(instance_id, request) for instance_id in instance_ids])


async def bump_sequence(instance_ids: Sequence[int], now: datetime) -> None:
    """Raise the SEQUENCE of the instances, so that calendars replace what they hold (RFC 5545 §3.8.7.4)."""
    await db.execute(
        "UPDATE event_instances SET sequence = sequence + 1, changed_at = $2 WHERE id = ANY($1::bigint[])",
        instance_ids,
        now,
    )
