"""Announcements to the people of one instance, or to some of them (`C5`). Who they are is decided when it is sent."""

from enum import StrEnum


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
