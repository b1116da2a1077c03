"""Taking messages to be sent, and writing down what became of them (`M1`–`M3`).

Only the holder of the sender's lease calls these, with the epoch of that lease.
"""

from collections.abc import Collection
from datetime import datetime

from backend import clock, db
from backend.messages.queries import Letter, letters
from backend.people.actions import mark_blocked

ATTEMPTS_MAX = 10

# Asked five times a second, mostly for nothing.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'due' AND due_at <= $1)"

# Every club in its turn, whatever others have in theirs; within a club by priority. Finding the clubs and the heads of
# their lines walks the index of what is due, so that a club with 50,000 messages costs no more than one with ten.
CLAIM = """
WITH RECURSIVE clubs AS (
    (SELECT account_id FROM messages WHERE state = 'due' ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT m.account_id FROM messages m WHERE m.state = 'due' AND m.account_id > c.account_id
        ORDER BY m.account_id LIMIT 1)
    FROM clubs c WHERE c.account_id IS NOT NULL
), heads AS (
    SELECT m.id, m.user_id, m.priority, m.due_at,
        row_number() OVER (PARTITION BY m.account_id ORDER BY m.priority, m.due_at, m.id) AS turn
    FROM clubs c CROSS JOIN LATERAL (
        SELECT * FROM messages d WHERE d.account_id = c.account_id AND d.state = 'due' AND d.due_at <= $1
            AND d.user_id NOT IN (SELECT id FROM telegram_users WHERE telegram_id = ANY($2::bigint[]))
        ORDER BY d.priority, d.due_at, d.id LIMIT $3
    ) m
), firsts AS (
    SELECT DISTINCT ON (user_id) id, turn, priority, due_at FROM heads ORDER BY user_id, priority, due_at, id
), chosen AS (
    SELECT m.id FROM messages m
    WHERE m.id IN (SELECT id FROM firsts ORDER BY turn, priority, due_at, id LIMIT $3) AND m.state = 'due'
    FOR UPDATE SKIP LOCKED
)
UPDATE messages m SET state = 'sending', epoch = $4, attempts = m.attempts + 1 FROM chosen WHERE m.id = chosen.id
RETURNING m.id
"""


async def recover(epoch: int) -> int:
    """What a former sender had in hand when it went is due again: at least once (`M1`); how many."""
    async with db.transaction():
        return await db.execute(
            "UPDATE messages SET state = 'due' WHERE state = 'sending' AND epoch < $1", epoch
        )


async def claim(epoch: int, *, limit: int, busy: Collection[int] = ()) -> list[Letter]:
    """Take up to `limit` messages that are due, at most one a person and none to who is `busy` (Telegram ids).

    They are marked as being sent, and committed, before anything leaves. Those that would say what is no longer so, and
    those to people who cannot be written to (`M3`), are dropped instead.
    """
    if limit <= 0 or not await db.value(ANY_DUE, clock.now()):
        return []
    async with db.transaction():
        taken = await db.rows(CLAIM, clock.now(), list(busy), limit, epoch)
        claimed = await letters([row["id"] for row in taken])
        for letter in claimed:
            if letter.outdated or not letter.person.reachable:
                why = "no longer so" if letter.outdated else "the bot may not write to them"
                await _end(letter, "dropped", why)
    return [x for x in claimed if x.person.reachable and not x.outdated]


async def sent(letter: Letter) -> None:
    """It was delivered."""
    async with db.transaction():
        await db.execute(
            "UPDATE messages SET state = 'sent', sent_at = $3, error = '' WHERE id = $1 AND epoch = $2",
            letter.id,
            letter.epoch,
            clock.now(),
        )


async def put_off(letter: Letter, until: datetime, why: str, *, blameless: bool = False) -> None:
    """Try again then; after ten attempts it is parked where an organiser sees it (`M2`). Being told to wait is no failure."""
    async with db.transaction():
        if letter.attempts >= ATTEMPTS_MAX and not blameless:
            await _end(letter, "parked", why)
            return
        await db.execute(
            "UPDATE messages SET state = 'due', due_at = $3, error = $4, attempts = attempts - $5"
            " WHERE id = $1 AND epoch = $2",
            letter.id,
            letter.epoch,
            until,
            why[:500],
            int(blameless),
        )


async def park(letter: Letter, why: str) -> None:
    """It can never be sent as it is."""
    async with db.transaction():
        await _end(letter, "parked", why)


async def blocked(letter: Letter) -> None:
    """The person has blocked the bot: nothing more is sent to them, this and what waits included (`M3`)."""
    await mark_blocked(letter.person.telegram_id)
    async with db.transaction():
        await db.execute(
            "UPDATE messages SET state = 'dropped', error = 'the bot is blocked'"
            " WHERE user_id = $1 AND (state = 'due' OR id = $2)",
            letter.person.id,
            letter.id,
        )


async def _end(letter: Letter, state: str, why: str) -> None:
    await db.execute(
        "UPDATE messages SET state = $3, error = $4 WHERE id = $1 AND epoch = $2",
        letter.id,
        letter.epoch,
        state,
        why[:500],
    )
