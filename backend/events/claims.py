"""Until when only the yes-voters of a poll may book the instance that was made of it (`P4`)."""

from datetime import datetime

from backend import db


async def set_claim_until(code: str, claim_until: datetime | None) -> int:
    """Set the end of the claims on an instance, None for none, in the caller's transaction; its id."""
    instance_id = await db.value(
        "UPDATE event_instances SET claim_until = $2 WHERE code = $1 RETURNING id", code, claim_until
    )
    return int(instance_id)
