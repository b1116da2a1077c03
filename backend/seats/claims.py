"""First claims on the seats of an instance (`P4`)."""

from collections.abc import Sequence

from backend import db


async def insert_claims(account_id: int, instance_id: int, membership_ids: Sequence[int]) -> None:
    """Give these members a first claim on the instance's seats, in the caller's transaction."""
    await db.execute(
        "INSERT INTO seat_claims (account_id, instance_id, membership_id) SELECT $1, $2, unnest($3::bigint[])",
        account_id,
        instance_id,
        membership_ids,
    )
