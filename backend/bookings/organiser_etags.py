"""Whether anything on an organiser's page has changed: etags of row versions, as `bookings.etags` explains
them.

Each function authorizes nobody. The caller names the accounts whose people its reader may see, and an etag of
another account's instance is "".
"""

from collections.abc import Sequence
from datetime import datetime

from backend import clock, db
from backend.bookings.etags import NEXT
from backend.cards.queries import NEEDS_REPOST
from backend.outbox.parked import PARKED

# What a page says of a card. Edits of the message in the group change other columns of the row, which nobody
# sees here.
CARDS = """(SELECT sum(hashtextextended(
    ROW(c.id, c.state, c.error, c.message_id, c.posted_at, g.chat_id, g.title, g.health)::text, 0))
    FROM cards c JOIN groups g ON g.id = c.group_id WHERE {where})"""

# Everybody who ever answered, by the name they have now.
PEOPLE = """(SELECT sum(hashtextextended(ROW(b.id, b.xmin, m.xmin, u.first_name, u.last_name)::text, 0))
    FROM bookings b JOIN memberships m ON m.id = b.membership_id
    LEFT JOIN telegram_users u ON u.id = m.user_id
    WHERE b.instance_id = i.id)"""

EVENT = f"""
SELECT ROW(i.xmin, r.xmin, s.xmin, canceller.first_name, {PEOPLE},
    {CARDS.format(where="c.instance_id = i.id")},
    {NEXT.format(series="i.series_id", after="i.starts_at")})::text
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN telegram_users canceller ON canceller.id = i.cancelled_by
WHERE i.code = $1 AND i.account_id = ANY($3::bigint[])
"""

# Instances of account $1 that start within [$3, $4), with $6 also those that run at $3, at most $5, as
# `club_instances` gives them.
INSTANCES = """(SELECT sum(hashtextextended(ROW(i.id, i.i, i.r, s.xmin)::text, 0)) FROM (
    SELECT i.id, i.xmin AS i, r.xmin AS r FROM event_instances i JOIN event_series r ON r.id = i.series_id
    WHERE i.account_id = $1 AND (i.starts_at >= $3 OR $6 AND i.ends_at > $3) AND ($4::timestamptz IS NULL OR i.starts_at < $4)
    ORDER BY i.starts_at, i.id LIMIT $5
) i JOIN instance_seats s ON s.instance_id = i.id)"""

# What needs an organiser: lost cards with the newest card of the same subject, groups, and messages that were
# not sent.
LOST_CARDS = f"""(SELECT sum(hashtextextended(
    ROW(c.id, coalesce(i.title, r.title, p.question), g.title, newest.id, newest.state)::text, 0))
    FROM cards c JOIN groups g ON g.id = c.group_id
    LEFT JOIN event_instances i ON i.id = c.instance_id LEFT JOIN event_series r ON r.id = i.series_id
    LEFT JOIN polls p ON p.id = c.poll_id
    CROSS JOIN LATERAL (SELECT n.id, n.state FROM cards n
        WHERE n.instance_id = c.instance_id OR n.poll_id = c.poll_id
        ORDER BY n.id DESC LIMIT 1) newest
    WHERE c.account_id = $1 AND {NEEDS_REPOST})"""
GROUPS = """(SELECT sum(hashtextextended(ROW(g.id, g.title, g.health)::text, 0))
    FROM groups g WHERE g.account_id = $1)"""
PARKED_MESSAGES = f"""(SELECT sum(hashtextextended(
    ROW(m.id, g.title, u.first_name, u.last_name, i.title, r.title)::text, 0))
    {PARKED})"""


async def organiser_event_etag(code: str, account_ids: Sequence[int]) -> str:
    """The etag of an instance with its people, its cards and the instance that follows it; "" when none of
    these accounts has it."""
    return await db.value(EVENT, code, clock.now(), account_ids) or ""


async def calendar_etag(
    account_id: int,
    since: datetime,
    until: datetime | None = None,
    *,
    limit: int = 200,
    running: bool = False,
) -> str:
    """The etag of the account's instances that `club_instances` gives for the same values, and of what needs an
    organiser."""
    return str(
        await db.value(
            f"SELECT ROW({INSTANCES}, {LOST_CARDS}, {GROUPS}, {PARKED_MESSAGES})::text",
            account_id,
            clock.now(),
            since,
            until,
            limit,
            running,
        )
    )
