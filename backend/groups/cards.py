"""What becomes of a group's cards when the bot's standing there changes (`A6`, `C6`).

All of it is called inside the transaction of the change itself. It stands with the groups, beneath the cards, because
most of it happens to a group.
"""

from datetime import datetime

from backend import db
from backend.outbox.kinds import Kind
from backend.outbox.organisers import notify_organisers

LOSE = """
UPDATE cards SET state = 'lost', trouble = $1, error = $2, lost_at = $3
WHERE state <> 'lost' AND (id = $4 OR group_id = $5 AND state = 'live') RETURNING id
"""

# Nobody has to mend the card of what is over.
NOT_OVER = """
SELECT c.id, c.account_id, c.instance_id FROM cards c
LEFT JOIN event_instances i ON i.id = c.instance_id
LEFT JOIN polls p ON p.id = c.poll_id
WHERE c.id = ANY($1::bigint[]) AND coalesce(i.ends_at > $2, p.closed_at IS NULL) ORDER BY c.id
"""

# A message that is there follows again. One that was refused was never there, so posting it is no second time (C1):
# unless it was posted anew since, or is over.
RESTORE = """
UPDATE cards c SET state = CASE WHEN message_id IS NULL THEN 'due' ELSE 'live' END, trouble = '', lost_at = NULL,
    error = '', attempts = 0, next_try_at = $1
WHERE c.state = 'lost' AND c.group_id = $2 AND c.trouble = ANY($3::text[]) AND ($4::bigint IS NULL OR coalesce(c.topic_id, 1) = $4)
    AND (c.message_id IS NOT NULL
        OR NOT EXISTS (SELECT 1 FROM cards n WHERE n.id > c.id AND (n.instance_id = c.instance_id OR n.poll_id = c.poll_id))
        AND (EXISTS (SELECT 1 FROM event_instances i WHERE i.id = c.instance_id AND i.state = 'SCHEDULED' AND i.starts_at > $1)
            OR EXISTS (SELECT 1 FROM polls p WHERE p.id = c.poll_id AND p.closed_at IS NULL)))
"""

GENERAL_TOPIC = 1  # the General topic's own number, which cards of it leave out (C4)


async def lose_cards(
    trouble: str,
    why: str,
    at: datetime,
    *,
    card_id: int | None = None,
    group_id: int | None = None,
) -> int:
    """Give up this card, and all live ones of this group; how many. Organisers are told once of what is lost together."""
    rows = await db.rows(LOSE, trouble, why[:500], at, card_id, group_id)
    lost = [row["id"] for row in rows]
    to_tell = await db.rows(NOT_OVER, lost, at) if lost else []
    if to_tell:
        first = to_tell[0]
        await notify_organisers(
            first["account_id"],
            Kind.CARD_LOST,
            first["id"],
            at,
            instance_id=first["instance_id"],
            card=first["id"],
            others=len(to_tell) - 1,
        )
    return len(lost)


async def restore_cards(
    group_id: int, troubles: list[str], at: datetime, *, topic_id: int | None = None
) -> int:
    """What was lost for these troubles, and only for them, goes on; how many cards."""
    return await db.execute(RESTORE, at, group_id, troubles, topic_id)
