"""Giving back the seats of those who are no longer members (`A9`).

A membership ends first, so that nothing is booked meanwhile; then each seat is given back by the ordinary
rules. Whoever is interrupted in between is finished by `finish_departures`.
"""

from datetime import datetime, timedelta

from backend import clock, db, failpoints
from backend.accounts.memberships import end_membership
from backend.accounts.rules import REMOVAL_UNDO_TIME
from backend.departures.leaving import end_standing_seats
from backend.each import do_each
from backend.groups.presence import learn_presence, mark_absent, recheck_presence
from backend.groups.queries import LinkedGroup
from backend.outbox.enqueue import enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats import allocator, store
from backend.seats.requests import Request, Verb, Via

# So long after its end a membership is checked for seats; for a day more than a removal can be undone.
RECHECK_PERIOD = REMOVAL_UNDO_TIME + timedelta(days=1)

# What a former member $1 still has of instances to come, and whether they look for a replacement already.
HELD = """
SELECT b.instance_id, i.state, b.replace_since IS NOT NULL AS is_releasing
FROM bookings b JOIN event_instances i ON i.id = b.instance_id
WHERE b.membership_id = $1 AND b.seats + b.waiting + b.offered > 0 AND i.starts_at > $2
ORDER BY i.starts_at, i.id LIMIT 200
"""
UNFINISHED = """
WITH former AS MATERIALIZED (SELECT m.id, m.removed_at FROM memberships m WHERE m.left_at > $1::timestamptz - $2::interval
    AND (m.user_id IS NULL
    OR EXISTS (SELECT 1 FROM telegram_users u WHERE u.id = m.user_id AND u.erased_at IS NULL OFFSET 0)))
SELECT m.id FROM former m WHERE EXISTS (SELECT 1 FROM bookings b
    JOIN event_instances i ON i.id = b.instance_id WHERE b.membership_id = m.id AND i.starts_at > $1
    AND b.seats + b.waiting + b.offered > 0 AND b.replace_since IS NULL AND i.state = 'SCHEDULED' OFFSET 0)
    OR m.removed_at <= $3 AND (EXISTS (SELECT 1 FROM regulars g WHERE g.membership_id = m.id OFFSET 0)
        OR EXISTS (SELECT 1 FROM seat_claims c WHERE c.membership_id = m.id OFFSET 0))
ORDER BY m.id
"""


async def leave_group(person: Person, where: LinkedGroup) -> None:
    """The person left the group or was removed from it. Who joined through a group leaves the club with the
    last of its groups, and their seats go back."""
    membership_id = await mark_absent(person, where)
    if membership_id is not None:
        await _give_back(membership_id)


async def recheck_groups(person: Person) -> None:
    """Ask Telegram again about groups it last answered for over a day ago (`A5`), and about those that the person may have joined
    meanwhile; who left is treated as above."""
    for membership_id in await recheck_presence(person):
        await _give_back(membership_id)
    await learn_presence(person)


async def remove_member(person: Person, account_id: int, membership_id: int) -> None:
    """Remove a member from the club, or leave it. Their seats go back, and whom an organiser removed stays out
    until they are invited again.

    Raises `Forbidden`, `LastOwner`, `NotFound`, `Busy`.
    """
    await end_membership(person, account_id, membership_id)
    await _give_back(membership_id)


async def finish_departures() -> int:
    """Give back what members whose membership ended within the last two days still hold, and end the standing seats of
    those whose removal can no longer be undone; of how many members. A job of every ten minutes."""
    now = clock.now()
    rows = await db.rows(UNFINISHED, now, RECHECK_PERIOD, now - REMOVAL_UNDO_TIME)
    return await do_each("departure", [row["id"] for row in rows], _give_back)


async def _give_back(membership_id: int) -> int:
    """Give the former member's seats back, with one message to them, in one transaction; doing it again changes
    nothing.

    After the deadline the seat of somebody who left goes to whoever takes it, as ever (`B6`); one whom an
    organiser removed is off at once, and their standing seats rest while that can be undone.
    """
    member = await db.row("SELECT * FROM memberships WHERE id = $1", membership_id)
    assert member is not None
    now = clock.now()
    if member["removed_at"] is None or member["removed_at"] <= now - REMOVAL_UNDO_TIME:
        await end_standing_seats([membership_id])
    async with db.transaction():
        found = [row["instance_id"] for row in await db.rows(HELD, membership_id, now)]
        if not found:
            return 1
        await db.execute(store.lock_rows(found))
        # Whoever is a member again meanwhile keeps what they have.
        if not await db.value(
            "SELECT true FROM memberships WHERE id = $1 AND left_at IS NOT NULL FOR SHARE", membership_id
        ):
            return 1
        held = [row for row in await db.rows(HELD, membership_id, now) if row["instance_id"] in found]
        await allocator.process_or_raise([_departure(member, row) for row in held])
        await failpoints.reach("departures.given-back")
        about = [
            row["instance_id"] for row in held if row["state"] == "SCHEDULED" and not row["is_releasing"]
        ]
        if member["user_id"] is not None:
            await _notify(member, about, now)
    return 1


def _departure(member: db.Row, held: db.Row) -> store.InstanceRequest:
    # Also off what is cancelled, so that restoring it does not bring them back.
    is_removed = member["removed_at"] is not None or held["state"] == "CANCELLED"
    request = Request(
        Verb.REMOVE if is_removed else Verb.REPLACE,  # which leaves, while that is free
        Via.SYSTEM,
        by=member["user_id"],
        membership_id=member["id"],
        notify=False,
    )
    return held["instance_id"], request


async def _notify(member: db.Row, about: list[int], now: datetime) -> None:
    rows = await db.rows(
        "SELECT instance_id FROM bookings WHERE membership_id = $1 AND instance_id = ANY($2::bigint[])"
        " AND seats > 0",
        member["id"],
        about,
    )
    kept = {row["instance_id"] for row in rows}
    for is_kept in (False, True):
        some = [instance_id for instance_id in about if (instance_id in kept) is is_kept]
        if some:
            await enqueue(
                Kind.DEPARTED,
                [(member["user_id"], {"others": len(some) - 1, "kept": is_kept})],
                account_id=member["account_id"],
                instance_id=some[0],
                at=now,
                once_per=member["left_at"],
            )
