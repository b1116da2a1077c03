"""The end of an instance: it is completed (`S8`), and its attendance list is closed (`B12`).

Each function is called inside a transaction that has locked the seats rows of these instances.
"""

from collections.abc import Sequence
from datetime import datetime

from backend import db


async def complete_instances(instance_ids: Sequence[int], now: datetime) -> list[int]:
    """Complete the scheduled instances whose end has passed; the ids of those that were completed now."""
    rows = await db.rows(
        "UPDATE event_instances SET state = 'COMPLETED' WHERE id = ANY($1::bigint[]) AND state = 'SCHEDULED'"
        " AND ends_at <= $2 RETURNING id",
        instance_ids,
        now,
    )
    return [row["id"] for row in rows]


async def mark_list_closed(instance_id: int, user_id: int, now: datetime) -> None:
    """Close the attendance list of an instance: attendance is final until it is opened again."""
    await db.execute(
        "UPDATE event_instances SET list_closed_at = $2, list_closed_by = $3 WHERE id = $1",
        instance_id,
        now,
        user_id,
    )


async def mark_list_open(instance_id: int) -> bool:
    """Open the attendance list of an instance again; False when it was open."""
    return bool(
        await db.execute(
            "UPDATE event_instances SET list_closed_at = NULL, list_closed_by = NULL"
            " WHERE id = $1 AND list_closed_at IS NOT NULL",
            instance_id,
        )
    )
