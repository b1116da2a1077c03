"""Announcements to the people of one instance, or to some of them (`C5`). Who they are is decided when it is sent."""

from dataclasses import dataclass
from enum import StrEnum

from backend import db
from backend.accounts.member_pages import COUNTED_MAX


class InstancePart(StrEnum):
    """Some of the people of an instance. The values are stored."""

    BOOKED = "booked"
    NOT_CHECKED_IN = "not checked in"  # of those who have a seat
    OFFERED = "offered"  # a seat is held for them
    WAITING = "waiting"
    MAYBE = "maybe"
    DECLINED = "declined"
    UNANSWERED = "unanswered"  # known to be in its group


# What is true of the booking `b` of those of a part.
_BOOKINGS = {
    InstancePart.BOOKED: "b.seats > 0",
    InstancePart.NOT_CHECKED_IN: "b.seats > 0 AND b.checked_in_at IS NULL",
    InstancePart.OFFERED: "b.offered > 0",
    InstancePart.WAITING: "b.waiting > 0",
    InstancePart.MAYBE: "b.answer = 'maybe'",
    InstancePart.DECLINED: "b.answer = 'declined'",
}
_ANY_BOOKING = " OR ".join(f"'{part}' = ANY (n.parts) AND {holds}" for part, holds in _BOOKINGS.items())

# Whether the member `m` is a recipient of the announcement `n` to members. Visitors read only what is about their own
# instances (`A10`).
IS_RECIPIENT = f"""(n.instance_id IS NULL AND m.visitor_since IS NULL
    OR EXISTS (SELECT 1 FROM bookings b
        WHERE b.instance_id = n.instance_id AND b.membership_id = m.id AND ({_ANY_BOOKING}))
    OR '{InstancePart.UNANSWERED}' = ANY (n.parts)
        AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = n.instance_id AND b.membership_id = m.id)
        AND EXISTS (SELECT 1 FROM event_instances i JOIN event_series r ON r.id = i.series_id
            JOIN group_members g ON g.group_id = r.group_id AND g.user_id = m.user_id AND g.present
            WHERE i.id = n.instance_id))"""

# How many members belong to each part of the instance $1. Those who have not answered are found member by member, at most $2:
# of a group of thousands no more are looked at than are counted.
SIZES = f"""
SELECT {", ".join(f'count(*) FILTER (WHERE {holds})::int AS "{part}"' for part, holds in _BOOKINGS.items())},
    (SELECT count(*)::int FROM (SELECT 1 FROM event_instances i JOIN event_series r ON r.id = i.series_id
        JOIN group_members g ON g.group_id = r.group_id AND g.present
        CROSS JOIN LATERAL (SELECT x.id FROM memberships x
            WHERE x.account_id = i.account_id AND x.user_id = g.user_id AND x.left_at IS NULL OFFSET 0) m
        WHERE i.id = $1 AND NOT EXISTS (SELECT 1 FROM bookings x WHERE x.instance_id = i.id AND x.membership_id = m.id OFFSET 0)
        LIMIT $2) unanswered) AS "{InstancePart.UNANSWERED}"
FROM bookings b CROSS JOIN LATERAL (SELECT 1 FROM memberships WHERE id = b.membership_id AND left_at IS NULL OFFSET 0) m
WHERE b.instance_id = $1
"""


@dataclass(frozen=True, slots=True)
class PartSize:
    """How many members a part has; where not all are counted, there are more than `members`."""

    members: int
    is_counted: bool = True


async def part_sizes(instance_id: int) -> dict[str, PartSize]:
    """How many members belong to each part of an instance now, whether or not the bot may write to them. Those who have not
    answered are counted up to `COUNTED_MAX`; before anything is sent its readers are counted one by one."""
    row = await db.row(SIZES, instance_id, COUNTED_MAX + 1)
    assert row is not None
    sizes = {part: PartSize(members) for part, members in row.items()}
    if row[InstancePart.UNANSWERED] > COUNTED_MAX:
        sizes[InstancePart.UNANSWERED] = PartSize(COUNTED_MAX, is_counted=False)
    return sizes
