"""Rows of groups."""

from piccolo.columns import Array, BigInt, BigSerial, Boolean, ForeignKey, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB
from backend.people.tables import TelegramUser


class Group(Table, tablename="groups", db=DB):
    """A linked chat. `health` is a `GroupHealth`; cards whose series or poll has no topic of its own go to `card_topic_id`, or
    else to the General topic."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    chat_id = BigInt(default=None)
    title = Text(default=None)
    forum = Boolean(default=False)
    health = Text(default=None)
    card_topic_id = BigInt(null=True, default=None)
    linked_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    linked_at = Timestamptz(default=None)


class GroupTopic(Table, tablename="group_topics", db=DB):
    """A forum topic that the bot has seen in a group. The key is (group_id, topic_id)."""

    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    group_id = BigInt(primary_key=True, default=None)
    topic_id = BigInt(default=None)
    name = Text(default=None)
    closed = Boolean(default=False)


class GroupMember(Table, tablename="group_members", db=DB):
    """Whether a person was in a group when Telegram was last asked (`A5`). The key is (group_id, user_id)."""

    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    group_id = BigInt(primary_key=True, default=None)
    user_id = ForeignKey(TelegramUser, null=False, on_delete=OnDelete.cascade)
    present = Boolean(default=None)
    checked_at = Timestamptz(default=None)


class ShownList(Table, tablename="shown_lists", db=DB):
    """The codes of a numbered list as the bot showed it last, to a person or in a group."""

    id = BigSerial(primary_key=True)
    user_id = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.cascade)
    group_id = ForeignKey(Group, null=True, default=None, on_delete=OnDelete.cascade)
    name = Text(default=None)
    codes = Array(base_column=Text(), default=None)
    shown_at = Timestamptz(default=None)
