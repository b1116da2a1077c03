"""The tables of series and instances."""

from typing import Any

from piccolo.columns import (
    Array,
    BigInt,
    BigSerial,
    Boolean,
    ForeignKey,
    Integer,
    Text,
    Timestamp,
    Timestamptz,
)
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from backend.accounts.tables import Account
from backend.engine import DB
from backend.events.drafts import Visibility
from backend.groups.tables import Group
from backend.people.tables import TelegramUser
from backend.seats.state import InstanceState


class EventSeries(Table, tablename="event_series", db=DB):
    """A series (`S1`). `starts_local` is wall-clock time in `zone`; an empty `rule` is one occurrence.

    `dates_from` and `dates_before` are the instants of the wall clocks beside them, by the zone data of
    version `zone_data` (`S10`). These are None where only a version without them has written the row.
    """

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    title = Text(default=None)
    emoji = Text(default="")
    description = Text(default="")
    place = Text(default="")
    map_url = Text(default="")
    zone = Text(default=None)
    starts_local = Timestamp(default=None)
    duration_minutes = Integer(default=None)
    rule = Text(default="")
    capacity = Integer(null=True, default=None)
    guests_max = Integer(default=0)
    opens_before_minutes = Integer(null=True, default=None)
    closes_before_minutes = Integer(default=0)
    cancel_before_minutes = Integer(null=True, default=None)
    announce_before_minutes = Integer(default=2880)
    fill_gaps = Boolean(default=False)
    group_id = ForeignKey(Group, null=True, default=None, on_delete=OnDelete.restrict)
    topic_id = BigInt(null=True, default=None)
    visibility = Text(default=Visibility.GROUP)
    offers_before_minutes = Integer(default=1440)
    offer_minutes = Integer(default=30)
    first_tap_before_minutes = Integer(default=120)
    min_to_run = Integer(null=True, default=None)
    decide_before_minutes = Integer(default=1440)
    decide_by_itself = Boolean(default=False)
    warn_before_minutes = Integer(default=1440)
    remind_before_minutes = Array(base_column=Integer(), default=[1440, 120])
    remind_unanswered = Boolean(default=False)
    dates_from = Timestamptz(null=True, default=None)
    dates_before = Timestamptz(null=True, default=None)
    follows_id: ForeignKey[Any] = ForeignKey("self", null=True, default=None, on_delete=OnDelete.restrict)
    paused_at = Timestamptz(null=True, default=None)
    archived_at = Timestamptz(null=True, default=None)
    made_until = Timestamptz(null=True, default=None)
    zone_data = Text(null=True, default=None)
    dates_from_local = Timestamp(null=True, default=None)
    dates_before_local = Timestamp(null=True, default=None)
    created_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)


class EventInstance(Table, tablename="event_instances", db=DB):
    """One instance of a series, identified by (series, original wall clock) (`S2`).

    `original_local` and `starts_local` are exact wall clocks in `zone`, and the instants beside them what
    these mean by the zone data of the series (`S10`). All three are None in rows of versions that knew only
    instants, and `original_local` alone where another instance stands for the occurrence.

    `title`, `emoji`, `description`, `place`, `map_url` and `guests_max` are None where the values of the
    series apply (`S4`).
    """

    id = BigSerial(primary_key=True)
    account_id = ForeignKey(Account, null=False, on_delete=OnDelete.restrict)
    series_id = ForeignKey(EventSeries, null=False, on_delete=OnDelete.restrict)
    code = Text(default=None)
    zone = Text(null=True, default=None)
    original_local = Timestamp(null=True, default=None)
    original_start = Timestamptz(default=None)
    starts_local = Timestamp(null=True, default=None)
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    state = Text(default=InstanceState.SCHEDULED)
    cancelled_at = Timestamptz(null=True, default=None)
    cancelled_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    cancel_reason = Text(default="")
    sequence = Integer(default=0)
    title = Text(null=True, default=None)
    emoji = Text(null=True, default=None)
    description = Text(null=True, default=None)
    place = Text(null=True, default=None)
    map_url = Text(null=True, default=None)
    guests_max = Integer(null=True, default=None)
    edited_at = Timestamptz(null=True, default=None)
    moved_from = Timestamptz(null=True, default=None)
    moved_at = Timestamptz(null=True, default=None)
    drifted_at = Timestamptz(null=True, default=None)
    changed_at = Timestamptz(null=True, default=None)
    warned_at = Timestamptz(null=True, default=None)
    decision_asked_at = Timestamptz(null=True, default=None)
    decided_at = Timestamptz(null=True, default=None)
    decided_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    claim_until = Timestamptz(null=True, default=None)
    list_closed_at = Timestamptz(null=True, default=None)
    list_closed_by = ForeignKey(TelegramUser, null=True, default=None, on_delete=OnDelete.restrict)
    created_at = Timestamptz(default=None)
