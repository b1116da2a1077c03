"""Taking messages to be sent, and writing down what became of them (`M1`–`M3`).

Only the holder of the sender's lease takes and writes down, with the epoch of that lease: who lost it changes nothing.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.messages.queries import Delivery, deliveries
from backend.outbox.kinds import AT_MOST_ONCE, Priority
from backend.people.actions import mark_blocked
from backend.people.queries import Person

ATTEMPTS_MAX = 10
# How far into a club's line of one priority is looked for different recipients.
WINDOW = 200
# What is put back or dropped makes no way: so often the next are looked at at once.
ROUNDS = 20

# Asked five times a second, mostly for nothing.
ANY_DUE = "SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'due' AND due_at <= $1)"

# Whoever claims keeps the lease from changing hands until what they took is written down.
STILL_OURS = "SELECT true FROM leases WHERE name = $1 AND epoch = $2 FOR SHARE"

# Every club in its turn, whatever others have in theirs; within a club by priority. Finding the clubs and the heads of
# their lines walks the index of what is due, so that a club with 50,000 messages costs no more than one with ten. Of what
# is due at the same moment, first what goes to who is told most: a group takes only so much a minute, and what one is told
# must not be left for the end. Where clubs are equal, chance decides: by their numbers, the same would always come first. A
# group is counted below zero among the recipients.
CLAIM = """
WITH RECURSIVE clubs AS (
    (SELECT account_id FROM messages WHERE state = 'due' ORDER BY account_id LIMIT 1)
    UNION ALL
    SELECT (SELECT m.account_id FROM messages m WHERE m.state = 'due' AND m.account_id > c.account_id
        ORDER BY m.account_id LIMIT 1)
    FROM clubs c WHERE c.account_id IS NOT NULL
), busy AS (
    SELECT id AS recipient FROM telegram_users WHERE telegram_id = ANY($2::bigint[])
    UNION ALL SELECT -id FROM groups WHERE chat_id = ANY($2::bigint[])
), heads AS (
    SELECT m.id, m.account_id, m.recipient, m.priority, m.due_at, count(*) OVER (PARTITION BY m.recipient) AS told
    FROM clubs c CROSS JOIN generate_series(0, $5::int) AS p (priority) CROSS JOIN LATERAL (
        SELECT d.id, d.account_id, d.priority, d.due_at, coalesce(d.user_id, -d.group_id) AS recipient FROM messages d
        WHERE d.account_id = c.account_id AND d.state = 'due' AND d.priority = p.priority AND d.due_at <= $1
            AND coalesce(d.user_id, -d.group_id) <> ALL (ARRAY(SELECT recipient FROM busy))
        ORDER BY d.due_at, d.id LIMIT $6
    ) m
), firsts AS (
    SELECT DISTINCT ON (recipient) * FROM heads ORDER BY recipient, priority, due_at, id
), turns AS (
    SELECT id, priority, due_at,
        row_number() OVER (PARTITION BY account_id ORDER BY priority, due_at, told DESC, id) AS turn
    FROM firsts
), chosen AS (
    SELECT m.id FROM messages m
    WHERE m.id IN (SELECT id FROM turns ORDER BY turn, priority, due_at, random() LIMIT $3) AND m.state = 'due'
    FOR UPDATE SKIP LOCKED
)
UPDATE messages m SET state = 'sending', epoch = $4, attempts = m.attempts + 1 FROM chosen WHERE m.id = chosen.id
RETURNING m.id
"""

# What is not to be sent, or not now, costs no attempt.
SET_ASIDE = """
UPDATE messages m SET state = t.state, due_at = coalesce(t.due_at, m.due_at), error = t.error, attempts = m.attempts - 1
FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::text[]) AS t (id, state, due_at, error)
WHERE m.id = t.id
"""

END = """
UPDATE messages SET state = $3, error = $4, sent_at = CASE WHEN $3 IN ('sent', 'perhaps') THEN $5::timestamptz END
WHERE id = $1 AND epoch = $2 AND state = 'sending'
"""

RECOVER = """
UPDATE messages SET epoch = $1, error = 'the sender went away meanwhile',
    state = CASE WHEN kind = ANY($2::text[]) THEN 'perhaps' WHEN attempts >= $3 THEN 'parked' ELSE 'due' END,
    sent_at = CASE WHEN kind = ANY($2::text[]) THEN $4::timestamptz END
WHERE state = 'sending' AND epoch < $1
"""


async def recover(epoch: int) -> int:
    """What a former sender had in hand when it went is due again: at least once (`M1`); how many.

    Announcements are not: they may have arrived, and that is what is written down of them. From here on the former
    sender's word about any of it counts no more.
    """
    return await db.execute_single_count(RECOVER, epoch, list(AT_MOST_ONCE), ATTEMPTS_MAX, clock.now())


async def claim(epoch: int, *, limit: int, busy: Collection[int] = (), lease: str = "") -> list[Delivery]:
    """Take up to `limit` messages that are due, at most one a chat and none to who is `busy` (Telegram's ids of chats).

    They are marked as being sent, and committed, before anything leaves; nothing is taken once the `lease` has another
    epoch. Those that would say what is no longer so, that their reader does not want (`M5`), or that go to who cannot be
    written to (`M3`), are set aside, and what can wait for the morning is put back until then.
    """
    if limit <= 0:
        return []
    for _ in range(ROUNDS):
        if not await db.value(ANY_DUE, clock.now()):
            return []
        async with db.transaction():
            if lease and not await db.value(STILL_OURS, lease, epoch):
                return []
            taken = await db.rows(CLAIM, clock.now(), list(busy), limit, epoch, max(Priority), WINDOW)
            claimed = await deliveries([row["id"] for row in taken])
            to_send = await _set_aside(claimed)
        if to_send or not claimed:
            return to_send
    return []


async def _set_aside(claimed: Sequence[Delivery]) -> list[Delivery]:
    """Put away what is not to be sent, or not now; what is left."""
    aside: list[tuple[int, str, datetime | None, str]] = []
    to_send = []
    for letter in claimed:
        if letter.outdated:
            aside.append((letter.id, "dropped", None, "no longer so"))
        elif not letter.reachable:
            aside.append((letter.id, "blocked", None, "the bot may not write to them"))
        elif letter.unwanted:
            aside.append((letter.id, "dropped", None, "not wanted"))
        elif (morning := letter.told_at) is not None:
            aside.append((letter.id, "due", morning, ""))
        else:
            to_send.append(letter)
    if aside:
        await db.execute(SET_ASIDE, *map(list, zip(*aside, strict=True)))
    return to_send


async def sent(letter: Delivery) -> None:
    """It was delivered."""
    await db.execute_single(END, *_end(letter, "sent", ""))


async def perhaps(letter: Delivery, why: str) -> None:
    """It may have been delivered, and is of the kind that is not repeated."""
    await db.execute_single(END, *_end(letter, "perhaps", why))


async def put_off(letter: Delivery, until: datetime, why: str, *, blameless: bool = False) -> None:
    """Try again then; after ten attempts it is parked where an organiser sees it (`M2`). Being told to wait is no failure."""
    if letter.attempts >= ATTEMPTS_MAX and not blameless:
        await park(letter, why)
        return
    await db.execute_single(
        "UPDATE messages SET state = 'due', due_at = $3, error = $4, attempts = attempts - $5"
        " WHERE id = $1 AND epoch = $2 AND state = 'sending'",
        letter.id,
        letter.epoch,
        until,
        why[:500],
        int(blameless),
    )


async def park(letter: Delivery, why: str) -> None:
    """It can never be sent as it is."""
    await db.execute_single(END, *_end(letter, "parked", why))


async def blocked(letter: Delivery) -> None:
    """The person has blocked the bot: nothing more is sent to them, this and what waits included (`M3`)."""
    await mark_blocked(letter.person.telegram_id)
    async with db.transaction():
        await db.execute(END, *_end(letter, "blocked", "the bot is blocked"))
        await db.execute(
            "UPDATE messages SET state = 'blocked', error = 'the bot is blocked' WHERE user_id = $1 AND state = 'due'",
            letter.person.id,
        )


def _end(letter: Delivery, state: str, why: str) -> tuple[int, int, str, str, datetime]:
    return letter.id, letter.epoch, state, why[:500], clock.now()


async def send_parked_again(person: Person, account_id: int) -> int:
    """Try once more what could not be sent (`M2`): it is due now, with all its attempts; how many.

    What is no longer so by now is not told. Raises `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.ANNOUNCE)
    async with db.transaction():
        again = await db.execute(
            "UPDATE messages SET state = 'due', due_at = $2, attempts = 0, error = '' WHERE account_id = $1 AND state = 'parked'",
            club.id,
            clock.now(),
        )
        if again:
            await record_audit(club.id, person.id, "send again", "messages", count=again)
    return again
