"""Losing cards and restoring them, and what becomes of cards when their group changes (`A6`, `C6`).

Every function is called inside the transaction of the change that causes it.
"""

from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.cards.rules import CardTrouble
from backend.outbox.kinds import Kind
from backend.outbox.organisers import notify_organisers

LOSE = """
UPDATE cards SET state = 'lost', trouble = $1, error = $2, lost_at = $3
WHERE state NOT IN ('lost', 'unlinked') AND (id = $4 OR group_id = $5 AND state = 'live') RETURNING id
"""

# Organisers need not repost the card of what is over.
NOT_OVER = """
SELECT c.id, c.account_id, c.instance_id FROM cards c
LEFT JOIN event_instances i ON i.id = c.instance_id
LEFT JOIN polls p ON p.id = c.poll_id
WHERE c.id = ANY($1::bigint[]) AND coalesce(i.ends_at > $2, p.closed_at IS NULL) ORDER BY c.id
"""

# A card with a message is edited again. A card without one was refused and never reached the chat, so posting
# it is no second time (C1); but not when it was posted anew since, or is over.
RESTORE = """
UPDATE cards c SET state = CASE WHEN message_id IS NULL THEN 'due' ELSE 'live' END, trouble = '', lost_at = NULL,
    error = '', attempts = 0, next_try_at = $1
WHERE c.state = 'lost' AND c.group_id = $2 AND c.trouble = ANY($3::text[])
    AND ($4::bigint IS NULL OR coalesce(c.topic_id, 1) = $4)
    AND (c.message_id IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM cards n
            WHERE n.id > c.id AND (n.instance_id = c.instance_id OR n.poll_id = c.poll_id))
        AND (EXISTS (SELECT 1 FROM event_instances i
                WHERE i.id = c.instance_id AND i.state = 'SCHEDULED' AND i.starts_at > $1)
            OR EXISTS (SELECT 1 FROM polls p WHERE p.id = c.poll_id AND p.closed_at IS NULL)))
"""


# A card that is finished for good stays as it is: it has no button that does anything.
UNLINK = """
UPDATE cards c SET state = 'unlinked', chat_id = g.chat_id, group_id = NULL, trouble = '', lost_at = NULL, error = '',
    attempts = 0, next_try_at = CASE WHEN c.next_try_at < '9000-01-01 00:00:00+00' THEN $3 ELSE c.next_try_at END
FROM groups g WHERE g.id = c.group_id AND c.group_id = $1 AND c.account_id = $2 AND c.message_id IS NOT NULL
    AND (c.state = 'live' OR c.state = 'lost' AND c.trouble IN ('muted', 'removed', 'topic-closed'))
"""
LINK_AGAIN = """
UPDATE cards SET state = 'live', group_id = $2, chat_id = NULL, error = '', attempts = 0, digest = '',
    next_try_at = CASE WHEN next_try_at < '9000-01-01 00:00:00+00' THEN $4 ELSE next_try_at END
WHERE state = 'unlinked' AND account_id = $1 AND chat_id = $3
"""


async def lose_cards(
    trouble: CardTrouble,
    why: str,
    at: datetime,
    *,
    card_id: int | None = None,
    group_id: int | None = None,
) -> int:
    """Mark this card, and all live cards of this group, as lost; how many. Organisers get one message for all
    of them."""
    lost = [row["id"] for row in await db.rows(LOSE, trouble, why[:500], at, card_id, group_id)]
    to_report = await db.rows(NOT_OVER, lost, at) if lost else []
    if to_report:
        first = to_report[0]
        await notify_organisers(
            first["account_id"],
            Kind.CARD_LOST,
            first["id"],
            at,
            instance_id=first["instance_id"],
            card=first["id"],
            others=len(to_report) - 1,
        )
    return len(lost)


async def restore_cards(
    group_id: int, troubles: Sequence[CardTrouble], at: datetime, *, topic_id: int | None = None
) -> int:
    """Restore the group's cards, or one topic's, that were lost for one of these troubles; how many."""
    return await db.execute(RESTORE, at, group_id, troubles, topic_id)


async def unlink_cards(account_id: int, group_id: int, at: datetime) -> None:
    """The group of these cards is being unlinked. Those in the chat, or in reach again once the bot may write
    there, lose their buttons and can be linked again; the others are deleted."""
    await db.execute(UNLINK, group_id, account_id, at)
    await db.execute("DELETE FROM cards WHERE group_id = $1 AND account_id = $2", group_id, account_id)


async def link_cards(account_id: int, group_id: int, chat_id: int, at: datetime) -> None:
    """The chat of these unlinked cards is this group of their account again: their buttons come back."""
    await db.execute(LINK_AGAIN, account_id, group_id, chat_id, at)


async def redraw_unlinked_cards(membership_ids: Sequence[int], at: datetime) -> None:
    """Show the unlinked cards that may name these members as they are now, without buttons: they were erased
    (`A7`)."""
    await db.execute(
        "UPDATE cards SET next_try_at = $2 WHERE state = 'unlinked' AND next_try_at < '9000-01-01 00:00:00+00'"
        " AND (instance_id IN (SELECT instance_id FROM bookings WHERE membership_id = ANY($1::bigint[]))"
        " OR poll_id IN (SELECT poll_id FROM poll_votes WHERE membership_id = ANY($1::bigint[])))",
        membership_ids,
        at,
    )


async def move_cards(old_group_id: int, new_group_id: int) -> None:
    """The old group's cards are the new one's."""
    await db.execute("UPDATE cards SET group_id = $2 WHERE group_id = $1", old_group_id, new_group_id)
