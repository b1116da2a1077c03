"""Announcing dates and polls by cards, and what becomes of each card (`C1`, `C2`, `C6`)."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorise
from backend.accounts.rules import Act
from backend.audit.actions import note
from backend.cards.queries import JOB, Job, job_from
from backend.errors import Invalid, NotFound
from backend.i18n import N_
from backend.people.queries import Person

DUE = """
INSERT INTO cards (account_id, group_id, topic_id, instance_id, poll_id, state, next_try_at, created_at, asked_by)
"""

# A date is announced once: not again while there is any card of it, lost ones included (`C1`). The rows of its seats are
# locked by nobody here; two runs at once are kept apart by the duty's row.
ANNOUNCE = f"""
{DUE} SELECT i.account_id, r.group_id, r.topic_id, i.id, NULL, 'due', $1, $1, NULL
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN groups g ON g.id = r.group_id
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND g.health = 'well'
    AND i.starts_at <= $1 + make_interval(mins => r.announce_before_minutes)
    AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id)
"""


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


async def _post(
    person: Person, row: db.Row, *, instance_id: int | None, poll_id: int | None
) -> None:
    club = await authorise(person, row["account_id"], Act.POST_CARDS)
    if row["group_id"] is None:
        raise Invalid(N_("There is no group to post it to. Choose one first."), field="group_id")
    at = clock.now()
    async with db.transaction():
        waiting = await db.value(
            "SELECT true FROM cards WHERE state = 'due' AND (instance_id = $1 OR poll_id = $2)",
            instance_id,
            poll_id,
        )
        if waiting:  # a second tap on the button: one is on its way already
            return
        await db.execute(
            f"{DUE} VALUES ($1, $2, $3, $4, $5, 'due', $6, $6, $7)",
            club.id,
            row["group_id"],
            row["topic_id"],
            instance_id,
            poll_id,
            at,
            person.id,
        )
        subject = f"instance {instance_id}" if poll_id is None else f"poll {poll_id}"
        await note(club.id, person.id, "post card", subject)


async def announce_due() -> int:
    """The minute's job: a card for each date whose lead time has come and that has none; how many (`C1`)."""
    async with db.transaction():
        return await db.execute(ANNOUNCE, clock.now())


# Asked five times a second, mostly for nothing.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM cards WHERE state = 'due' AND next_try_at <= $1)"

# --- the poster's own: what the holder of the sender's lease writes down ---


async def lose_half_posted() -> int:
    """Cards that a former poster was posting when it went: they may be in the chat, so they are never sent again by
    themselves (`C1`); how many."""
    async with db.transaction():
        return await db.execute(
            "UPDATE cards SET state = 'lost', error = 'may have been posted' WHERE state = 'posting'"
        )


async def take_due(chats: list[int]) -> Job | None:
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
        await db.execute(
            "UPDATE cards SET state = 'posting', attempts = attempts + 1 WHERE id = $1", taken
        )
        row = await db.row(f"{JOB} WHERE c.id = $1", taken)
    assert row is not None
    return job_from(row)


async def posted(job: Job, message_id: int, digest: str, look_at: datetime) -> None:
    """It is in the chat. Even if it was given up meanwhile: what is known is truer than what was feared."""
    async with db.transaction():
        await db.execute(
            "UPDATE cards SET state = 'live', message_id = $2, digest = $3, shown_version = $4, next_try_at = $5,"
            " posted_at = $6, error = '', attempts = 0 WHERE id = $1",
            job.card_id,
            message_id,
            digest,
            job.version,
            look_at,
            clock.now(),
        )


async def not_posted(job: Job, until: datetime, why: str) -> None:
    """It is certain that it is not in the chat: it is due again then."""
    async with db.transaction():
        await db.execute(
            "UPDATE cards SET state = 'due', next_try_at = $2, error = $3 WHERE id = $1 AND state = 'posting'",
            job.card_id,
            until,
            why[:500],
        )


async def shown(job: Job, digest: str, look_at: datetime) -> None:
    """The card shows this version now."""
    async with db.transaction():
        await db.execute(
            "UPDATE cards SET digest = $2, shown_version = greatest(shown_version, $3), next_try_at = $4, error = '',"
            " attempts = 0 WHERE id = $1",
            job.card_id,
            digest,
            job.version,
            look_at,
        )


async def failed_to_show(job: Job, why: str) -> None:
    """An edit failed in passing; the card stays behind and is tried again."""
    async with db.transaction():
        await db.execute(
            "UPDATE cards SET attempts = attempts + 1, error = $2 WHERE id = $1",
            job.card_id,
            why[:500],
        )


async def lost(job: Job, why: str) -> None:
    """It is gone, or cannot be reached: an organiser sees it, with a button to post it again (`C6`)."""
    async with db.transaction():
        await db.execute(
            "UPDATE cards SET state = 'lost', error = $2 WHERE id = $1", job.card_id, why[:500]
        )
