"""The end of an instance: it is completed (`S8`), and its attendance list is closed (`B12`).

Each function is called inside a transaction that has locked the seats rows of these instances.
"""

from collections.abc import Sequence
from datetime import datetime

from backend import db


async def complete_instances(instance_ids: Sequence[int], at: datetime) -> list[int]:
    """SCHEDULED becomes COMPLETED where the end has passed; the ids of those that were completed now."""
    rows = await db.rows(
        "UPDATE event_instances SET state = 'COMPLETED' WHERE id = ANY($1::bigint[]) AND state = 'SCHEDULED'"
        " AND ends_at <= $2 RETURNING id",
        instance_ids,
        at,
    )
    return [row["id"] for row in rows]


async def mark_list_closed(instance_id: int, by: int, at: datetime) -> None:
    """The attendance list is closed: who came is settled."""
    await db.execute(
        "UPDATE event_instances SET list_closed_at = $2, list_closed_by = $3 WHERE id = $1",
        instance_id,
        at,
        by,
    )


async def mark_list_open(instance_id: int) -> bool:
    """The attendance list is open again; False when it was."""
    return bool(
        await db.execute(
            "UPDATE event_instances SET list_closed_at = NULL, list_closed_by = NULL"
            " WHERE id = $1 AND list_closed_at IS NOT NULL",
            instance_id,
        )
    )
