"""Table of what new series begin with."""

from piccolo.columns import Array, Boolean, ForeignKey, Integer
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB


class SeriesDefaults(Table, tablename="series_defaults", db=DB):
    """What new series of an account begin with. The columns are those of `event_series`; the key is the account."""

    account_id = ForeignKey(Account, null=False, primary_key=True, on_delete=OnDelete.restrict)
    duration_minutes = Integer(default=None)
    capacity = Integer(null=True, default=None)
    guests_max = Integer(default=None)
    opens_before_minutes = Integer(null=True, default=None)
    closes_before_minutes = Integer(default=None)
    cancel_before_minutes = Integer(null=True, default=None)
    announce_before_minutes = Integer(default=None)
    fill_gaps = Boolean(default=None)
    offers_before_minutes = Integer(default=None)
    offer_minutes = Integer(default=None)
    first_tap_before_minutes = Integer(default=None)
    min_to_run = Integer(null=True, default=None)
    decide_before_minutes = Integer(default=None)
    decide_by_itself = Boolean(default=None)
    warn_before_minutes = Integer(default=None)
    remind_before_minutes = Array(base_column=Integer(), default=None)
    remind_unanswered = Boolean(default=None)
