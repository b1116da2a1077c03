"""Cards that people share by inline mode (`C9`). The bot need not be in the chat: it knows the message by the id that
Telegram gives inline messages, and nothing of who reads it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.addresses import Address
from backend.cards.actions import LOCK_INSTANCE, LOCK_POLL

SHARED_MAX = 100  # of one instance or poll that are kept up to date; further ones stay as they were sent
ID_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class SharedCardJob:
    """A shared card to edit, and the `version` of its instance or poll that it is to show."""

    card_id: int
    instance_id: int | None
    poll_id: int | None
    inline_message_id: str
    digest: str
    version: int
    attempts: int


async def share_instance(where: Address, inline_message_id: str) -> bool:
    """Remember that this message shows an instance: from now on it is a card. False when there are enough already."""
    return await _remember(where.account_id, inline_message_id, instance_id=where.id, poll_id=None)


async def share_poll(where: Address, inline_message_id: str) -> bool:
    """The same for a poll."""
    return await _remember(where.account_id, inline_message_id, instance_id=None, poll_id=where.id)


async def _remember(
    account_id: int, inline_message_id: str, *, instance_id: int | None, poll_id: int | None
) -> bool:
    if len(inline_message_id) > ID_LENGTH_MAX:
        return False
    at = clock.now()
    async with db.transaction():
        await db.execute(LOCK_INSTANCE if poll_id is None else LOCK_POLL, instance_id or poll_id)
        shared = await db.value(
            "SELECT count(*) FROM shared_cards WHERE account_id = $1 AND (instance_id = $2 OR poll_id = $3)",
            account_id,
            instance_id,
            poll_id,
        )
        if shared >= SHARED_MAX:
            return False
        await db.execute(
            "INSERT INTO shared_cards (account_id, instance_id, poll_id, inline_message_id, digest, shown_version, next_try_at,"
            " attempts, error, created_at) VALUES ($1, $2, $3, $4, '', -1, $5, 0, '', $5)"
            " ON CONFLICT ON CONSTRAINT shared_cards_inline_message_id_key DO NOTHING",
            account_id,
            instance_id,
            poll_id,
            inline_message_id,
            at,
        )
    return True


async def is_shared_card(inline_message_id: str, code: str) -> bool:
    """Whether this message is a card of the instance or poll with this public code."""
    return bool(
        await db.value(
            "SELECT true FROM shared_cards c LEFT JOIN event_instances i ON i.id = c.instance_id"
            " LEFT JOIN polls p ON p.id = c.poll_id WHERE c.inline_message_id = $1 AND coalesce(i.code, p.code) = $2",
            inline_message_id,
            code,
        )
    )


# At the moment $1. One that is to be looked at later, because an edit has failed, waits for that.
STALE_SHARED = """
SELECT c.id, c.instance_id, c.poll_id, c.inline_message_id, c.digest, c.attempts, coalesce(s.version, t.version) AS version
FROM shared_cards c
LEFT JOIN instance_seats s ON s.instance_id = c.instance_id
LEFT JOIN poll_tallies t ON t.poll_id = c.poll_id
WHERE (c.next_try_at <= $1 OR c.attempts = 0 AND coalesce(s.version, t.version) > c.shown_version)"""


async def stale_shared_cards(*, limit: int, except_ids: Collection[int] = ()) -> list[SharedCardJob]:
    """Shared cards that show an old version, or are to be looked at now; the one that was drawn longest ago first."""
    rows = await db.rows(
        f"{STALE_SHARED} AND NOT (c.id = ANY($2::bigint[])) ORDER BY c.drawn_at NULLS FIRST, c.id LIMIT $3",
        clock.now(),
        list(except_ids),
        limit,
    )
    return [
        SharedCardJob(
            card_id=row["id"],
            instance_id=row["instance_id"],
            poll_id=row["poll_id"],
            inline_message_id=row["inline_message_id"],
            digest=row["digest"],
            version=row["version"],
            attempts=row["attempts"],
        )
        for row in rows
    ]


async def record_shared_shown(job: SharedCardJob, digest: str, check_at: datetime) -> None:
    """The card shows this version, and is looked at again at `check_at`."""
    await db.execute_single(
        "UPDATE shared_cards SET digest = $2, shown_version = greatest(shown_version, $3), next_try_at = $4, drawn_at = $5,"
        " error = '', attempts = 0 WHERE id = $1",
        job.card_id,
        digest,
        job.version,
        check_at,
        clock.now(),
    )


async def postpone_shared_card(job: SharedCardJob, retry_at: datetime, why: str) -> None:
    """An edit failed for a passing reason: it is tried again at `retry_at`."""
    await db.execute_single(
        "UPDATE shared_cards SET attempts = attempts + 1, next_try_at = $2, error = $3 WHERE id = $1",
        job.card_id,
        retry_at,
        why[:500],
    )


async def forget_shared_card(job: SharedCardJob) -> None:
    """The card is deleted, out of reach, or finished for good. Nobody is told: it was somebody's own message."""
    await db.execute_single("DELETE FROM shared_cards WHERE id = $1", job.card_id)
