"""Rows of announcements."""

from piccolo.columns import Array, BigInt, BigSerial, Boolean, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB
from backend.people.tables import TelegramUser


class Announcement(Table, tablename="announcements", db=DB):
    """An announcement (`C5`); `state` is an `AnnouncementState`. Its messages are made in chunks of members,
    the last of whom is `fanned_out_to`."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    text = Text(default=None)
    maintenance = Boolean(default=False)
    to_members = Boolean(default=False)
    instance_id = BigInt(null=True, default=None)
    parts = Array(base_column=Text(), default=[])
    at_night = Boolean(default=False)
    state = Text(default="draft")
    due_at = Timestamptz(null=True, default=None)
    created_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
    started_at = Timestamptz(null=True, default=None)
    ended_at = Timestamptz(null=True, default=None)
    fanned_out_to = BigInt(default=0)
    fanned_out_at = Timestamptz(null=True, default=None)
    unreachable = Integer(default=0)
    unwanted = Integer(default=0)
    watch_chat_id = BigInt(null=True, default=None)
    watch_message_id = BigInt(null=True, default=None)


class AnnouncementGroup(Table, tablename="announcement_groups", db=DB):
    """A group, and its topic, that receives an announcement. The key is (announcement_id, group_id)."""

    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    announcement_id = BigInt(primary_key=True, default=None)
    group_id = BigInt(default=None)
    topic_id = BigInt(null=True, default=None)
