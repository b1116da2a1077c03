"""Posting cards of instances and polls (`C1`, `C6`)."""

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.cards.queries import NEEDS_REPOST, card
from backend.cards.rules import CardState
from backend.cards.tables import Card
from backend.errors import Invalid, NotFound
from backend.groups.rules import GENERAL_TOPIC
from backend.i18n import N_
from backend.people.queries import Person

# Where a card goes: to the topic of its series or poll, or else to that of the group; null is General.
TOPIC_OF_INSTANCE = f"nullif(coalesce(r.topic_id, g.card_topic_id), {GENERAL_TOPIC})"
TOPIC_OF_POLL = f"nullif(coalesce(p.topic_id, g.card_topic_id), {GENERAL_TOPIC})"

# An instance is announced once: not again while it has any card in a linked group, a lost one included (C1); a paused series
# announces nothing (S9).
TO_ANNOUNCE = """
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN groups g ON g.id = r.group_id
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND g.health = 'well' AND r.paused_at IS NULL AND r.archived_at IS NULL
    AND i.starts_at <= $1 + make_interval(mins => r.announce_before_minutes)
    AND i.starts_at <= $1 + make_interval(mins => (SELECT max(announce_before_minutes) FROM event_series))
    AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id AND c.state <> 'unlinked')
"""
# Posting a card locks the row of its instance or poll, and only then checks whether there is a card already.
LOCK_TO_ANNOUNCE = f"SELECT i.id {TO_ANNOUNCE} ORDER BY i.id FOR NO KEY UPDATE OF i"
ANNOUNCE = f"""
INSERT INTO cards (account_id, group_id, topic_id, instance_id, state, next_try_at, created_at)
SELECT i.account_id, r.group_id, {TOPIC_OF_INSTANCE}, i.id, 'due', $1, $1 {TO_ANNOUNCE}
    AND i.id = ANY($2::bigint[])
"""
LOCK_INSTANCE = "SELECT 1 FROM event_instances WHERE id = $1 FOR NO KEY UPDATE"
LOCK_POLL = "SELECT 1 FROM polls WHERE id = $1 FOR NO KEY UPDATE"

# Where each card would be posted again.
TO_REPOST = f"""
SELECT c.account_id, c.group_id, c.instance_id, c.poll_id,
    CASE WHEN coalesce(r.group_id, p.group_id) = c.group_id
        THEN nullif(coalesce(r.topic_id, p.topic_id, g.card_topic_id), {GENERAL_TOPIC}) ELSE c.topic_id END AS topic_id
FROM cards c
JOIN groups g ON g.id = c.group_id
LEFT JOIN event_instances i ON i.id = c.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
LEFT JOIN polls p ON p.id = c.poll_id
"""


async def post_card(person: Person, code: str) -> None:
    """Post a card of this instance to its group and topic, also when there was one before: a deliberate act
    (`C1`).

    Raises `Invalid` when the series has no group, `Forbidden`, `NotFound`.
    """
    row = await db.row(
        f"SELECT i.id, i.account_id, r.group_id, {TOPIC_OF_INSTANCE} AS topic_id FROM event_instances i"
        " JOIN event_series r ON r.id = i.series_id LEFT JOIN groups g ON g.id = r.group_id WHERE i.code = $1",
        code,
    )
    if row is None:
        raise NotFound()
    await _post(person, row, instance_id=row["id"], poll_id=None)


async def post_poll_card(person: Person, code: str) -> None:
    """Post a card of this poll to its group and topic. Raises `Invalid` when it has no group, `Forbidden`,
    `NotFound`."""
    row = await db.row(
        f"SELECT p.id, p.account_id, p.group_id, {TOPIC_OF_POLL} AS topic_id FROM polls p"
        " LEFT JOIN groups g ON g.id = p.group_id WHERE p.code = $1",
        code,
    )
    if row is None:
        raise NotFound()
    await _post(person, row, instance_id=None, poll_id=row["id"])


async def repost_cards(person: Person, card_id: int) -> int:
    """Repost the cards that were lost together with this one (`C6`); how many. Each goes to the topic that
    its series or poll now has in that group, or else to where it was. Cards that have been reposted already
    are left alone.

    Raises `Forbidden`, `NotFound`.
    """
    chosen = await card(card_id)
    if chosen is None:
        raise NotFound()
    await authorize(person, chosen.account_id, Permission.POST_CARDS)
    lost_together = await db.rows(
        f"{TO_REPOST} WHERE c.account_id = $1 AND {NEEDS_REPOST} AND c.group_id = $3 AND c.lost_at = $4 ORDER BY c.id",
        chosen.account_id,
        clock.now(),
        chosen.group_id,
        chosen.lost_at,
    )
    for row in lost_together:
        await _post(person, row, instance_id=row["instance_id"], poll_id=row["poll_id"])
    return len(lost_together)


async def _post(person: Person, row: db.Row, *, instance_id: int | None, poll_id: int | None) -> None:
    account = await authorize(person, row["account_id"], Permission.POST_CARDS)
    if row["group_id"] is None:
        raise Invalid(N_("There is no group to post it to. Choose one first."), field="group_id")
    at = clock.now()
    async with db.transaction():
        await db.execute(LOCK_INSTANCE if poll_id is None else LOCK_POLL, instance_id or poll_id)
        is_on_its_way = await db.value(
            "SELECT true FROM cards WHERE state IN ('due', 'posting') AND (instance_id = $1 OR poll_id = $2)"
            " AND group_id = $3 AND topic_id IS NOT DISTINCT FROM $4",
            instance_id,
            poll_id,
            row["group_id"],
            row["topic_id"],
        )
        if is_on_its_way:  # a second tap on the button
            return
        await Card(
            account_id=account.id,
            group_id=row["group_id"],
            topic_id=row["topic_id"],
            instance_id=instance_id,
            poll_id=poll_id,
            state=CardState.DUE,
            next_try_at=at,
            created_at=at,
            asked_by=person.id,
        ).save()
        subject = f"instance {instance_id}" if poll_id is None else f"poll {poll_id}"
        await record_audit(account.id, person.id, "post card", subject)


async def announce_due() -> int:
    """Make the cards of instances whose announce lead has come and that have none (`C1`); how many. Runs
    every minute."""
    at = clock.now()
    if not await db.value(f"SELECT EXISTS (SELECT 1 {TO_ANNOUNCE})", at):
        return 0
    async with db.transaction():
        to_announce = [row["id"] for row in await db.rows(LOCK_TO_ANNOUNCE, at)]
        return await db.execute(ANNOUNCE, at, to_announce) if to_announce else 0
