"""Rows of polls."""

from piccolo.columns import BigInt, BigSerial, Boolean, ForeignKey, Integer, Text, Timestamp, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account, Membership
from backend.engine import DB
from backend.events.tables import EventInstance
from backend.groups.tables import Group
from backend.people.tables import TelegramUser


class Poll(Table, tablename="polls", db=DB):
    """A poll (`P1`). `kind` is a `PollKind`, `results` a `ResultVisibility`."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    code = Text(default=None)
    question = Text(default=None)
    kind = Text(default=None)
    choices_max = Integer(default=None)
    anonymous = Boolean(default=None)
    results = Text(default=None)
    closes_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    closed_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    group_id = ForeignKey(Group, null=True, default=None, on_delete=OnDelete.restrict)
    topic_id = BigInt(null=True, default=None)
    created_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
    reminded_at = Timestamptz(null=True, default=None)


class PollOption(Table, tablename="poll_options", db=DB):
    """An option of a poll: a text, or in a poll about dates a moment, with the instance that was made of it
    (`P4`).

    `starts_local` is the exact wall clock of that moment in `zone`, and `zone_data` the version of the zone data it
    was computed with (`S10`).
    """

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    poll_id = ForeignKey(Poll, null=False, on_delete=OnDelete.restrict)
    position = Integer(default=None)
    text = Text(default=None)
    starts_at = Timestamptz(null=True, default=None)
    zone = Text(null=True, default=None)
    starts_local = Timestamp(null=True, default=None)
    zone_data = Text(null=True, default=None)
    made_instance_id = ForeignKey(EventInstance, null=True, default=None, on_delete=OnDelete.restrict)


class PollTally(Table, tablename="poll_tallies", db=DB):
    """How many have voted. Whoever has locked this row may count the poll (`P2`)."""

    poll_id = BigInt(primary_key=True, default=None)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    voters = Integer(default=0)
    version = BigInt(default=1)


class OptionTally(Table, tablename="poll_option_tallies", db=DB):
    """How many votes an option has: `votes` that are yes, at most `votes_max`, and in a poll about dates the
    other answers."""

    option_id = BigInt(primary_key=True, default=None)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    votes_max = Integer(null=True, default=None)
    votes = Integer(default=0)
    if_need_be = Integer(default=0)
    against = Integer(default=0)


class PollVote(Table, tablename="poll_votes", db=DB):
    """One member's vote for one option. `answer` is an `Answer`."""

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    poll_id = ForeignKey(Poll, null=False, on_delete=OnDelete.restrict)
    option_id = ForeignKey(PollOption, null=False, on_delete=OnDelete.restrict)
    membership_id = ForeignKey(Membership, null=False, on_delete=OnDelete.restrict)
    at = Timestamptz(default=None)
    answer = Text(default="yes")
