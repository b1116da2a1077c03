"""Row leases and duties: what only one process does at a time, and what runs when (decision 0009).

No session locks: they break behind a pooler. A lease has an epoch, which rises with every change of its holder, so that
what a stalled holder left half done is known by its number.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from piccolo.columns import BigInt, Text, Timestamptz
from piccolo.table import Table

from backend import clock, db
from backend.engine import DB


class Lease(Table, tablename="leases", db=DB):
    """Who may do what only one process may do at a time; the epoch fences off who held it before."""

    name = Text(primary_key=True, default=None)
    holder = Text(default=None)
    until = Timestamptz(default=None)
    epoch = BigInt(default=None)


class ScheduledJob(Table, tablename="schedule", db=DB):
    """When a periodic job runs next; whoever moves the row on runs it."""

    name = Text(primary_key=True, default=None)
    next_run_at = Timestamptz(default=None)
    last_run_at = Timestamptz(null=True, default=None)
    error = Text(default="")
    epoch = BigInt(default=0)


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
    epoch: int | None = await db.execute_single(TAKE, name, holder, at + life, at)
    return epoch


async def release(name: str, holder: str) -> None:
    """Give the lease up, so that nobody has to wait until it runs out."""
    await db.execute_single(
        "UPDATE leases SET until = $3 WHERE name = $1 AND holder = $2", name, holder, clock.now()
    )


async def is_held(name: str) -> bool:
    """Whether somebody holds the lease now."""
    return bool(await db.value("SELECT true FROM leases WHERE name = $1 AND until > $2", name, clock.now()))


async def held_until(name: str) -> datetime | None:
    """When the lease runs, or ran, out; None when nobody ever had it."""
    until: datetime | None = await db.value("SELECT until FROM leases WHERE name = $1", name)
    return until


# --- duties: rows of the schedule ---

# Whoever runs a duty claims it for so long and renews that; should they die, another takes it up (at most 10 s, decision 0009).
JOB_CLAIM = timedelta(seconds=8)
JOB_RENEW = timedelta(seconds=2)
AFTER_FAILURE = timedelta(minutes=1)


async def register_jobs(names: list[str]) -> None:
    """Make the rows of duties that are new to this database: due at once."""
    await db.execute_single(
        "INSERT INTO schedule (name, next_run_at) SELECT unnest($1::text[]), $2 ON CONFLICT DO NOTHING",
        names,
        clock.now(),
    )


async def due_jobs(names: Collection[str]) -> set[str]:
    """Those of these duties whose time has come: asked every second, mostly for nothing."""
    rows = await db.rows(
        "SELECT name FROM schedule WHERE name = ANY($1::text[]) AND next_run_at <= $2",
        list(names),
        clock.now(),
    )
    return {row["name"] for row in rows}


async def claim_job(name: str) -> int | None:
    """Claim the duty for `DUTY_LIFE` if it is due and nobody else was faster; the epoch of the claim, or None."""
    at = clock.now()
    epoch: int | None = await db.execute_single(
        "UPDATE schedule SET next_run_at = $2, last_run_at = $3, epoch = epoch + 1"
        " WHERE name = $1 AND next_run_at <= $3 RETURNING epoch",
        name,
        at + JOB_CLAIM,
        at,
    )
    return epoch


async def renew_job(name: str, epoch: int) -> bool:
    """Keep a claim for `DUTY_LIFE` from now; False when another has claimed the duty since."""
    kept = await db.execute_single(
        "UPDATE schedule SET next_run_at = $3 WHERE name = $1 AND epoch = $2 RETURNING true",
        name,
        epoch,
        clock.now() + JOB_CLAIM,
    )
    return bool(kept)


async def finish_job(name: str, epoch: int, every: timedelta, *, error: str = "") -> bool:
    """The duty was run; when it failed it is tried again soon. False, and nothing written, when another has claimed it."""
    pause = min(every, AFTER_FAILURE) if error else every
    ended = await db.execute_single(
        "UPDATE schedule SET next_run_at = $3, error = $4 WHERE name = $1 AND epoch = $2 RETURNING true",
        name,
        epoch,
        clock.now() + pause,
        error[:500],
    )
    return bool(ended)
