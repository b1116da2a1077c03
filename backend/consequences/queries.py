"""What a transaction has written, read inside of it; and the instances that a change reaches."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.consequences.rules import CardEdits, InstanceSnapshot, Mailing, People, SeatChange
from backend.outbox.kinds import find_kind
from backend.people.sql import DISPLAY_NAME, REACHABLE
from backend.seats.state import InstanceState

NAMED_MAX = 12  # people of one line that are named; the others are counted
INSTANCES_MAX = 400  # more than a daily series has in 52 weeks

# A row that the present transaction has inserted or updated. No action uses savepoints, whose rows have ids of their own.
WRITTEN = "xmin = pg_current_xact_id()::xid"

# The instances to come of a series and of the parts that it is split into, and of a series that was just made.
INSTANCES = f"""
SELECT i.id, i.code, i.series_id, coalesce(i.title, r.title) AS title, r.zone, i.starts_at, i.ends_at, i.state,
    i.drifted_at IS NOT NULL AS is_drifted, i.edited_at IS NOT NULL AS is_edited, s.capacity, s.over, s.booked,
    r.remind_before_minutes, i.{WRITTEN} OR s.{WRITTEN} OR r.{WRITTEN} AS is_written
FROM event_series r
JOIN event_instances i ON i.series_id = r.id AND i.ends_at > $3
JOIN instance_seats s ON s.instance_id = i.id
WHERE r.account_id = $1 AND (r.id = $2 OR r.follows_id = $2 OR r.{WRITTEN})
ORDER BY i.starts_at, i.id LIMIT {INSTANCES_MAX}
"""

SEAT_CHANGES = f"""
SELECT l.instance_id, {DISPLAY_NAME} AS name, l.seats_before, l.seats_after, l.waiting_before, l.waiting_after,
    l.offered_before, l.offered_after
FROM event_participation_log l
CROSS JOIN LATERAL (SELECT * FROM memberships WHERE id = l.membership_id OFFSET 0) m
LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE l.instance_id = ANY($1::bigint[]) AND l.{WRITTEN} ORDER BY l.id
"""

MAILINGS = f"""
SELECT x.instance_id, x.kind, x.due_at, x.state <> 'due' AS is_withdrawn, {DISPLAY_NAME} AS name,
    {REACHABLE} AS is_reachable
FROM messages x
JOIN telegram_users u ON u.id = x.user_id
LEFT JOIN memberships m ON m.account_id = x.account_id AND m.user_id = x.user_id
WHERE x.instance_id = ANY($1::bigint[]) AND x.{WRITTEN} ORDER BY x.id
"""

# Cards follow the version of the seats row.
CARD_EDITS = f"""
SELECT g.title, count(*) AS count FROM cards c
JOIN groups g ON g.id = c.group_id
JOIN instance_seats s ON s.instance_id = c.instance_id
WHERE c.instance_id = ANY($1::bigint[]) AND c.state = 'live' AND s.{WRITTEN}
GROUP BY g.id, g.title ORDER BY g.title, g.id
"""

BOOKED = f"""
SELECT b.instance_id, {DISPLAY_NAME} AS name FROM bookings b
CROSS JOIN LATERAL (SELECT * FROM memberships WHERE id = b.membership_id OFFSET 0) m
JOIN telegram_users u ON u.id = m.user_id
WHERE b.instance_id = ANY($1::bigint[]) AND b.seats > 0 AND {REACHABLE} ORDER BY b.id
"""


async def snapshots(account_id: int, series_id: int | None, now: datetime) -> list[InstanceSnapshot]:
    """The instances that are not over, of this series and of those that the present transaction has made or written."""
    return [
        InstanceSnapshot(
            id=row["id"],
            code=row["code"],
            series_id=row["series_id"],
            title=row["title"],
            zone=row["zone"],
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            state=InstanceState(row["state"]),
            is_drifted=row["is_drifted"],
            is_edited=row["is_edited"],
            capacity=row["capacity"],
            over=row["over"],
            booked=row["booked"],
            reminder_leads=tuple(row["remind_before_minutes"]),
            is_written=row["is_written"],
        )
        for row in await db.rows(INSTANCES, account_id, series_id, now)
    ]


async def seat_changes(instance_ids: Sequence[int]) -> list[SeatChange]:
    """Whose seats the transaction has changed, in order."""
    return [SeatChange(**dict(row)) for row in await db.rows(SEAT_CHANGES, instance_ids)]


async def mailings(instance_ids: Sequence[int]) -> list[Mailing]:
    """The messages that the transaction has written or withdrawn, those of one kind about one instance together."""
    together: dict[tuple[int, str, bool], list[db.Row]] = defaultdict(list)
    for row in await db.rows(MAILINGS, instance_ids):
        together[row["instance_id"], row["kind"], row["is_withdrawn"]].append(row)
    return [
        Mailing(
            instance_id=instance_id,
            kind=kind,
            due_at=min(row["due_at"] for row in rows),
            people=_people([row["name"] for row in rows]),
            reached=_people([row["name"] for row in rows if row["is_reachable"]]),
            unreachable=_people([row["name"] for row in rows if not row["is_reachable"]]),
            is_withdrawn=is_withdrawn,
        )
        for (instance_id, stored, is_withdrawn), rows in together.items()
        if (kind := find_kind(stored)) is not None
    ]


async def card_edits(instance_ids: Sequence[int]) -> list[CardEdits]:
    """How many live cards of each group show an instance that the transaction has changed."""
    return [CardEdits(row["title"], row["count"]) for row in await db.rows(CARD_EDITS, instance_ids)]


async def booked_people(instance_ids: Sequence[int]) -> dict[int, People]:
    """The people with a seat to whom the bot may write, by instance."""
    names: dict[int, list[str]] = defaultdict(list)
    for row in await db.rows(BOOKED, instance_ids):
        names[row["instance_id"]].append(row["name"])
    return {instance_id: _people(found) for instance_id, found in names.items()}


def _people(names: list[str]) -> People:
    return People(tuple(names[:NAMED_MAX]), len(names))
