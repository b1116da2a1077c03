"""Rows of seats. Series and instances stand above this slice: their ids are plain numbers here."""

from piccolo.columns import UUID, Array, BigInt, BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account, Membership
from backend.engine import DB
from backend.people.tables import TelegramUser


class InstanceSeats(Table, tablename="instance_seats", db=DB):
    """The counted seats of an instance: the queue for them too, for whoever holds this row may count (`B3`)."""

    instance_id = BigInt(primary_key=True, default=None)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    capacity = Integer(null=True, default=None)
    over = Integer(default=0)
    booked = Integer(default=0)
    offered = Integer(default=0)
    waiting = Integer(default=0)
    releasing = Integer(default=0)
    freed_at = Timestamptz(default=None)
    called_at = Timestamptz(null=True, default=None)
    queued_at = Timestamptz(default=None)
    part_notified_to = BigInt(null=True, default=None)
    part_seats = Integer(default=0)
    version = BigInt(default=1)


class Booking(Table, tablename="bookings", db=DB):
    """A member's party on an instance (`B1`, `B2`): `seats` they have, `waiting` they queue for, `offered` held for them."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    instance_id = BigInt(default=None)
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
    lapsed_at = Timestamptz(null=True, default=None)
    replace_since = Timestamptz(null=True, default=None)
    promoted_at = Timestamptz(null=True, default=None)
    move_asked_at = Timestamptz(null=True, default=None)
    move_stays_at = Timestamptz(null=True, default=None)
    checked_in_at = Timestamptz(null=True, default=None)
    checked_in_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    came = Integer(null=True, default=None)
    guest_names = Array(base_column=Text(), default=[])
    note = Text(default="")  # for organisers and helpers only


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
    offered_before = Integer(default=0)
    offered_after = Integer(default=0)
    request_id = UUID(null=True, default=None)
    at = Timestamptz(default=None)


class SeatClaim(Table, tablename="seat_claims", db=DB):
    """Who may take seats before others do, until the instance's `claim_until` (`P4`). The key is (instance, member)."""

    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    instance_id = BigInt(primary_key=True, default=None)
    membership_id = ForeignKey(Membership, null=False, on_delete=OnDelete.restrict)


class Regular(Table, tablename="regulars", db=DB):
    """A member's standing seat on a series (`B11`)."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    series_id = BigInt(default=None)
    membership_id = ForeignKey(Membership, null=False, on_delete=OnDelete.restrict)
    since = Timestamptz(default=None)
