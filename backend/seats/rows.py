"""What other slices ask of the seats rows, inside a transaction of theirs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend import db
from backend.recordsets import Recordset, Statement


async def open_seats(instance_ids: Sequence[int], account_id: int, capacity: int | None) -> None:
    """Give instances just made their seats rows; `capacity` None is no limit."""
    await db.execute(
        "INSERT INTO instance_seats (instance_id, account_id, capacity) SELECT unnest($1::bigint[]), $2, $3",
        instance_ids,
        account_id,
        capacity,
    )


async def bump_versions(instance_ids: Sequence[int]) -> None:
    """Make cards and screens show these instances again (`C2`)."""
    await db.execute(
        "UPDATE instance_seats SET version = version + 1 WHERE instance_id = ANY($1::bigint[])", instance_ids
    )


async def ask_booked_again(instance_id: int, at: datetime, *, spared: Sequence[int]) -> None:
    """The instance has moved: everyone who is booked is asked whether they still come (`S6`), but for the
    bookings `spared`; and the waitlist has not been notified of a free seat under the new start."""
    await db.execute("UPDATE instance_seats SET called_at = NULL WHERE instance_id = $1", instance_id)
    await db.execute(
        "UPDATE bookings SET move_asked_at = CASE WHEN id = ANY($3::bigint[]) THEN NULL ELSE $2::timestamptz END,"
        " move_stays_at = NULL WHERE instance_id = $1 AND seats > 0",
        instance_id,
        at,
        spared,
    )


# Whoever has an offer keeps at least the time that was promised, by the clocks as they were known and as they
# are; but no offer outlives the start.
KEEP_OFFERS = Statement(
    """
UPDATE bookings b SET offer_until = least(
    moves.starts_at, greatest(b.offer_until, b.offer_until + (moves.starts_at - moves.was)))
FROM {moves}, memberships m
WHERE b.instance_id = moves.id AND b.offered > 0 AND m.id = b.membership_id
RETURNING b.instance_id, m.user_id, b.offer_until
""",
    values={},
    moves=Recordset(id="bigint", was="timestamptz", starts_at="timestamptz"),
)


async def keep_offers(moves: Sequence[Mapping[str, Any]]) -> list[db.Row]:
    """Live offers on instances whose start is another instant now, though the same wall clock (`S10`): each
    with its `instance_id`, `user_id` and new `offer_until`. A move has `id`, `was` and `starts_at`."""
    return await db.rows(KEEP_OFFERS.sql, *KEEP_OFFERS.parameters(moves=moves))
