"""The explicit list of tables, and where their migrations lie."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from backend.accounts.tables import Account, ApiKey, Membership
from backend.announcements.tables import Announcement, AnnouncementGroup
from backend.audit.tables import AuditEntry
from backend.backup_status import BackupStatus
from backend.bookings.tables import Absence, InstanceReminders
from backend.cards.tables import Card, SharedCard
from backend.conversations.tables import ConversationRow
from backend.events.tables import EventInstance, EventSeries
from backend.groups.tables import Group, GroupMember, GroupTopic, ShownList
from backend.leases import Lease, ScheduledJob
from backend.maintenance import Maintenance
from backend.operations import OperationRun
from backend.outbox.tables import HeldReply, Message
from backend.people.tables import (
    CalendarFeed,
    DueCommandListRow,
    FormerCalendarFeed,
    RateLimitUse,
    SignIn,
    TelegramUpdate,
    TelegramUser,
    WebSession,
)
from backend.polls.tables import OptionTally, Poll, PollOption, PollTally, PollVote
from backend.seats.tables import Booking, InstanceSeats, Participation, Regular, SeatClaim
from backend.series_defaults.tables import SeriesDefaults

APP_CONFIG = AppConfig(
    app_name="emerald",
    migrations_folder_path=str(Path(__file__).resolve().parent.parent / "migrations"),
    table_classes=[
        TelegramUser, RateLimitUse, WebSession, SignIn, CalendarFeed, FormerCalendarFeed, TelegramUpdate, DueCommandListRow,
        AuditEntry,
        Account, Membership, ApiKey,
        Group, GroupTopic, GroupMember, ShownList,
        EventSeries, EventInstance, InstanceSeats, SeriesDefaults,
        ConversationRow,
        Message, HeldReply, Lease, ScheduledJob, OperationRun, BackupStatus, Maintenance, Card, SharedCard,
        Booking, Participation, SeatClaim, Regular, Absence, InstanceReminders,
        Poll, PollOption, PollTally, OptionTally, PollVote,
        Announcement, AnnouncementGroup,
    ],
)  # fmt: skip
