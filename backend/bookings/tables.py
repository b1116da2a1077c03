"""Rows of bookings."""

from piccolo.columns import BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account, Membership
from backend.engine import DB
from backend.events.tables import EventInstance
from backend.people.tables import TelegramUser


class Absence(Table, tablename="absences", db=DB):
    """Seats that stayed empty: a late cancellation nobody took (`B6`), or a no-show (`B12`); an organiser may
    pardon."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    instance_id = ForeignKey(EventInstance, null=False, on_delete=OnDelete.restrict)
    membership_id = ForeignKey(Membership, null=False, on_delete=OnDelete.restrict)
    kind = Text(default=None)
    seats = Integer(default=None)
    at = Timestamptz(default=None)
    pardoned_at = Timestamptz(null=True, default=None)
    pardoned_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)


class InstanceReminders(Table, tablename="instance_reminders", db=DB):
    """Which reminders of an instance are written: those whose moment came until `reminded_until`, and the question to
    members who had not answered, at `asked_at`."""

    instance_id = ForeignKey(EventInstance, null=False, primary_key=True, on_delete=OnDelete.cascade)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    reminded_until = Timestamptz(null=True, default=None)
    asked_at = Timestamptz(null=True, default=None)
