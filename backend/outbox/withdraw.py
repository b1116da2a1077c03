"""Withdrawing messages that are not sent yet, and erasing what was written to somebody; inside the
caller's transaction."""

import json
from datetime import datetime

from backend import db
from backend.outbox.kinds import Kind

# The row stays as a number: to how many a message of this kind went, and whether it arrived.
ERASE = """
UPDATE messages SET detail = '{}', error = '',
    state = CASE WHEN state IN ('due', 'parked') THEN 'dropped' ELSE state END
WHERE user_id = $1 AND (detail <> '{}' OR error <> '' OR state IN ('due', 'parked'))
"""


async def drop_announcement(announcement_id: int) -> int:
    """Drop the announcement's messages that are not being sent yet; how many."""
    return await db.execute(
        "UPDATE messages SET state = 'dropped', error = 'stopped'"
        " WHERE announcement_id = $1 AND state = 'due'",
        announcement_id,
    )


async def release_announcement(announcement_id: int, now: datetime) -> int:
    """Have the announcement's messages that wait for the morning sent now; how many. What Telegram has put
    off stays put off."""
    return await db.execute(
        "UPDATE messages SET due_at = $2"
        " WHERE announcement_id = $1 AND state = 'due' AND due_at > $2 AND error = ''",
        announcement_id,
        now,
    )


async def drop_superseded(instance_id: int, kind: Kind, reason: str) -> dict[int, dict[str, object]]:
    """Drop the instance's messages of this kind that are not being sent yet, because newer ones replace
    them; the detail of each by its recipient."""
    rows = await db.rows(
        "UPDATE messages SET state = 'dropped', error = $3"
        " WHERE instance_id = $1 AND kind = $2 AND state = 'due'"
        " RETURNING user_id, detail",
        instance_id,
        kind,
        reason,
    )
    return {row["user_id"]: json.loads(row["detail"]) for row in rows}


async def erase_messages(user_id: int) -> None:
    """Drop the person's messages that are not sent, and clear what all of them were about (`A7`)."""
    await db.execute(ERASE, user_id)
