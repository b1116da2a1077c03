"""Writing an announcement, sending it now or later, stopping it (`C5`); and making its messages, chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.queries import authorize, find_account
from backend.accounts.rules import Permission
from backend.announcements.queries import own_announcement
from backend.announcements.rules import text_max, utf16_length
from backend.audit.actions import record_audit
from backend.errors import Invalid, NotFound, Refusal
from backend.i18n import N_
from backend.outbox.enqueue import insert_messages
from backend.outbox.kinds import Kind
from backend.outbox.withdraw import drop_announcement
from backend.people.queries import Person
from backend.people.sql import REACHABLE

CHUNK_SIZE = 1_000  # members dealt with in one transaction
CHUNKS_PER_RUN = 50  # chunks in one run of the duty
SCHEDULE_MAX = timedelta(days=365)


class AlreadySent(Refusal):
    """It is too late to change or stop it."""

    outcome = "sent-already"
    message = N_("This announcement is sent already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementDraft:
    """An announcement as entered. `groups` are ids of ours with the topic, None being the General one; `all_groups`
    takes every group of the club instead."""

    text: str
    maintenance: bool = False
    to_members: bool = False
    all_groups: bool = False
    groups: Sequence[tuple[int, int | None]] = ()

    def check(self) -> None:
        """Raises `Invalid`."""
        units, allowed = utf16_length(self.text.strip()), text_max(maintenance=self.maintenance)
        if not units:
            raise Invalid(N_("Write what is to be told."), field="text")
        if units > allowed:
            raise Invalid(N_("At most %(most)s characters, please."), field="text", most=allowed)


async def create_announcement(person: Person, account_id: int, draft: AnnouncementDraft) -> int:
    """Keep an announcement that can be previewed and is not sent yet; its id.

    Raises `Invalid` (too long, or a group of no such club), `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.ANNOUNCE)
    draft.check()
    async with db.transaction():
        made: int = await db.value(
            "INSERT INTO announcements (account_id, text, maintenance, to_members, created_by, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            club.id,
            draft.text.strip(),
            draft.maintenance,
            draft.to_members,
            person.id,
            clock.now(),
        )
        await _add_groups(club.id, made, draft.groups, all_groups=draft.all_groups)
        await record_audit(club.id, person.id, "write", f"announcement {made}")
    return made


async def change_recipients(
    person: Person, announcement_id: int, *, all_groups: bool, to_members: bool
) -> None:
    """Send a draft to all groups or none, and to the members or not. Raises `SentAlready`, `Forbidden`, `NotFound`."""
    found = await own_announcement(person, announcement_id)
    async with db.transaction():
        if not await db.execute(
            "UPDATE announcements SET to_members = $2 WHERE id = $1 AND state = 'draft'",
            found.id,
            to_members,
        ):
            raise AlreadySent()
        await db.execute("DELETE FROM announcement_groups WHERE announcement_id = $1", found.id)
        await _add_groups(found.account_id, found.id, (), all_groups=all_groups)


async def _add_groups(
    account_id: int,
    announcement_id: int,
    groups: Sequence[tuple[int, int | None]],
    *,
    all_groups: bool,
) -> None:
    chosen = dict(groups)
    added = await db.execute(
        "INSERT INTO announcement_groups (account_id, announcement_id, group_id, topic_id)"
        " SELECT g.account_id, $2, g.id, t.topic_id FROM groups g"
        " LEFT JOIN unnest($3::bigint[], $4::bigint[]) AS t (group_id, topic_id) ON t.group_id = g.id"
        " WHERE g.account_id = $1 AND ($5 OR t.group_id IS NOT NULL)",
        account_id,
        announcement_id,
        list(chosen),
        list(chosen.values()),
        all_groups,
    )
    if not all_groups and added < len(chosen):
        raise Invalid(N_("There is no such group in this club."), field="groups")


async def schedule_announcement(person: Person, announcement_id: int, at: datetime | None = None) -> datetime:
    """Send it at an aware instant, at once when None; when that is. Scheduling again moves it.

    Raises `Invalid` (nobody to tell, a time that is past or far), `SentAlready`, `Forbidden`, `NotFound`.
    """
    found = await own_announcement(person, announcement_id)
    now = clock.now()
    if at is not None and not now <= at <= now + SCHEDULE_MAX:
        raise Invalid(N_("Choose a time within the next year."), field="at")
    async with db.transaction():
        somebody = found.to_members or await db.value(
            "SELECT true FROM announcement_groups WHERE announcement_id = $1 LIMIT 1", found.id
        )
        if not somebody:
            raise Invalid(N_("Choose groups, or members, to tell."), field="groups")
        if not await db.execute(
            "UPDATE announcements SET state = 'scheduled', due_at = $2 WHERE id = $1 AND state IN ('draft', 'scheduled')",
            found.id,
            at or now,
        ):
            raise AlreadySent()
        when = (at or now).isoformat()
        await record_audit(found.account_id, person.id, "send", f"announcement {found.id}", at=when)
    return at or now


async def stop_announcement(person: Person, announcement_id: int) -> int:
    """Send no more of it: what has not begun to be sent is not (`C5`); how many messages that spares. Idempotent.

    Raises `SentAlready`, `Forbidden`, `NotFound`.
    """
    found = await own_announcement(person, announcement_id)
    async with db.transaction():
        state = await db.value("SELECT state FROM announcements WHERE id = $1 FOR NO KEY UPDATE", found.id)
        if state == "stopped":
            return 0
        if state == "done":
            raise AlreadySent()
        await db.execute(
            "UPDATE announcements SET state = 'stopped', ended_at = $2 WHERE id = $1",
            found.id,
            clock.now(),
        )
        spared = await drop_announcement(found.id)
        await record_audit(found.account_id, person.id, "stop", f"announcement {found.id}", spared=spared)
    return spared


async def watch_progress(person: Person, announcement_id: int, chat_id: int, message_id: int) -> None:
    """Keep this message showing how far it is. Raises `Forbidden`, `NotFound`."""
    found = await own_announcement(person, announcement_id)
    await db.execute_single(
        "UPDATE announcements SET watch_chat_id = $2, watch_message_id = $3 WHERE id = $1",
        found.id,
        chat_id,
        message_id,
    )


async def stop_watching(announcement_id: int) -> None:
    """The message shows how it ended, or is gone."""
    await db.execute_single("UPDATE announcements SET watch_message_id = NULL WHERE id = $1", announcement_id)


async def forget_watcher(user_id: int) -> None:
    """Stop showing this person the progress of their announcements (`A7`), inside the caller's transaction."""
    await db.execute(
        "UPDATE announcements SET watch_chat_id = NULL, watch_message_id = NULL WHERE created_by = $1",
        user_id,
    )


# --- the ticker's: from an announcement to its messages ---

# Asked every other second, mostly for nothing.
ANY_TO_SEND = (
    "SELECT EXISTS (SELECT 1 FROM announcements WHERE state IN ('scheduled', 'sending') AND due_at <= $1)"
)

# Who is first runs it; a stop waits for the chunk, and then drops what it made.
NEXT_TO_SEND = """
SELECT id, account_id, state, to_members FROM announcements
WHERE state IN ('scheduled', 'sending') AND due_at <= $1 AND fanned_out_at IS NULL
ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""

TO_GROUPS = insert_messages(
    Kind.ANNOUNCEMENT,
    "announcement_groups WHERE announcement_id = $1 ORDER BY group_id",
    account_id="account_id",
    group_id="group_id",
    topic_id="topic_id",
    announcement_id="$1::bigint",
    dedupe="format('announcement:%s:group:%s', $1::bigint, group_id)",
    due_at="$2::timestamptz",
)
TO_MEMBERS = insert_messages(
    Kind.ANNOUNCEMENT,
    "chunk WHERE reachable AND NOT unwanted ORDER BY id",
    account_id="$2::bigint",
    user_id="user_id",
    announcement_id="$1::bigint",
    dedupe="format('announcement:%s:user:%s', $1::bigint, user_id)",
    due_at="$3::timestamptz",
)

# The chunk's last membership is written down with it, so that whoever goes on begins behind it.
MEMBERS_CHUNK = f"""
WITH chunk AS (
    SELECT m.id, m.user_id, {REACHABLE} AS reachable,
        coalesce('{Kind.ANNOUNCEMENT.policy.muted_by}' = ANY (u.muted_kinds), false) AS unwanted
    FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id
    WHERE m.account_id = $2 AND m.left_at IS NULL
        AND m.id > (SELECT fanned_out_to FROM announcements WHERE id = $1)
    ORDER BY m.id LIMIT $4
), told AS (
    {TO_MEMBERS}
)
UPDATE announcements SET fanned_out_to = coalesce((SELECT max(id) FROM chunk), fanned_out_to),
    unreachable = unreachable + (SELECT count(*) FROM chunk WHERE NOT reachable)::integer,
    unwanted = unwanted + (SELECT count(*) FROM chunk WHERE reachable AND unwanted)::integer,
    fanned_out_at = CASE WHEN (SELECT count(*) FROM chunk) < $4 THEN $3 END
WHERE id = $1
"""

FINISH = """
UPDATE announcements n SET state = 'done', ended_at = $1 WHERE state = 'sending' AND fanned_out_at IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.announcement_id = n.id AND m.state IN ('due', 'sending'))
"""


async def fan_out() -> int:
    """Make the messages of announcements that are due, and end those that are sent; how many chunks and ends.

    Each chunk is one transaction: killed at any point, the next run goes on, and nobody has two.
    """
    if not await db.value(ANY_TO_SEND, clock.now()):
        return 0
    done = 0
    while done < CHUNKS_PER_RUN and await _fan_out_chunk():
        done += 1
    return done + await db.execute_single_count(FINISH, clock.now())


async def _fan_out_chunk() -> bool:
    now = clock.now()
    async with db.transaction():
        found = await db.row(NEXT_TO_SEND, now)
        if found is None:
            return False
        if found["state"] == "scheduled":
            await db.execute(TO_GROUPS, found["id"], now)
            await db.execute(
                "UPDATE announcements SET state = 'sending', started_at = $2 WHERE id = $1",
                found["id"],
                now,
            )
        if found["to_members"]:
            await db.execute(MEMBERS_CHUNK, found["id"], found["account_id"], now, CHUNK_SIZE)
        else:
            await db.execute("UPDATE announcements SET fanned_out_at = $2 WHERE id = $1", found["id"], now)
    return True


async def announcing_account(person: Person, name: str) -> int:
    """The club with this name or number that the person organises. Raises `NotFound`, `Forbidden`."""
    found = await find_account(name)
    if found is None:
        raise NotFound(N_("There is no club with this name or number, or there are several."))
    return (await authorize(person, found, Permission.ANNOUNCE)).id
