"""Rows of cards."""

from piccolo.columns import BigInt, BigSerial, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB
from backend.events.tables import EventInstance
from backend.groups.tables import Group
from backend.people.tables import TelegramUser


class Card(Table, tablename="cards", db=DB):
    """A message in a chat that shows an instance or a poll. `state` is a `CardState`, `trouble` a
    `CardTrouble` or "". An unlinked card has a `chat_id` instead of a group."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    group_id = ForeignKey(Group, null=True, default=None, on_delete=OnDelete.restrict)
    topic_id = BigInt(null=True, default=None)
    instance_id = ForeignKey(EventInstance, null=True, default=None, on_delete=OnDelete.restrict)
    poll_id = BigInt(null=True, default=None)
    state = Text(default=None)
    message_id = BigInt(null=True, default=None)
    digest = Text(default="")
    shown_version = BigInt(default=0)
    next_try_at = Timestamptz(default=None)
    attempts = Integer(default=0)
    error = Text(default="")
    asked_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
    posted_at = Timestamptz(null=True, default=None)
    trouble = Text(default="")
    lost_at = Timestamptz(null=True, default=None)
    chat_id = BigInt(null=True, default=None)
    drawn_at = Timestamptz(null=True, default=None)


class SharedCard(Table, tablename="shared_cards", db=DB):
    """A card that somebody shared by inline mode: in a chat of which only the message's id is known."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    instance_id = ForeignKey(EventInstance, null=True, default=None, on_delete=OnDelete.cascade)
    poll_id = BigInt(null=True, default=None)
    inline_message_id = Text(default=None)
    digest = Text(default=None)
    shown_version = BigInt(default=None)
    next_try_at = Timestamptz(default=None)
    attempts = Integer(default=None)
    error = Text(default=None)
    created_at = Timestamptz(default=None)
    drawn_at = Timestamptz(null=True, default=None)
