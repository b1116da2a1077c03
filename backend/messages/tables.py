"""Rows of messages."""

from piccolo.columns import JSONB, BigInt, BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.events.tables import Instance
from backend.groups.tables import Group
from backend.people.tables import TelegramUser
from backend.piccolo_conf import DB


class Message(Table, tablename="messages", db=DB):
    """Something a person or a group must be told (`M1`). It is worded when it is sent, in the language of that moment.

    `announcement_id` is the announcement it delivers, if it does.
    """

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    user_id = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.cascade)
    group_id = ForeignKey(Group, null=True, default=None, on_delete=OnDelete.cascade)
    topic_id = BigInt(null=True, default=None)
    announcement_id = BigInt(null=True, default=None)
    instance_id = ForeignKey(Instance, null=True, default=None, on_delete=OnDelete.restrict)
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


class Lease(Table, tablename="leases", db=DB):
    """Who may do what only one process may do at a time; the epoch fences off who held it before."""

    name = Text(primary_key=True, default=None)
    holder = Text(default=None)
    until = Timestamptz(default=None)
    epoch = BigInt(default=None)


class Duty(Table, tablename="schedule", db=DB):
    """When a periodic duty runs next; who moves the row on, runs it."""

    name = Text(primary_key=True, default=None)
    next_run_at = Timestamptz(default=None)
    last_run_at = Timestamptz(null=True, default=None)
    error = Text(default="")
    epoch = BigInt(default=0)
