"""Replies that Telegram did not take, because too much was written there: they wait here and not in the process that
wrote them, whose updates others wait behind (decision 0037).

A reply describes the moment it was made, for a person who is waiting. It is sent unchanged, and dropped after
`STALE_AFTER`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from backend import clock, db

log = structlog.get_logger()

STALE_AFTER = timedelta(minutes=5)
HELD_MAX = 10  # replies that wait for one chat
SEND_WITHIN = timedelta(seconds=30)  # else the sender that claimed it is gone, and it is sent again

# In place of an older edit of the same message. Nobody makes more wait than a chat is sent in a while.
HOLD = """
WITH replaced AS (
    DELETE FROM held_replies WHERE chat_id = $1 AND message_id = $2 AND method = $3
)
INSERT INTO held_replies (chat_id, message_id, method, payload, file, file_name, due_at, stale_at)
SELECT $1, $2::bigint, $3, $4::jsonb, $5, $6, $7, $8
WHERE (SELECT count(*) FROM held_replies WHERE chat_id = $1) < $9
RETURNING id
"""
# Asked five times a second, mostly for nothing.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM held_replies WHERE due_at <= $1)"
DROP_STALE = "DELETE FROM held_replies WHERE stale_at <= $1"
# The oldest reply of each chat, so that a chat reads its replies in order.
CLAIM = """
WITH firsts AS (
    SELECT DISTINCT ON (chat_id) id, due_at FROM held_replies WHERE chat_id <> ALL($2::bigint[]) ORDER BY chat_id, id
), chosen AS (
    SELECT r.id FROM held_replies r JOIN firsts f ON f.id = r.id WHERE f.due_at <= $1 ORDER BY r.id LIMIT $3
    FOR UPDATE OF r SKIP LOCKED
)
UPDATE held_replies r SET due_at = $1 + $4::interval FROM chosen WHERE r.id = chosen.id
RETURNING r.id, r.chat_id, r.method, r.payload, r.file, r.file_name
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """A call to Telegram that waits: the Bot API's method, and its parameters."""

    id: int
    chat_id: int
    method: str
    payload: Mapping[str, object]
    file: bytes | None = None
    file_name: str = ""


async def hold_reply(
    chat_id: int,
    method: str,
    payload: Mapping[str, object],
    *,
    retry_after: float,
    message_id: int | None = None,
    file: bytes | None = None,
    file_name: str = "",
) -> bool:
    """Let a reply wait for `retry_after` seconds; False when nobody would wait so long, or too many wait already."""
    now = clock.now()
    due_at, stale_at = now + timedelta(seconds=retry_after), now + STALE_AFTER
    held = due_at < stale_at and await db.value(
        HOLD,
        chat_id,
        message_id,
        method,
        json.dumps(payload),
        file,
        file_name,
        due_at,
        stale_at,
        HELD_MAX,
    )
    if not held:
        log.warning("reply dropped", method=method, retry_after=retry_after)
    return bool(held)


async def claim_replies(limit: int, busy: Collection[int]) -> list[Reply]:
    """Up to `limit` replies that are to be sent now, at most one a chat and none to `busy` chats. Whoever claims them sends
    them within `SEND_WITHIN`."""
    now = clock.now()
    if limit <= 0 or not await db.value(ANY_DUE, now):
        return []
    if dropped := await db.execute_single_count(DROP_STALE, now):
        log.warning("replies dropped", number=dropped)
    rows = await db.rows(CLAIM, now, list(busy), limit, SEND_WITHIN)
    return [
        Reply(
            row["id"],
            row["chat_id"],
            row["method"],
            json.loads(row["payload"]),
            row["file"],
            row["file_name"],
        )
        for row in rows
    ]


async def end_reply(reply: Reply) -> None:
    """It was sent, or never can be."""
    await db.execute_single("DELETE FROM held_replies WHERE id = $1", reply.id)


async def put_off_reply(reply: Reply, until: datetime) -> None:
    """It was not sent."""
    await db.execute_single("UPDATE held_replies SET due_at = $2 WHERE id = $1", reply.id, until)
