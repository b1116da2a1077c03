"""The columns of a booking that say who came, and what organisers noted (`B12`). Whether they may be written is decided in
`bookings.attendance`.

Each function is called inside a transaction that has locked the instance's seats row.
"""

from datetime import datetime

from backend import db
from backend.seats.rows import bump_versions


async def record_check_in(instance_id: int, membership_id: int, *, came: int, by: int, at: datetime) -> None:
    """`came` people of the party are here. The first check-in keeps its moment and its author."""
    await db.execute(
        "UPDATE bookings SET checked_in_at = coalesce(checked_in_at, $3),"
        " checked_in_by = coalesce(checked_in_by, $4),"
        " came = $5 WHERE instance_id = $1 AND membership_id = $2",
        instance_id,
        membership_id,
        at,
        by,
        came,
    )
    await bump_versions([instance_id])


async def clear_check_in(instance_id: int, membership_id: int) -> None:
    """Nobody of the party is here."""
    await db.execute(
        "UPDATE bookings SET checked_in_at = NULL, checked_in_by = NULL, came = NULL"
        " WHERE instance_id = $1 AND membership_id = $2",
        instance_id,
        membership_id,
    )
    await bump_versions([instance_id])


async def record_note(instance_id: int, membership_id: int, note: str) -> bool:
    """What organisers note of the party; false when there is none."""
    return bool(
        await db.execute(
            "UPDATE bookings SET note = $3 WHERE instance_id = $1 AND membership_id = $2",
            instance_id,
            membership_id,
            note,
        )
    )
