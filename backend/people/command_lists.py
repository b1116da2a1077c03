"""Private chats whose list of commands is to be set anew: the person has got or lost a role, or speaks another language. Whoever
changes that marks them in the same transaction; the sender sets the list, by what holds at that moment."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.people.sql import REACHABLE

SET_WITHIN = timedelta(seconds=30)  # else the sender that claimed it is gone, and another sets it
GIVE_UP_AFTER = timedelta(days=1)  # /start, /help and `emerald setup-bot` set it too

MARK = f"""
INSERT INTO due_command_lists (chat_id, due_at, marked_at)
SELECT u.telegram_id, $2, $2 FROM telegram_users u WHERE u.id = ANY($1::bigint[]) AND u.telegram_id IS NOT NULL AND {REACHABLE}
ORDER BY u.telegram_id
ON CONFLICT (chat_id) DO UPDATE SET due_at = excluded.due_at, marked_at = excluded.marked_at
"""
CLAIM = """
WITH given_up AS (DELETE FROM due_command_lists WHERE marked_at <= $5)
UPDATE due_command_lists l SET due_at = $1 + $4::interval FROM (
    SELECT chat_id FROM due_command_lists WHERE due_at <= $1 AND marked_at > $5 AND chat_id <> ALL($2::bigint[])
    ORDER BY due_at, chat_id LIMIT $3 FOR UPDATE SKIP LOCKED
) chosen WHERE l.chat_id = chosen.chat_id RETURNING l.chat_id, l.due_at
"""


@dataclass(frozen=True, slots=True)
class DueCommandList:
    """A private chat, by Telegram's id of the person, whose list is to be set until `due_at`."""

    chat_id: int
    due_at: datetime


async def mark_command_lists(user_ids: Sequence[int | None]) -> None:
    """Have the lists of these people set, inside the caller's transaction. None, of a member without Telegram, has no list, nor
    has anybody whom the bot may not write to: they get it when they start the bot."""
    await db.execute(MARK, user_ids, clock.now())


async def claim_command_lists(limit: int, busy: Collection[int]) -> list[DueCommandList]:
    """Up to `limit` lists that are to be set now, none in `busy` chats. Whoever claims them sets them within `SET_WITHIN`."""
    if limit <= 0:
        return []
    now = clock.now()
    rows = await db.rows(CLAIM, now, list(busy), limit, SET_WITHIN, now - GIVE_UP_AFTER)
    return [DueCommandList(row["chat_id"], row["due_at"]) for row in rows]


async def end_command_list(due: DueCommandList) -> None:
    """It was set, or never can be; unless it was marked again meanwhile."""
    await db.execute_single(
        "DELETE FROM due_command_lists WHERE chat_id = $1 AND due_at = $2", due.chat_id, due.due_at
    )


async def put_off_command_list(due: DueCommandList, until: datetime) -> None:
    """It was not set, and is tried again then."""
    await db.execute_single(
        "UPDATE due_command_lists SET due_at = $3 WHERE chat_id = $1 AND due_at = $2",
        due.chat_id,
        due.due_at,
        until,
    )
