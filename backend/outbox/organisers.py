"""Telling a club's organisers what they alone can mend."""

import json
from datetime import datetime

from backend import db
from backend.accounts.rules import Permission, Role, is_permitted


async def notify_organisers(
    account_id: int,
    kind: str,
    subject: int,
    at: datetime,
    *,
    instance_id: int | None = None,
    **detail: object,
) -> None:
    """One message for each who may post cards, once for this subject and moment (`M1`, `C6`); called inside the
    transaction of what happened.

    It stands with the accounts, beneath messages, because groups too have something to tell.
    """
    roles = [role for role in Role if is_permitted(role, Permission.POST_CARDS)]
    await db.execute(
        "INSERT INTO messages (account_id, instance_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
        " SELECT $1, $2, m.user_id, $3, $4::jsonb, $5 || m.user_id || $6, 0, $7, $7 FROM memberships m"
        " WHERE m.account_id = $1 AND m.role = ANY($8::text[]) AND m.user_id IS NOT NULL AND m.left_at IS NULL"
        " ON CONFLICT ON CONSTRAINT messages_dedupe_key DO NOTHING",
        account_id,
        instance_id,
        kind,
        json.dumps(detail),
        f"{kind}:{subject}:",
        f":{at.isoformat()}:0",
        at,
        roles,
    )
