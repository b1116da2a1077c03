"""Seating *regulars*: a member with a standing seat on a series gets a seat on each of its new instances (`B11`)."""

from collections.abc import Sequence
from datetime import datetime

from backend import clock, db
from backend.each import do_each
from backend.seats import allocator, store
from backend.seats.requests import Request, Verb, Via

# Instances to come on which a regular has never answered anything: an answer once given stands.
UNSEATED = """
SELECT i.id, g.membership_id FROM regulars g
JOIN memberships m ON m.id = g.membership_id AND m.left_at IS NULL
JOIN event_instances i ON i.series_id = g.series_id AND i.state = 'SCHEDULED' AND i.starts_at > $1
WHERE ($2::bigint IS NULL OR g.series_id = $2) AND ($3::bigint IS NULL OR g.membership_id = $3)
    AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id AND b.membership_id = g.membership_id)
ORDER BY i.id, g.since, g.id
"""
OF_NEW_INSTANCES = """
SELECT i.id, g.membership_id FROM event_instances i
JOIN regulars g ON g.series_id = i.series_id
JOIN memberships m ON m.id = g.membership_id AND m.left_at IS NULL
WHERE i.id = ANY($1::bigint[]) AND i.starts_at > $2 ORDER BY i.id, g.since, g.id
"""


async def seat_regular(series_id: int, membership_id: int) -> int:
    """Seat a regular on the instances where they have not answered yet, inside the caller's transaction; on how many.
    Doing it twice changes nothing."""
    return await _seat_locking(await db.rows(UNSEATED, clock.now(), series_id, membership_id))


async def seat_all_regulars() -> int:
    """The periodic net of `B11`: the same for every regular of every series."""
    return await do_each("regulars", await db.rows(UNSEATED, clock.now(), None, None), _seat)


async def _seat(row: db.Row) -> int:
    await allocator.submit((row["id"], _request(row)))
    return 1


async def seat_regulars_of_new(instance_ids: Sequence[int]) -> None:
    """Seat the regulars of instances just made, in the transaction that made them: nobody can be faster (`B11`)."""
    await _seat_locking(await db.rows(OF_NEW_INSTANCES, instance_ids, clock.now()))


async def _seat_locking(rows: Sequence[db.Row]) -> int:
    requests = [(row["id"], _request(row)) for row in rows]
    if requests:
        await db.execute(store.lock_rows({instance_id for instance_id, _ in requests}))
        await allocator.process_or_raise(requests)
    return len(requests)


async def add_regular(account_id: int, series_id: int, membership_id: int, at: datetime) -> bool:
    """Give a member a standing seat, inside the caller's transaction; False when they had it."""
    return bool(
        await db.execute(
            "INSERT INTO regulars (account_id, series_id, membership_id, since) VALUES ($1, $2, $3, $4)"
            " ON CONFLICT ON CONSTRAINT regulars_series_id_membership_id_key DO NOTHING",
            account_id,
            series_id,
            membership_id,
            at,
        )
    )


async def remove_regular(account_id: int, series_id: int, membership_id: int) -> bool:
    """Take a member's standing seat back, inside the caller's transaction; False when they had none."""
    return bool(
        await db.execute(
            "DELETE FROM regulars WHERE account_id = $1 AND series_id = $2 AND membership_id = $3",
            account_id,
            series_id,
            membership_id,
        )
    )


async def remove_own_regular(user_id: int, series_id: int) -> bool:
    """Take a person's own standing seat back, in a transaction of its own; False when they had none."""
    return bool(
        await db.execute_single_count(
            "DELETE FROM regulars g USING memberships m WHERE g.series_id = $2"
            " AND m.id = g.membership_id AND m.user_id = $1",
            user_id,
            series_id,
        )
    )


async def remove_regulars_and_claims(membership_ids: Sequence[int]) -> None:
    """Take all standing seats and first claims of these members back (`B11`, `P4`), inside the caller's transaction."""
    await db.execute("DELETE FROM regulars WHERE membership_id = ANY($1::bigint[])", membership_ids)
    await db.execute("DELETE FROM seat_claims WHERE membership_id = ANY($1::bigint[])", membership_ids)


async def copy_regulars(from_series_id: int, to_series_id: int) -> None:
    """Give the regulars of a series standing seats on another one too, inside the caller's transaction (`S4`)."""
    await db.execute(
        "INSERT INTO regulars (account_id, series_id, membership_id, since)"
        " SELECT account_id, $2, membership_id, since FROM regulars WHERE series_id = $1",
        from_series_id,
        to_series_id,
    )


def _request(row: db.Row) -> Request:
    return Request(Verb.REGULAR, Via.SYSTEM, membership_id=row["membership_id"])
