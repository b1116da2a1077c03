"""Making the messages of announcements, chunk by chunk (`C5`)."""

from backend import clock, db
from backend.announcements.instance_parts import IS_RECIPIENT
from backend.announcements.queries import MUTED
from backend.announcements.rules import AnnouncementState
from backend.groups.rules import GroupHealth
from backend.outbox.enqueue import insert_messages
from backend.outbox.kinds import Kind
from backend.people.sql import REACHABLE

CHUNK_SIZE = 1_000  # members in one transaction
CHUNKS_PER_RUN = 50

# This is asked every other second, and nearly always there is nothing to send.
ANY_TO_SEND = (
    "SELECT EXISTS (SELECT 1 FROM announcements WHERE state IN ('scheduled', 'sending') AND due_at <= $1)"
)

# One process at a time works on an announcement. Stopping it waits for the chunk, and then drops its
# messages.
NEXT_TO_SEND = """
SELECT id, account_id, state, to_members FROM announcements
WHERE state IN ('scheduled', 'sending') AND due_at <= $1 AND fanned_out_at IS NULL
ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""

# A group that does not let the bot write is tried all the same: Telegram does not always tell when it does again.
TO_GROUPS = insert_messages(
    Kind.ANNOUNCEMENT,
    "announcement_groups t JOIN groups g ON g.id = t.group_id"
    f" WHERE t.announcement_id = $1 AND g.health <> '{GroupHealth.REMOVED}' ORDER BY t.group_id",
    account_id="t.account_id",
    group_id="t.group_id",
    topic_id="topic_id",
    announcement_id="$1::bigint",
    dedupe="format('announcement:%s:group:%s', $1::bigint, t.group_id)",
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

# The chunk's last membership is recorded with its messages, so that the next chunk begins after it.
MEMBERS_CHUNK = f"""
WITH chunk AS (
    SELECT m.id, m.user_id, {REACHABLE} AS reachable,
        {MUTED} AS unwanted
    FROM announcements n JOIN memberships m ON m.account_id = n.account_id AND m.id > n.fanned_out_to
    LEFT JOIN telegram_users u ON u.id = m.user_id
    WHERE n.id = $1 AND m.account_id = $2 AND m.left_at IS NULL AND {IS_RECIPIENT}
    ORDER BY m.id LIMIT $4
), messages_made AS (
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
    """Make the messages of announcements that are due, and finish those that are sent; how many chunks and
    announcements.

    Each chunk is one transaction: after a crash at any point the next run goes on, and nobody gets two
    messages.
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
        if found["state"] == AnnouncementState.SCHEDULED:
            await db.execute(TO_GROUPS, found["id"], now)
            await db.execute(
                "UPDATE announcements SET state = 'sending', started_at = $2, unreachable = unreachable"
                " + (SELECT count(*) FROM announcement_groups t JOIN groups g ON g.id = t.group_id"
                f" WHERE t.announcement_id = $1 AND g.health = '{GroupHealth.REMOVED}')::integer WHERE id = $1",
                found["id"],
                now,
            )
        if found["to_members"]:
            await db.execute(MEMBERS_CHUNK, found["id"], found["account_id"], now, CHUNK_SIZE)
        else:
            await db.execute("UPDATE announcements SET fanned_out_at = $2 WHERE id = $1", found["id"], now)
    return True
