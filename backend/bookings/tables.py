"""Rows of bookings."""

from piccolo.columns import UUID, BigInt, BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account, Membership
from backend.events.tables import Instance
from backend.piccolo_conf import DB


class Booking(Table, tablename="bookings", db=DB):
    """A member's party on an instance (`B1`, `B2`): `seats` they have, `waiting` they queue for, `offered` held for them."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    instance_id = ForeignKey(Instance, null=False, on_delete=OnDelete.restrict)
    membership_id = ForeignKey(Membership, null=False, on_delete=OnDelete.restrict)
    answer = Text(default=None)
    seats = Integer(default=None)
    waiting = Integer(default=None)
    offered = Integer(default=0)
    offer_until = Timestamptz(null=True, default=None)
    priority = Integer(default=0)
    queued_at = Timestamptz(null=True, default=None)
    seated_at = Timestamptz(null=True, default=None)
    answered_at = Timestamptz(default=None)


class Participation(Table, tablename="event_participation_log", db=DB):
    """One change of one party's seats (`B8`); the database refuses to rewrite it. No keys point out of it: it outlives."""

    id = BigSerial(primary_key=True)
    account_id = BigInt(default=None)
    instance_id = BigInt(default=None)
    membership_id = BigInt(default=None)
    by_user_id = BigInt(null=True, default=None)
    via = Text(default=None)
    verb = Text(default=None)
    seats_before = Integer(default=None)
    seats_after = Integer(default=None)
    waiting_before = Integer(default=None)
    waiting_after = Integer(default=None)
    request_id = UUID(null=True, default=None)
    at = Timestamptz(default=None)
