"""Undoing the removal of a member (`A9`): membership, role, standing seats, and such seats as are still free."""

from dataclasses import dataclass, replace
from datetime import datetime

from backend import clock, db
from backend.accounts.memberships import restore_membership
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats import allocator, store
from backend.seats.requests import Outcome, Request, Verb, Via

# Instances to come on which the member $1 has ever answered.
ANSWERED = """
SELECT b.instance_id FROM bookings b JOIN event_instances i ON i.id = b.instance_id
WHERE b.membership_id = $1 AND i.starts_at > $2 AND i.state = 'SCHEDULED' ORDER BY i.starts_at, i.id LIMIT 200
"""
# The parties that went with the removal at $2, where nothing has been answered since.
GIVEN_BACK = """
SELECT b.instance_id, l.seats_before + l.waiting_before + l.offered_before AS size
FROM bookings b JOIN event_instances i ON i.id = b.instance_id
JOIN LATERAL (SELECT * FROM event_participation_log l WHERE l.instance_id = b.instance_id
    AND l.membership_id = b.membership_id ORDER BY l.id DESC LIMIT 1) l ON true
WHERE b.membership_id = $1 AND b.instance_id = ANY($3::bigint[]) AND i.state = 'SCHEDULED'
    AND b.answer = 'left' AND b.seats + b.waiting + b.offered = 0
    AND l.verb = 'remove' AND l.via = 'system' AND l.at >= $2
ORDER BY i.starts_at, i.id
"""


@dataclass(frozen=True, slots=True)
class Restored:
    """On how many dates a member whose removal was undone has a seat again, waits, and has neither."""

    seated: int = 0
    waiting: int = 0
    lost: int = 0


async def restore_member(person: Person, account_id: int, membership_id: int) -> Restored | None:
    """Undo the removal of a member within a day. Nobody else's seat is touched: where theirs is free they have it
    again, elsewhere they wait at the end of the line, and where booking has closed they have none. They are told.

    None when they are a member already, and then nothing has changed. Raises what `restore_membership` does, and `Busy`.
    """
    now = clock.now()
    found = [row["instance_id"] for row in await db.rows(ANSWERED, membership_id, now)]
    # Seats rows are locked before the club's, as everywhere.
    async with db.transaction(store.lock_rows(found) if found else ""):
        removed_at = await restore_membership(person, account_id, membership_id)
        if removed_at is None:
            return None
        restored, seated, waiting = await _take_back(person, membership_id, removed_at, found)
        await _notify(account_id, membership_id, seated, waiting, now)
    return restored


async def _take_back(
    person: Person, membership_id: int, removed_at: datetime, instance_ids: list[int]
) -> tuple[Restored, list[int], list[int]]:
    """Have the member back on these instances; also those about which they are to be told, with a seat and waiting."""
    rows = await db.rows(GIVEN_BACK, membership_id, removed_at, instance_ids)
    requests = [
        (
            row["instance_id"],
            Request(
                Verb.BOOK,
                Via.DASHBOARD,
                by=person.id,
                membership_id=membership_id,
                guests=max(0, row["size"] - 1),
                notify=False,
            ),
        )
        for row in rows
    ]
    booked = list(zip(requests, await allocator.process_locked(requests), strict=True))
    # Booking may have closed meanwhile, which does not bind an organiser. The allocator tells them of these.
    closed = [(i, replace(r, verb=Verb.SEAT)) for (i, r), outcome in booked if isinstance(outcome, Exception)]
    seated_by_hand = [
        outcome for outcome in await allocator.process_locked(closed) if isinstance(outcome, Outcome)
    ]
    seated = [i for (i, _), outcome in booked if isinstance(outcome, Outcome) and outcome.seats]
    waiting = [i for (i, _), outcome in booked if isinstance(outcome, Outcome) and not outcome.seats]
    restored = Restored(len(seated) + len(seated_by_hand), len(waiting), len(closed) - len(seated_by_hand))
    return restored, seated, waiting


async def _notify(
    account_id: int, membership_id: int, seated: list[int], waiting: list[int], at: datetime
) -> None:
    user_id = await db.value("SELECT user_id FROM memberships WHERE id = $1", membership_id)
    if user_id is None:
        return
    for is_waiting, instance_ids in ((False, seated), (True, waiting)):
        if instance_ids:
            await enqueue(
                Kind.REJOINED,
                [(user_id, {"others": len(instance_ids) - 1, "waiting": is_waiting})],
                account_id=account_id,
                instance_id=instance_ids[0],
                at=at,
                once_per=at,
            )
