"""What becomes of a card in the chat, as the holder of the sender's lease records it (`C1`, `C2`, `C6`)."""

from collections.abc import Sequence
from datetime import datetime

from backend import clock, db
from backend.batching import Batcher
from backend.cards.lost import lose_cards
from backend.cards.queries import JOB, CardJob, job_from
from backend.cards.rules import UNSCHEDULED, CardTrouble
from backend.groups.actions import update_health
from backend.groups.queries import group_of_chat
from backend.groups.rules import GroupHealth

# This is asked five times a second, and nearly always there is nothing due.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM cards WHERE state = 'due' AND next_try_at <= $1)"

# A card that may have been posted, in this chat and of this instance or poll, when no other card is the
# message $2.
UNKNOWN_CARD = """
FROM cards c JOIN groups g ON g.id = c.group_id
WHERE g.chat_id = $1 AND c.state = 'lost' AND c.trouble = 'unknown' AND (c.instance_id = $3 OR c.poll_id = $4)
    AND NOT EXISTS (SELECT 1 FROM cards k WHERE k.group_id = g.id AND k.message_id = $2)
"""


async def lose_interrupted_cards() -> int:
    """Lose the cards that a former sender was posting when it stopped; how many. They may be in the chat, so
    they are never posted again without an organiser (`C1`)."""
    at = clock.now()
    async with db.transaction():
        interrupted = await db.rows("SELECT id FROM cards WHERE state = 'posting' ORDER BY id")
        for row in interrupted:
            await lose_cards(CardTrouble.UNKNOWN, "may have been posted", at, card_id=row["id"])
    return len(interrupted)


async def claim_due(busy_chats: list[int]) -> CardJob | None:
    """Claim one card to post, which is recorded before anything is sent; None when none is due. Chats that
    are at their limit are left out."""
    if not await db.value(ANY_DUE, clock.now()):
        return None
    async with db.transaction():
        claimed = await db.value(
            "SELECT c.id FROM cards c JOIN groups g ON g.id = c.group_id WHERE c.state = 'due' AND c.next_try_at <= $1"
            " AND NOT (g.chat_id = ANY($2::bigint[])) ORDER BY c.next_try_at, c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED",
            clock.now(),
            busy_chats,
        )
        if claimed is None:
            return None
        await db.execute("UPDATE cards SET state = 'posting', attempts = attempts + 1 WHERE id = $1", claimed)
        row = await db.row(f"{JOB} WHERE c.id = $1", claimed)
    assert row is not None
    return job_from(row)


async def record_posted(job: CardJob, message_id: int, digest: str, check_at: datetime) -> None:
    """The card is in the chat, and is checked again at `check_at`; also when it was marked as lost
    meanwhile."""
    await db.execute_single(
        "UPDATE cards SET state = 'live', message_id = $2, digest = $3, shown_version = $4, next_try_at = $5,"
        " posted_at = $6, drawn_at = $6, error = '', trouble = '', lost_at = NULL, attempts = 0 WHERE id = $1",
        job.card_id,
        message_id,
        digest,
        job.version,
        check_at,
        clock.now(),
    )


async def record_not_posted(job: CardJob, retry_at: datetime, why: str) -> None:
    """The card is certainly not in the chat: it is due again at `retry_at`."""
    await db.execute_single(
        "UPDATE cards SET state = 'due', next_try_at = $2, error = $3 WHERE id = $1 AND state = 'posting'",
        job.card_id,
        retry_at,
        why[:500],
    )


async def record_sent_to_general(job: CardJob, at: datetime) -> bool:
    """The topic of the card is gone. If its group had chosen the topic, and not its series or poll, the card is due in General;
    whether it is."""
    redirected = await db.execute_single_count(
        "UPDATE cards c SET topic_id = NULL, state = 'due', next_try_at = $2, error = '' WHERE c.id = $1 AND c.state = 'posting'"
        " AND c.topic_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event_instances i JOIN event_series r ON r.id = i.series_id"
        " WHERE i.id = c.instance_id AND r.group_id = c.group_id AND r.topic_id = c.topic_id)"
        " AND NOT EXISTS (SELECT 1 FROM polls p WHERE p.id = c.poll_id AND p.topic_id = c.topic_id)",
        job.card_id,
        at,
    )
    return redirected == 1


async def record_shown(job: CardJob, digest: str, check_at: datetime) -> None:
    """The card shows this version, and is checked again at `check_at`; not when its group was unlinked
    meanwhile."""
    await db.execute_single(
        "UPDATE cards SET digest = $2, shown_version = greatest(shown_version, $3), next_try_at = $4, drawn_at = $5,"
        " error = '', attempts = 0 WHERE id = $1 AND state <> 'unlinked'",
        job.card_id,
        digest,
        job.version,
        check_at,
        clock.now(),
    )


async def record_without_buttons(job: CardJob, digest: str) -> None:
    """The unlinked card has no buttons any more, or none that the bot can take away."""
    await db.execute_single(
        "UPDATE cards SET digest = $2, next_try_at = $3, drawn_at = $4 WHERE id = $1 AND state = 'unlinked'",
        job.card_id,
        digest,
        UNSCHEDULED,
        clock.now(),
    )


async def postpone_unlinked(job: CardJob, retry_at: datetime, why: str) -> None:
    """The buttons of the unlinked card could not be taken away for a passing reason."""
    await db.execute_single(
        "UPDATE cards SET next_try_at = $2, attempts = attempts + 1, error = $3 WHERE id = $1 AND state = 'unlinked'",
        job.card_id,
        retry_at,
        why[:500],
    )


async def record_edit_failure(job: CardJob, why: str) -> None:
    """An edit failed for a passing reason: the card stays stale and is tried again."""
    await db.execute_single(
        "UPDATE cards SET attempts = attempts + 1, error = $2 WHERE id = $1",
        job.card_id,
        why[:500],
    )


async def record_lost(job: CardJob, trouble: CardTrouble, why: str) -> None:
    """The card is gone or out of reach. Organisers get a message with a button to repost it (`C6`). When the
    bot may no longer write in the group, the group's other cards are lost with it."""
    at = clock.now()
    async with db.transaction():
        group_id = None
        if trouble in (CardTrouble.MUTED, CardTrouble.REMOVED):
            await update_health(job.chat_id, GroupHealth(trouble))
            where = await group_of_chat(job.chat_id)
            group_id = where.id if where is not None else None
        await lose_cards(trouble, why, at, card_id=job.card_id, group_id=group_id)


async def recover_tapped_card(
    chat_id: int, message_id: int, *, instance_id: int | None, poll_id: int | None
) -> bool:
    """Somebody tapped this message, so it is in the chat. If it is the card that may have been posted, that
    card is live from now on (`C1`); whether it is."""
    if not await _may_have_unknown.submit(chat_id):
        return False
    recovered = await db.execute_single_count(
        "UPDATE cards SET state = 'live', trouble = '', lost_at = NULL, error = '', message_id = $2, next_try_at = $5,"
        f" posted_at = lost_at WHERE state = 'lost' AND id = (SELECT c.id {UNKNOWN_CARD} ORDER BY c.id DESC LIMIT 1)",
        chat_id,
        message_id,
        instance_id,
        poll_id,
        clock.now(),
    )
    return recovered == 1


async def _find_unknown(_: int, chats: Sequence[int]) -> list[bool]:
    """Whether any card may have been posted in each of these chats."""
    rows = await db.rows(
        "SELECT DISTINCT g.chat_id FROM cards c JOIN groups g ON g.id = c.group_id"
        " WHERE g.chat_id = ANY($1::bigint[]) AND c.state = 'lost' AND c.trouble = 'unknown'",
        list(set(chats)),
    )
    found = {row["chat_id"] for row in rows}
    return [chat_id in found for chat_id in chats]


# Asked after every tap in a group; there nearly always is none.
_may_have_unknown: Batcher[int, bool] = Batcher("lost cards", _find_unknown)
