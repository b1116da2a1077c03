"""Notifying people about an instance, in the transaction that changes it (`M1`)."""

from datetime import datetime

from backend import db
from backend.outbox.enqueue import Recipient, enqueue
from backend.outbox.kinds import Kind


async def participants(instance_id: int) -> list[db.Row]:
    """The bookings of everyone on Telegram who is booked, waits or said maybe, each with its `user_id`."""
    # OFFSET 0: each member is looked up by their key; the planner would read the members of all accounts.
    return await db.rows(
        "SELECT m.user_id, b.* FROM bookings b CROSS JOIN LATERAL"
        " (SELECT user_id FROM memberships WHERE id = b.membership_id OFFSET 0) m"
        " WHERE b.instance_id = $1 AND b.answer IN ('in', 'maybe') AND m.user_id IS NOT NULL ORDER BY b.id",
        instance_id,
    )


async def organisers(account_id: int) -> list[int]:
    """The user ids of an account's OWNERs and ADMINs."""
    rows = await db.rows(
        "SELECT user_id FROM memberships WHERE account_id = $1 AND role IN ('OWNER', 'ADMIN')"
        " AND left_at IS NULL AND user_id IS NOT NULL ORDER BY id",
        account_id,
    )
    return [row["user_id"] for row in rows]


async def notify_participants(
    account_id: int, instance_id: int, kind: Kind, now: datetime, **detail: object
) -> None:
    """Notify everyone who is booked, waits or said maybe."""
    recipients: list[Recipient] = [
        (row["user_id"], {"seats": row["seats"], **detail}) for row in await participants(instance_id)
    ]
    await enqueue(kind, recipients, account_id=account_id, instance_id=instance_id, at=now)
