"""Rows of messages. Groups, instances and announcements belong to slices above this one, so their ids are
plain numbers."""

from piccolo.columns import JSONB, BigInt, BigSerial, Bytea, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB
from backend.people.tables import TelegramUser


class Message(Table, tablename="messages", db=DB):
    """A message to a person or a group (`M1`). `kind` is a `Kind`, `state` a `MessageState`. Its text is
    made when it is sent."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    user_id = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.cascade)
    group_id = BigInt(null=True, default=None)
    topic_id = BigInt(null=True, default=None)
    announcement_id = BigInt(null=True, default=None)
    instance_id = BigInt(null=True, default=None)
    kind = Text(default=None)
    detail = JSONB(default=None)
    dedupe = Text(default=None)
    priority = Integer(default=None)
    state = Text(default="due")
    due_at = Timestamptz(default=None)
    attempts = Integer(default=0)
    epoch = BigInt(null=True, default=None)
    error = Text(default="")
    created_at = Timestamptz(default=None)
    sent_at = Timestamptz(null=True, default=None)
    cause = Text(default="")  # filled in by the database (`backend/causes.py`)


class HeldReply(Table, tablename="held_replies", db=DB):
    """A call to Telegram that answers somebody, and that Telegram did not take yet."""

    id = BigSerial(primary_key=True)
    chat_id = BigInt(default=None)
    message_id = BigInt(null=True, default=None)
    method = Text(default=None)
    payload = JSONB(default=None)
    file = Bytea(null=True, default=None)
    file_name = Text(default="")
    due_at = Timestamptz(default=None)
    stale_at = Timestamptz(default=None)
