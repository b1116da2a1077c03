"""Recording what organisers did."""

import json

from backend import clock, db


async def record_audit(
    account_id: int, user_id: int | None, verb: str, object: str, **detail: object
) -> None:
    """Add an entry to the audit log, inside the transaction of the action. `user_id` None is a script."""
    await db.execute(
        "INSERT INTO audit_log (account_id, user_id, verb, object, detail, at) VALUES ($1, $2, $3, $4, $5, $6)",
        account_id,
        user_id,
        verb,
        object,
        json.dumps(detail, default=str),
        clock.now(),
    )
