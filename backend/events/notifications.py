"""Telling people what became of a date: rows of messages, in the transaction that caused them (`M1`)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from backend import db
from backend.outbox.kinds import ANSWERS, dedupe

Recipient = tuple[int, Mapping[str, object]]  # whom, and the detail their words are made from


async def participants(instance_id: int) -> list[db.Row]:
    """Who is booked, waits or said maybe, and has Telegram: `user_id`, `seats` and the rest of their booking."""
    return await db.rows(
        "SELECT m.user_id, b.* FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        " WHERE b.instance_id = $1 AND b.answer IN ('in', 'maybe') AND m.user_id IS NOT NULL ORDER BY b.id",
        instance_id,
    )


async def organisers(account_id: int) -> list[int]:
    """The ids of a club's OWNERs and ADMINs."""
    rows = await db.rows(
        "SELECT user_id FROM memberships WHERE account_id = $1 AND role IN ('OWNER', 'ADMIN') AND left_at IS NULL"
        " AND user_id IS NOT NULL ORDER BY id",
        account_id,
    )
    return [row["user_id"] for row in rows]


async def notify(
    account_id: int,
    instance_id: int,
    kind: str,
    whom: Sequence[Recipient],
    at: datetime,
    *,
    priority: int = ANSWERS,
    mark: datetime | None = None,
) -> None:
    """One message for each; never a second with the same `mark`, which is the present moment unless something else is."""
    await db.execute(
        "INSERT INTO messages (account_id, instance_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
        " SELECT $1, $2, t.user_id, $3, t.detail::jsonb, t.dedupe, $4, $5, $5"
        " FROM unnest($6::bigint[], $7::text[], $8::text[]) AS t (user_id, detail, dedupe)"
        " ON CONFLICT ON CONSTRAINT messages_dedupe_key DO NOTHING",
        account_id,
        instance_id,
        kind,
        priority,
        at,
        [user_id for user_id, _ in whom],
        [json.dumps(detail) for _, detail in whom],
        [dedupe(kind, instance_id, user_id, mark or at) for user_id, _ in whom],
    )


async def notify_participants(
    account_id: int, instance_id: int, kind: str, at: datetime, **detail: object
) -> None:
    """Tell everyone who is booked, waits or said maybe."""
    whom = [(row["user_id"], {"seats": row["seats"], **detail}) for row in await participants(instance_id)]
    await notify(account_id, instance_id, kind, whom, at)
