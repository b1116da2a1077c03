"""Handling each update of Telegram once (`X2`). Updates that arrive together are claimed together, and what the handling of each
begins with is done by the same statement: its sender is looked up, and their use of the bot is counted (`X7`).

A claim does not wait for the disk. What is written for an update is written after its claim, so the disk never has it without the
claim: a crash that undoes a claim has undone all that came of it, and when Telegram repeats the update, it is handled.

A person who gets no answer asks again. An update nobody waits for is claimed for `HANDLED_WITHIN` only, until it was handled:
if the database or the process goes away meanwhile, it is claimed again when Telegram repeats it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.batching import Batcher
from backend.errors import Busy, OutcomeUnknown, Unavailable
from backend.people.actions import AS_DESCRIBED, SEEN_PRECISION, TelegramIdentity, columns, record_person
from backend.people.queries import Person, person_from
from backend.people.rate_limits import UNFLUSHED, RateLimit, check_uses, counting, spend
from backend.retry import retry_until_saved

LIMIT = RateLimit.UPDATES
HANDLED_WITHIN = timedelta(seconds=60)  # as long as Telegram waits for a response
COUNT_USES = counting(
    f"SELECT id, '{LIMIT.name}', $10::timestamptz, 1 FROM known WHERE counted ORDER BY id",
    now="$10",
    window=f"'{LIMIT.window.total_seconds()} s'",
    uses=str(LIMIT.uses),
)
# $1–$6 the senders as they are described, $7 ids of the updates, $8 when they arrived, $9 whose use is counted, $10 now,
# $11 known and seen after, $12 the bot, $13 whether an earlier try may have been committed, $14 when each may be claimed again.
# The claims come before the uses, each in order, so that two processes never wait for each other.
CLAIM = f"""
WITH arrived AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::bigint[],
        $8::timestamptz[], $9::boolean[], $14::timestamptz[])
    AS w (telegram_id, first_name, last_name, username, language, may_write, update_id, at, counted, again_at)
), new AS (
    INSERT INTO telegram_updates AS t (bot_id, update_id, seen_at, again_at)
    SELECT $12, update_id, at, again_at FROM arrived, {UNFLUSHED}
    ORDER BY update_id ON CONFLICT (bot_id, update_id) DO UPDATE SET seen_at = excluded.seen_at, again_at = excluded.again_at
    WHERE t.again_at <= excluded.seen_at RETURNING update_id
), claimed AS (
    SELECT update_id FROM new UNION
    SELECT w.update_id FROM arrived w JOIN telegram_updates t ON t.bot_id = $12 AND t.update_id = w.update_id AND t.seen_at = w.at
    WHERE $13
), known AS (
    SELECT w.update_id AS of_update, w.counted, u.* FROM claimed JOIN arrived w USING (update_id)
    JOIN telegram_users u ON {AS_DESCRIBED} AND u.seen_at > $11
), uses AS ({COUNT_USES})
SELECT claimed.update_id, known.*, uses.used, uses.since
FROM claimed LEFT JOIN known ON known.of_update = claimed.update_id LEFT JOIN uses ON uses.user_id = known.id AND known.counted
"""
MARK = f"""
UPDATE telegram_updates SET again_at = $3 FROM {UNFLUSHED} WHERE bot_id = $1 AND update_id = $2 AND again_at = $4
"""


@dataclass(frozen=True, slots=True)
class _Arrival:
    """An update that has arrived; `at` tells its claim from any other's. `again_at` is when it may be claimed again, unless
    it was handled; None for never."""

    bot_id: int
    update_id: int
    sender: TelegramIdentity | None
    is_counted: bool
    at: datetime
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to handle an update, which nobody else has. `known` is its sender, if they were known so; `uses` how often
    they used the bot and since when, if that was counted."""

    known: Person | None = None
    uses: tuple[int, datetime] | None = None


async def claim_update(
    bot_id: int, update_id: int, sender: TelegramIdentity | None = None, *, is_counted: bool = False
) -> Claim | None:
    """Claim an update: a claim for exactly one caller, however often and wherever the update arrives, and None for all others.
    `is_counted` counts it as a use of its sender, if they are known."""
    return await _batcher.submit(_Arrival(bot_id, update_id, sender, is_counted, clock.now()))


@asynccontextmanager
async def claimed_until_handled(
    bot_id: int, update_id: int, sender: TelegramIdentity | None = None
) -> AsyncIterator[Claim | None]:
    """Claim an update that must not be lost, to be handled inside: None for one that was handled. Raises `Unavailable`, so that
    it is asked for again: while somebody else handles it, and if the database went away or kept the handler waiting.

    That it was handled is recorded at the end. If the database is away just then, it is asked again for as long as nobody else
    may claim the update.
    """
    now = clock.now()
    again_at = now + HANDLED_WITHIN
    claim = await _batcher.submit(
        _Arrival(bot_id, update_id, sender, is_counted=False, at=now, again_at=again_at)
    )
    if claim is None:
        sql = "SELECT again_at IS NOT NULL FROM telegram_updates WHERE bot_id = $1 AND update_id = $2"
        if await db.value(sql, bot_id, update_id):
            raise Unavailable("the update is being handled")
        yield None
        return
    try:
        yield claim
    except (Busy, Unavailable) as error:
        with suppress(Busy, Unavailable):  # then it can be claimed again later
            await db.execute_single(MARK, bot_id, update_id, clock.now(), again_at)
        raise Unavailable(str(error)) from error
    except Exception:
        await _mark_handled(bot_id, update_id, again_at)
        raise
    await _mark_handled(bot_id, update_id, again_at)


async def _mark_handled(bot_id: int, update_id: int, again_at: datetime) -> None:
    await retry_until_saved(
        lambda: db.execute_single(MARK, bot_id, update_id, None, again_at),
        within=(again_at - clock.now()).total_seconds(),
    )


async def sender_of(claim: Claim, who: TelegramIdentity) -> Person:
    """The sender of a claimed update, who is recorded if they were not known so."""
    return claim.known or await record_person(who)


async def limit_updates(claim: Claim, person: Person) -> None:
    """Raises `TooOften` when the sender of a claimed update sends too much (`X7`)."""
    if claim.uses is None:
        await spend(person, LIMIT)
    else:
        check_uses(*claim.uses, LIMIT)


async def _claim_together(bot_id: int, arrivals: Sequence[_Arrival]) -> list[Claim | Exception | None]:
    """One claim, None or error for each. An update that the database does not take harms no other."""
    try:
        return [*await _claim(bot_id, arrivals)]
    except OutcomeUnknown:
        return [*await _claim(bot_id, arrivals, maybe_committed=True)]
    except (Busy, Unavailable):
        raise
    except Exception as error:  # noqa: BLE001 - becomes the result of the update that caused it
        if len(arrivals) == 1:
            return [error]
        return [result for one in arrivals for result in await _claim_together(bot_id, [one])]


async def _claim(
    bot_id: int, arrivals: Sequence[_Arrival], *, maybe_committed: bool = False
) -> list[Claim | None]:
    """Of an update that is there twice, the first gets the claim; of two updates by one person, the first is counted here."""
    firsts: dict[int, _Arrival] = {}
    for one in arrivals:
        firsts.setdefault(one.update_id, one)
    updates = sorted(firsts.values(), key=lambda one: one.update_id)
    senders = [one.sender.telegram_id if one.is_counted and one.sender else None for one in updates]
    now = clock.now()
    rows = await db.execute_single_rows(
        CLAIM,
        *columns([one.sender for one in updates]),
        [one.update_id for one in updates],
        [one.at for one in updates],
        [sender is not None and sender not in senders[:place] for place, sender in enumerate(senders)],
        now,
        now - SEEN_PRECISION,
        bot_id,
        maybe_committed,
        [one.again_at for one in updates],
    )
    claims = {row["update_id"]: _claim_from(row) for row in rows}
    return [claims.get(one.update_id) if firsts[one.update_id] is one else None for one in arrivals]


def _claim_from(row: db.Row) -> Claim:
    known = person_from(row) if row["id"] is not None else None
    return Claim(known, (row["used"], row["since"]) if row["used"] is not None else None)


_batcher: Batcher[_Arrival, Claim | None] = Batcher(
    "updates", _claim_together, key=lambda arrival: arrival.bot_id
)
