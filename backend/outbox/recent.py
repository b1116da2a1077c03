"""What a sender that takes over has to know of what the former one wrote to groups (`M2`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import db


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """A message written to a group: the chat's id, and when."""

    chat_id: int
    sent_at: datetime


async def messages_to_groups(since: datetime) -> list[GroupMessage]:
    """What was written to groups of all accounts after an aware instant, or may have been."""
    rows = await db.rows(
        "SELECT g.chat_id, m.sent_at FROM messages m JOIN groups g ON g.id = m.group_id"
        " WHERE m.group_id IS NOT NULL AND m.sent_at > $1 ORDER BY m.sent_at",
        since,
    )
    return [GroupMessage(row["chat_id"], row["sent_at"]) for row in rows]


async def chats_with_live_cards() -> list[int]:
    """The ids of groups with cards that are edited. When each was last edited is not recorded."""
    rows = await db.rows(
        "SELECT DISTINCT g.chat_id FROM cards c JOIN groups g ON g.id = c.group_id"
        " WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00'"
    )
    return [row["chat_id"] for row in rows]
