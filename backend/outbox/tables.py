"""Rows of messages. Groups, instances and announcements stand above this slice: their ids are plain numbers here."""

from piccolo.columns import JSONB, BigInt, BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB
from backend.people.tables import TelegramUser


class Message(Table, tablename="messages", db=DB):
    """Something a person or a group must be told (`M1`). It is worded when it is sent, in the language of that moment.

    `announcement_id` is the announcement it delivers, if it does.
    """

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
