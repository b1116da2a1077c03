"""Announcements as organisers see them: their recipients and their progress (`C5`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.announcements.instance_parts import IS_RECIPIENT
from backend.announcements.rules import AnnouncementState
from backend.errors import NotFound
from backend.groups.rules import GroupHealth
from backend.known_zones import first_known
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME, REACHABLE
from backend.zones import end_of_quiet_hours


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement. Times are aware instants."""

    id: int
    account_id: int
    account_name: str
    zone: str  # the account's
    text: str
    maintenance: bool
    to_members: bool
    at_night: bool  # it does not wait for the morning
    state: AnnouncementState
    due_at: datetime | None
    created_at: datetime
    ended_at: datetime | None
    instance_code: str | None = None  # to whose people alone it goes
    parts: tuple[str, ...] = ()  # to which of them, each an `InstancePart`


NAMED = 10  # recipients that the bot cannot write to


@dataclass(frozen=True, slots=True)
class Audience:
    """The recipients an announcement would have now: titles of groups, and counts of members."""

    groups: tuple[str, ...]
    members: int
    unreachable: int  # the bot may not write to them, or they have no Telegram
    unwanted: int  # they muted announcements
    closed_groups: tuple[str, ...]  # which removed the bot
    unreachable_names: tuple[str, ...]  # of the first of the unreachable members
    asleep: int  # of the groups and members it reaches, those where it is night, for which it waits


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of an announcement. Each recipient is in exactly one of the counts."""

    announcement: Announcement
    delivered: int
    failed: int
    blocked: int
    perhaps: int  # may have arrived, and is not repeated
    waiting: int
    held: int  # of those that wait: until the morning
    skipped: int  # stopped before, or the member left or muted announcements
    unreachable: int

    @property
    def is_over(self) -> bool:
        return (
            self.announcement.state in (AnnouncementState.DONE, AnnouncementState.STOPPED)
            and not self.waiting
        )

    @property
    def attempted(self) -> int:
        return self.delivered + self.failed + self.blocked + self.perhaps

    @property
    def total(self) -> int:
        """The recipients known so far, but for those it is not sent to."""
        return self.attempted + self.waiting


# Whether somebody muted announcements, where `u` is `telegram_users`; false for members without Telegram.
MUTED = f"coalesce('{Kind.ANNOUNCEMENT.policy.muted_by}' = ANY (u.muted_kinds), false)"


def _counted(state: str, condition: str = "") -> str:
    return f"(SELECT count(*) FROM messages m WHERE m.announcement_id = n.id AND m.state = '{state}' {condition})"


VIEW = """
SELECT n.*, a.name AS account_name, a.zone, i.code AS instance_code
FROM announcements n JOIN accounts a ON a.id = n.account_id LEFT JOIN event_instances i ON i.id = n.instance_id
"""

# $1 is now. Messages are counted state by state in their index; only those that are due are read, for what they wait for.
PROGRESS = f"""
SELECT n.*, p.* FROM ({VIEW}) n CROSS JOIN LATERAL (
    SELECT {_counted("sent")} AS delivered, {_counted("parked")} AS failed, {_counted("blocked")} AS blocked,
        {_counted("perhaps")} AS perhaps, {_counted("due")} + {_counted("sending")} AS waiting,
        {_counted("due", "AND m.due_at > $1 AND m.error = ''")} AS held, {_counted("dropped")} AS skipped
) p
"""


def view(row: db.Row) -> Announcement:
    """A row of `VIEW`."""
    return Announcement(
        id=row["id"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        zone=first_known(row["zone"]),
        text=row["text"],
        maintenance=row["maintenance"],
        to_members=row["to_members"],
        at_night=row["at_night"],
        state=AnnouncementState(row["state"]),
        due_at=row["due_at"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        instance_code=row["instance_code"],
        parts=tuple(row["parts"]),
    )


def progress_from(row: db.Row) -> Progress:
    """A row of `PROGRESS`."""
    return Progress(
        announcement=view(row),
        delivered=row["delivered"],
        failed=row["failed"],
        blocked=row["blocked"],
        perhaps=row["perhaps"],
        waiting=row["waiting"],
        held=row["held"],
        skipped=row["skipped"] + row["unwanted"],
        unreachable=row["unreachable"],
    )


async def announcement(announcement_id: int) -> Announcement | None:
    """The announcement with this id, for the sender."""
    row = await db.row(f"{VIEW} WHERE n.id = $1", announcement_id)
    return view(row) if row else None


async def own_announcement(person: Person, announcement_id: int) -> Announcement:
    """The announcement, if the person may announce in its account. Raises `NotFound`, `Forbidden`."""
    found = await announcement(announcement_id)
    if found is None:
        raise NotFound()
    await authorize(person, found.account_id, Permission.ANNOUNCE)
    return found


async def chosen_groups(announcement_id: int) -> list[str]:
    """The groups that the announcement goes to, as `ID` or `ID:TOPIC`; authorizes nobody."""
    rows = await db.rows(
        "SELECT group_id, topic_id FROM announcement_groups WHERE announcement_id = $1 ORDER BY group_id",
        announcement_id,
    )
    return [
        f"{row['group_id']}:{row['topic_id']}" if row["topic_id"] else f"{row['group_id']}" for row in rows
    ]


async def announcements(
    person: Person, account_id: int, *, after: int | None = None, limit: int = 50
) -> list[Progress]:
    """The account's announcements with their progress, newest first; `after` is the one that the page before ended with.
    Raises `NotFound`, `Forbidden`."""
    account = await authorize(person, account_id, Permission.ANNOUNCE)
    rows = await db.rows(
        f"{PROGRESS} WHERE n.account_id = $2 AND ($4::bigint IS NULL OR n.id < $4) ORDER BY n.id DESC LIMIT $3",
        clock.now(),
        account.id,
        limit,
        after,
    )
    return [progress_from(row) for row in rows]


async def progress(person: Person, announcement_id: int) -> Progress:
    """The announcement's progress. Raises `NotFound`, `Forbidden`."""
    found = await own_announcement(person, announcement_id)
    row = await db.row(f"{PROGRESS} WHERE n.id = $2", clock.now(), found.id)
    if row is None:
        raise NotFound()
    return progress_from(row)


async def audience(person: Person, announcement_id: int) -> Audience:
    """The recipients it would have now, for the preview (`C5`). Raises `NotFound`, `Forbidden`."""
    found = await own_announcement(person, announcement_id)
    groups = await db.rows(
        "SELECT g.title, g.health FROM announcement_groups t JOIN groups g ON g.id = t.group_id"
        " WHERE t.announcement_id = $1 ORDER BY lower(g.title), g.id",
        found.id,
    )
    open_groups = tuple(g["title"] for g in groups if g["health"] != GroupHealth.REMOVED)
    members = await _members(found) if found.to_members else _Members(0, 0, (), {})
    sleepers = members.by_zone | {None: members.by_zone.get(None, 0) + len(open_groups)}
    return Audience(
        groups=open_groups,
        members=sum(members.by_zone.values()),
        unreachable=members.unreachable,
        unwanted=members.unwanted,
        closed_groups=tuple(g["title"] for g in groups if g["health"] == GroupHealth.REMOVED),
        unreachable_names=members.unreachable_names,
        asleep=0
        if found.at_night or found.maintenance
        else sum(n for zone, n in sleepers.items() if _is_night(first_known(zone, found.zone))),
    )


@dataclass(frozen=True, slots=True)
class _Members:
    """The members of an account: those the bot may write to, and who want announcements, by the zone they
    have chosen."""

    unreachable: int
    unwanted: int
    unreachable_names: tuple[str, ...]
    by_zone: dict[str | None, int]


async def _members(found: Announcement) -> _Members:
    rows = await db.rows(
        f"SELECT u.zone, {REACHABLE} AS reachable, {MUTED} AS unwanted, count(*) AS n,"
        f" (array_agg({DISPLAY_NAME} ORDER BY lower({DISPLAY_NAME}), m.id)"
        f" FILTER (WHERE NOT {REACHABLE}))[:{NAMED}] AS names"
        " FROM announcements n JOIN memberships m ON m.account_id = n.account_id"
        " LEFT JOIN telegram_users u ON u.id = m.user_id"
        f" WHERE n.id = $2 AND m.account_id = $1 AND m.left_at IS NULL AND {IS_RECIPIENT}"
        " GROUP BY 1, 2, 3",
        found.account_id,
        found.id,
    )
    away = [row for row in rows if not row["reachable"]]
    return _Members(
        unreachable=sum(row["n"] for row in away),
        unwanted=sum(row["n"] for row in rows if row["reachable"] and row["unwanted"]),
        unreachable_names=tuple(
            sorted((name for row in away for name in row["names"]), key=str.lower)[:NAMED]
        ),
        by_zone={row["zone"]: row["n"] for row in rows if row["reachable"] and not row["unwanted"]},
    )


def _is_night(zone: str) -> bool:
    return end_of_quiet_hours(clock.now(), zone) is not None


@dataclass(frozen=True, slots=True)
class WatchedAnnouncement:
    """A message that shows the progress of an announcement to its author, in their language."""

    progress: Progress
    chat_id: int
    message_id: int
    language: str


async def watched_announcements() -> list[WatchedAnnouncement]:
    """The announcements whose progress a message shows."""
    rows = await db.rows(
        "SELECT p.*, coalesce(u.language, 'en') AS watcher_language FROM"
        f" ({PROGRESS} WHERE n.watch_message_id IS NOT NULL) p LEFT JOIN telegram_users u ON u.id = p.created_by ORDER BY p.id",
        clock.now(),
    )
    return [
        WatchedAnnouncement(
            progress_from(row),
            row["watch_chat_id"],
            row["watch_message_id"],
            row["watcher_language"],
        )
        for row in rows
    ]
