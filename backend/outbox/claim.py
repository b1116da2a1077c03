"""Claiming the messages that are to be sent now (`M1`–`M3`).

Only the holder of the sender's lease claims and records, with the epoch of that lease: a holder that has lost
it changes nothing any more.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog

from backend import clock, db
from backend.outbox.deliveries import Delivery, load_deliveries
from backend.outbox.kinds import AT_MOST_ONCE, Priority
from backend.outbox.states import MessageState

log = structlog.get_logger()

ATTEMPTS_MAX = 10
# How many of an account's messages of one priority are searched for different recipients.
WINDOW = 200
# When all that was claimed was set aside, the next are claimed at once: at most this many times.
ROUNDS = 20

# Asked five times a second, mostly for nothing.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'due' AND due_at <= $1)"

# The row lock keeps the lease from changing hands until the claim is committed.
STILL_OURS = "SELECT true FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE"

# Every account has its turn, however much others have; within an account by priority. Finding the accounts
# and their first messages walks the index of what is due, so that an account with 50,000 messages costs no
# more than one with ten. Of an account's messages that are due at the same moment, those to the recipient
# with the most come first: a group takes a limited number a minute, and its messages must not all be left for the
# end. Between accounts that are equal chance decides: by their ids the same would always come first. A
# recipient is the person's id, or the group's as a negative number.
CLAIM = """
WITH RECURSIVE due_accounts AS (
    (SELECT account_id FROM messages WHERE state = 'due' ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT m.account_id FROM messages m WHERE m.state = 'due' AND m.account_id > a.account_id
        ORDER BY m.account_id LIMIT 1)
    FROM due_accounts a WHERE a.account_id IS NOT NULL
), busy AS (
    SELECT id AS recipient FROM telegram_users WHERE telegram_id = ANY($2::bigint[])
    UNION ALL SELECT -id FROM groups WHERE chat_id = ANY($2::bigint[])
), candidates AS (
    SELECT m.id, m.account_id, m.recipient, m.priority, m.due_at,
        count(*) OVER (PARTITION BY m.recipient) AS waiting
    FROM due_accounts a CROSS JOIN generate_series(0, $5::int) AS p (priority) CROSS JOIN LATERAL (
        SELECT d.id, d.account_id, d.priority, d.due_at, coalesce(d.user_id, -d.group_id) AS recipient
        FROM messages d WHERE d.account_id = a.account_id AND d.state = 'due' AND d.priority = p.priority AND d.due_at <= $1
            AND coalesce(d.user_id, -d.group_id) <> ALL (ARRAY(SELECT recipient FROM busy))
        ORDER BY d.due_at, d.id LIMIT $6
    ) m
), firsts AS (
    SELECT DISTINCT ON (recipient) * FROM candidates ORDER BY recipient, priority, due_at, id
), turns AS (
    SELECT id, priority, due_at,
        row_number() OVER (PARTITION BY account_id ORDER BY priority, due_at, waiting DESC, id) AS turn
    FROM firsts
), chosen AS (
    SELECT m.id FROM messages m WHERE m.state = 'due'
        AND m.id IN (SELECT id FROM turns ORDER BY turn, priority, due_at, random() LIMIT $3)
    FOR UPDATE SKIP LOCKED
)
UPDATE messages m SET state = 'sending', epoch = $4, attempts = m.attempts + 1
FROM chosen WHERE m.id = chosen.id RETURNING m.id
"""

# What is not to be sent, or not now, costs no attempt.
SET_ASIDE = """
UPDATE messages m SET state = t.state, due_at = coalesce(t.due_at, m.due_at), error = t.error,
    attempts = m.attempts - 1
FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[]) AS t (id, state, due_at, error)
WHERE m.id = t.id
"""

RECOVER = """
UPDATE messages SET epoch = $1, error = 'the sender went away meanwhile',
    state = CASE WHEN kind = ANY($2::text[]) THEN 'perhaps' WHEN attempts >= $3 THEN 'parked' ELSE 'due' END,
    sent_at = CASE WHEN kind = ANY($2::text[]) THEN $4::timestamptz END
WHERE state = 'sending' AND epoch < $1
"""

Aside = tuple[int, MessageState, datetime | None, str]  # a message's id, its new state, when it is due, why


async def recover(epoch: int) -> int:
    """What a former sender was sending when it went is due again: at least once (`M1`); how many.

    Announcements are not: they may have arrived, and are recorded so. From here on nothing the former sender
    records about any of them counts.
    """
    return await db.execute_single_count(RECOVER, epoch, list(AT_MOST_ONCE), ATTEMPTS_MAX, clock.now())


async def claim(epoch: int, *, limit: int, busy: Collection[int] = (), lease: str = "") -> list[Delivery]:
    """Claim up to `limit` messages that are due: at most one a chat, none to `busy` chats (ids of Telegram).

    They are marked as being sent, and committed, before anything leaves; nothing is claimed once the `lease`
    has another epoch. Messages that are stale, that their reader has muted (`M5`), or whose reader cannot be
    written to (`M3`) are set aside, and those that can wait for the morning are put off until then.
    """
    if limit <= 0:
        return []
    for _ in range(ROUNDS):
        if not await db.value(ANY_DUE, clock.now()):
            return []
        async with db.transaction():
            if lease and not await db.value(STILL_OURS, lease, epoch):
                return []
            claimed = await db.rows(CLAIM, clock.now(), list(busy), limit, epoch, max(Priority), WINDOW)
            deliveries, unreadable = await load_deliveries([row["id"] for row in claimed])
            aside: list[Aside] = [(id, MessageState.PARKED, None, reason) for id, reason in unreadable]
            to_send = await _set_aside(deliveries, aside)
        if to_send or not claimed:
            return to_send
    return []


async def _set_aside(deliveries: Sequence[Delivery], aside: list[Aside]) -> list[Delivery]:
    """Put away what is not to be sent, or not now, besides what is `aside` already; the rest."""
    to_send = []
    for delivery in deliveries:
        try:
            why_not = _why_not_now(delivery)
        except Exception as error:  # a detail that cannot be read holds up no other message (X9)
            log.exception("message unreadable", message=delivery.id)
            why_not = (delivery.id, MessageState.PARKED, None, f"cannot be read: {error!r}")
        if why_not is None:
            to_send.append(delivery)
        else:
            aside.append(why_not)
    if aside:
        await db.execute(SET_ASIDE, *map(list, zip(*aside, strict=True)))
    return to_send


def _why_not_now(delivery: Delivery) -> Aside | None:
    """What becomes of a message that is not to be sent now; None when it is."""
    if delivery.is_stale:
        return delivery.id, MessageState.DROPPED, None, "no longer so"
    if not delivery.is_reachable:
        return delivery.id, MessageState.BLOCKED, None, "the bot may not write to them"
    if delivery.is_muted:
        return delivery.id, MessageState.DROPPED, None, "not wanted"
    if (morning := delivery.held_until) is not None:
        return delivery.id, MessageState.DUE, morning, ""
    return None
