"""Row leases and duties: what only one process does at a time, and what runs when (HOUSE 4c).

No session locks: they break behind a pooler. A lease has an epoch, which rises with every change of its holder, so that
what a stalled holder left half done is known by its number.
"""

from datetime import datetime, timedelta

from backend import clock, db

TAKE = """
INSERT INTO leases AS l (name, holder, until, epoch) VALUES ($1, $2, $3, 1)
ON CONFLICT ON CONSTRAINT leases_pkey DO UPDATE SET holder = $2, until = $3,
    epoch = CASE WHEN l.holder = $2 THEN l.epoch ELSE l.epoch + 1 END
WHERE l.holder = $2 OR l.until <= $4
RETURNING epoch
"""


async def take(name: str, holder: str, life: timedelta) -> int | None:
    """Hold the lease for `life` from now, newly or still; its epoch, or None while somebody else has it."""
    at = clock.now()
    async with db.transaction():
        epoch: int | None = await db.value(TAKE, name, holder, at + life, at)
    return epoch


async def let_go(name: str, holder: str) -> None:
    """Give the lease up, so that nobody has to wait until it runs out."""
    async with db.transaction():
        await db.execute(
            "UPDATE leases SET until = $3 WHERE name = $1 AND holder = $2",
            name,
            holder,
            clock.now(),
        )


async def held(name: str) -> bool:
    """Whether somebody holds the lease now."""
    return bool(
        await db.value("SELECT true FROM leases WHERE name = $1 AND until > $2", name, clock.now())
    )


async def held_until(name: str) -> datetime | None:
    """When the lease runs, or ran, out; None when nobody ever had it."""
    until: datetime | None = await db.value("SELECT until FROM leases WHERE name = $1", name)
    return until


# --- duties: rows of the schedule ---

# While a duty runs it is not due; should whoever runs it die, it is due again after this.
AT_MOST = timedelta(minutes=10)
AFTER_FAILURE = timedelta(minutes=1)


async def enlist(names: list[str]) -> None:
    """Make the rows of duties that are new to this database: due at once."""
    async with db.transaction():
        await db.execute(
            "INSERT INTO schedule (name, next_run_at) SELECT unnest($1::text[]), $2 ON CONFLICT DO NOTHING",
            names,
            clock.now(),
        )


async def claim_duty(name: str) -> bool:
    """Whether this process is to run the duty now: it is due, and nobody else was faster."""
    at = clock.now()
    async with db.transaction():
        claimed = await db.execute(
            "UPDATE schedule SET next_run_at = $2, last_run_at = $3 WHERE name = $1 AND next_run_at <= $3",
            name,
            at + AT_MOST,
            at,
        )
    return claimed == 1


async def end_duty(name: str, every: timedelta, *, error: str = "") -> None:
    """The duty was run; when it failed it is tried again soon."""
    pause = min(every, AFTER_FAILURE) if error else every
    async with db.transaction():
        await db.execute(
            "UPDATE schedule SET next_run_at = $2, error = $3 WHERE name = $1",
            name,
            clock.now() + pause,
            error[:500],
        )
