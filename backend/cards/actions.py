"""Announcing dates and polls by cards, and what becomes of each card (`C1`, `C2`, `C6`)."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.cards.queries import JOB, NEEDS_REPOST, CardJob, card, job_from
from backend.errors import Invalid, NotFound
from backend.groups.cards import lose_cards
from backend.i18n import N_
from backend.people.queries import Person

INSERT_CARD = """
INSERT INTO cards (account_id, group_id, topic_id, instance_id, poll_id, state, next_try_at, created_at, asked_by)
"""

# A date is announced once: not again while there is any card of it, lost ones included (`C1`); none of a series that
# pauses (`S9`).
TO_ANNOUNCE = """
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN groups g ON g.id = r.group_id
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND g.health = 'well' AND r.paused_at IS NULL AND r.archived_at IS NULL
    AND i.starts_at <= $1 + make_interval(mins => r.announce_before_minutes)
    AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id)
"""
# Whoever makes a card holds its date's or its poll's row, and only then looks whether there is one already.
LOCK_TO_ANNOUNCE = f"SELECT i.id {TO_ANNOUNCE} ORDER BY i.id FOR NO KEY UPDATE OF i"
ANNOUNCE = f"""
{INSERT_CARD} SELECT i.account_id, r.group_id, r.topic_id, i.id, NULL, 'due', $1, $1, NULL {TO_ANNOUNCE} AND i.id = ANY($2::bigint[])
"""
LOCK_INSTANCE = "SELECT 1 FROM event_instances WHERE id = $1 FOR NO KEY UPDATE"
LOCK_POLL = "SELECT 1 FROM polls WHERE id = $1 FOR NO KEY UPDATE"


async def post_card(person: Person, code: str) -> None:
    """Post a card of this date to its group and topic: a deliberate act, also when there was one before (`C1`).

    Raises `Invalid` when the series has no group, `Forbidden`, `NotFound`.
    """
    row = await db.row(
        "SELECT i.id, i.account_id, r.group_id, r.topic_id FROM event_instances i"
        " JOIN event_series r ON r.id = i.series_id WHERE i.code = $1",
        code,
    )
    if row is None:
        raise NotFound()
    await _post(person, row, instance_id=row["id"], poll_id=None)


async def post_poll_card(person: Person, code: str) -> None:
    """Post a card of this poll to its group and topic. Raises `Invalid` without a group, `Forbidden`, `NotFound`."""
    row = await db.row("SELECT id, account_id, group_id, topic_id FROM polls WHERE code = $1", code)
    if row is None:
        raise NotFound()
    await _post(person, row, instance_id=None, poll_id=row["id"])


async def repost_cards(person: Person, card_id: int) -> int:
    """Post again what was lost together with this card (`C6`), each to its series' or poll's present place in that
    group, else to where it was; how many that is. What has been posted again already is left alone.

    Raises `Forbidden`, `NotFound`.
    """
    asked = await card(card_id)
    if asked is None:
        raise NotFound()
    await authorize(person, asked.account_id, Permission.POST_CARDS)
    together = await db.rows(
        f"{TO_REPOST} WHERE c.account_id = $1 AND {NEEDS_REPOST} AND c.group_id = $3 AND c.lost_at = $4 ORDER BY c.id",
        asked.account_id,
        clock.now(),
        asked.group_id,
        asked.lost_at,
    )
    for row in together:
        await _post(person, row, instance_id=row["instance_id"], poll_id=row["poll_id"])
    return len(together)


TO_REPOST = """
SELECT c.account_id, c.group_id, c.instance_id, c.poll_id,
    CASE WHEN coalesce(r.group_id, p.group_id) = c.group_id THEN coalesce(r.topic_id, p.topic_id) ELSE c.topic_id END AS topic_id
FROM cards c
LEFT JOIN event_instances i ON i.id = c.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
LEFT JOIN polls p ON p.id = c.poll_id
"""


async def _post(person: Person, row: db.Row, *, instance_id: int | None, poll_id: int | None) -> None:
    club = await authorize(person, row["account_id"], Permission.POST_CARDS)
    if row["group_id"] is None:
        raise Invalid(N_("There is no group to post it to. Choose one first."), field="group_id")
    at = clock.now()
    async with db.transaction():
        await db.execute(LOCK_INSTANCE if poll_id is None else LOCK_POLL, instance_id or poll_id)
        waiting = await db.value(
            "SELECT true FROM cards WHERE state IN ('due', 'posting') AND (instance_id = $1 OR poll_id = $2)"
            " AND group_id = $3 AND topic_id IS NOT DISTINCT FROM $4",
            instance_id,
            poll_id,
            row["group_id"],
            row["topic_id"],
        )
        if waiting:  # a second tap on the button: one is on its way already
            return
        await db.execute(
            f"{INSERT_CARD} VALUES ($1, $2, $3, $4, $5, 'due', $6, $6, $7)",
            club.id,
            row["group_id"],
            row["topic_id"],
            instance_id,
            poll_id,
            at,
            person.id,
        )
        subject = f"instance {instance_id}" if poll_id is None else f"poll {poll_id}"
        await record_audit(club.id, person.id, "post card", subject)


async def announce_due() -> int:
    """The minute's job: a card for each date whose lead time has come and that has none; how many (`C1`)."""
    at = clock.now()
    if not await db.value(f"SELECT EXISTS (SELECT 1 {TO_ANNOUNCE})", at):
        return 0
    async with db.transaction():
        near = [row["id"] for row in await db.rows(LOCK_TO_ANNOUNCE, at)]
        return await db.execute(ANNOUNCE, at, near) if near else 0


# Asked five times a second, mostly for nothing.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM cards WHERE state = 'due' AND next_try_at <= $1)"

# --- the poster's own: what the holder of the sender's lease writes down ---


async def lose_interrupted_cards() -> int:
    """Cards that a former poster was posting when it went: they may be in the chat, so they are never sent again by
    themselves (`C1`); how many."""
    at = clock.now()
    async with db.transaction():
        half = await db.rows("SELECT id FROM cards WHERE state = 'posting' ORDER BY id")
        return sum(
            [await lose_cards("unknown", "may have been posted", at, card_id=row["id"]) for row in half]
        )


async def claim_due(chats: list[int]) -> CardJob | None:
    """One card to be posted, marked so before anything leaves; none to these chats, which are at their limit."""
    if not await db.value(ANY_DUE, clock.now()):
        return None
    async with db.transaction():
        taken = await db.value(
            "SELECT c.id FROM cards c JOIN groups g ON g.id = c.group_id WHERE c.state = 'due' AND c.next_try_at <= $1"
            " AND NOT (g.chat_id = ANY($2::bigint[])) ORDER BY c.next_try_at, c.id LIMIT 1 FOR UPDATE OF c SKIP LOCKED",
            clock.now(),
            chats,
        )
        if taken is None:
            return None
        await db.execute("UPDATE cards SET state = 'posting', attempts = attempts + 1 WHERE id = $1", taken)
        row = await db.row(f"{JOB} WHERE c.id = $1", taken)
    assert row is not None
    return job_from(row)


async def record_posted(job: CardJob, message_id: int, digest: str, look_at: datetime) -> None:
    """It is in the chat. Even if it was given up meanwhile: what is known is truer than what was feared."""
    await db.execute_single(
        "UPDATE cards SET state = 'live', message_id = $2, digest = $3, shown_version = $4, next_try_at = $5,"
        " posted_at = $6, drawn_at = $6, error = '', trouble = '', lost_at = NULL, attempts = 0 WHERE id = $1",
        job.card_id,
        message_id,
        digest,
        job.version,
        look_at,
        clock.now(),
    )


async def record_not_posted(job: CardJob, until: datetime, why: str) -> None:
    """It is certain that it is not in the chat: it is due again then."""
    await db.execute_single(
        "UPDATE cards SET state = 'due', next_try_at = $2, error = $3 WHERE id = $1 AND state = 'posting'",
        job.card_id,
        until,
        why[:500],
    )


async def record_shown(job: CardJob, digest: str, look_at: datetime) -> None:
    """The card shows this version now."""
    await db.execute_single(
        "UPDATE cards SET digest = $2, shown_version = greatest(shown_version, $3), next_try_at = $4, drawn_at = $5,"
        " error = '', attempts = 0 WHERE id = $1",
        job.card_id,
        digest,
        job.version,
        look_at,
        clock.now(),
    )


async def record_edit_failure(job: CardJob, why: str) -> None:
    """An edit failed in passing; the card stays behind and is tried again."""
    await db.execute_single(
        "UPDATE cards SET attempts = attempts + 1, error = $2 WHERE id = $1",
        job.card_id,
        why[:500],
    )


async def record_lost(job: CardJob, trouble: str, why: str) -> None:
    """It is gone, or cannot be reached: an organiser is told, with a button to post it again (`C6`).

    When the bot may not write to its group any more, what else is there is lost with it.
    """
    at = clock.now()
    async with db.transaction():
        group_id = None
        if trouble in ("muted", "removed"):
            group_id = await db.value(
                "UPDATE groups SET health = $2 WHERE chat_id = $1 RETURNING id",
                job.chat_id,
                trouble,
            )
        await lose_cards(trouble, why, at, card_id=job.card_id, group_id=group_id)


async def recover_tapped_card(
    chat_id: int, message_id: int, *, instance_id: int | None, poll_id: int | None
) -> bool:
    """Somebody tapped this message, so it is there: a card of which nobody knew whether it was posted is that one, and
    follows from now on (`C1`). Whether it was."""
    if not await db.value(f"SELECT true {UNKNOWN_CARD} LIMIT 1", chat_id, message_id, instance_id, poll_id):
        return False
    known = await db.execute_single_count(
        "UPDATE cards SET state = 'live', trouble = '', lost_at = NULL, error = '', message_id = $2, next_try_at = $5,"
        f" posted_at = lost_at WHERE state = 'lost' AND id = (SELECT c.id {UNKNOWN_CARD} ORDER BY c.id DESC LIMIT 1)",
        chat_id,
        message_id,
        instance_id,
        poll_id,
        clock.now(),
    )
    return known == 1


UNKNOWN_CARD = """
FROM cards c JOIN groups g ON g.id = c.group_id
WHERE g.chat_id = $1 AND c.state = 'lost' AND c.trouble = 'unknown' AND (c.instance_id = $3 OR c.poll_id = $4)
    AND NOT EXISTS (SELECT 1 FROM cards k WHERE k.group_id = g.id AND k.message_id = $2)
"""
