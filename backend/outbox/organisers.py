"""Notifying an account's organisers of what only they can mend."""

import json
from datetime import datetime

from backend import db
from backend.accounts.rules import Permission, Role, is_permitted
from backend.outbox.enqueue import insert_messages
from backend.outbox.kinds import Kind


async def notify_organisers(
    account_id: int,
    kind: Kind,
    subject: int,
    at: datetime,
    *,
    instance_id: int | None = None,
    besides: int = 0,
    **detail: object,
) -> None:
    """One message for each organiser who may post cards, `besides` the person with that id, once for this subject and
    moment (`M1`, `C6`); called inside the transaction of what happened.

    It stands with the outbox, because groups, which notify too, know nothing of events.
    """
    statement = insert_messages(
        kind,
        "memberships m WHERE m.account_id = $1 AND m.role = ANY($7::text[]) AND m.user_id <> $8"
        " AND m.left_at IS NULL",
        account_id="$1",
        instance_id="$2::bigint",
        user_id="m.user_id",
        detail="$3::jsonb",
        dedupe="$4 || m.user_id || $5",
        due_at="$6::timestamptz",
    )
    await db.execute(
        statement,
        account_id,
        instance_id,
        json.dumps(detail),
        f"{kind}:{subject}:",
        f":{at.isoformat()}:0",
        at,
        [role for role in Role if is_permitted(role, Permission.POST_CARDS)],
        besides,
    )
