"""Rows of accounts."""

from piccolo.columns import BigInt, BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.engine import DB
from backend.people.tables import TelegramUser


class Account(Table, tablename="accounts", db=DB):
    """A club, the tenant. New series and cards start with its `zone` and `language`. It closes at `closing_at` (`A12`).
    Who took part in a date is deleted `history_years` after it (`A13`), as chosen at `history_chosen_at`; None keeps
    everything. Of dates that ended before `history_deleted_before` it was deleted by a choice that holds no more."""

    id = BigSerial(primary_key=True)
    name = Text(default=None)
    zone = Text(default="UTC")
    language = Text(default="en")
    created_at = Timestamptz(default=None)
    closing_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    history_years = Integer(null=True, default=None)
    history_chosen_at = Timestamptz(null=True, default=None)
    history_deleted_before = Timestamptz(null=True, default=None)


class Membership(Table, tablename="memberships", db=DB):
    """A member of an account: a person of Telegram, or a bare `name`. Leaving sets `left_at`; the row
    stays.

    A visitor, since `visitor_since`, takes part in instances by their links and belongs to nothing else (`A10`).
    `display_name` is kept by triggers, for indexes in the order of names (decision 0061).
    """

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    user_id = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    name = Text(default="")
    role = Text(default=None)
    joined_through = Text(default=None)
    joined_at = Timestamptz(default=None)
    checked_at = Timestamptz(default=None)
    left_at = Timestamptz(null=True, default=None)
    removed_at = Timestamptz(null=True, default=None)
    visitor_since = Timestamptz(null=True, default=None)
    joined_key_id = BigInt(null=True, default=None)
    display_name = Text(default="")


class ApiKey(Table, tablename="api_keys", db=DB):
    """A key that makes whoever sends it a member (`A3`). Only its SHA-256 and last four digits are stored."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    key_hash = Text(default=None)
    ending = Text(default=None)
    label = Text(default=None)
    role = Text(default=None)
    uses_left = Integer(null=True, default=None)
    uses = Integer(default=0)
    expires_at = Timestamptz(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    used_at = Timestamptz(null=True, default=None)
    created_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
