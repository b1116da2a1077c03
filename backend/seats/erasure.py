"""Erasing the names of an erased person's guests, and what was noted of them (`A7`)."""

from collections.abc import Sequence

from backend import db
from backend.seats.rows import bump_versions
from backend.seats.store import lock


async def erase_guest_names(instance_id: int, membership_ids: Sequence[int]) -> None:
    """Clear the names of these members' guests and the notes about them in one instance, and have its card rendered
    anew: the members' own names may have changed as well."""
    async with db.transaction(lock(instance_id)):
        await db.execute(
            "UPDATE bookings SET guest_names = '{}', note = '' WHERE instance_id = $1 AND membership_id = ANY($2::bigint[])",
            instance_id,
            membership_ids,
        )
        await bump_versions([instance_id])
