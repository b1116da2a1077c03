"""Row leases and periodic jobs: what only one process may do at a time, and what runs when (decision 0009).

No session locks: they break behind a connection pooler. A lease has an epoch, which rises with each change of
its holder, and marks the work of each holder: that of one that stalled is ignored.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from piccolo.columns import BigInt, Text, Timestamptz
from piccolo.table import Table

from backend import clock, db
from backend.engine import DB


class Lease(Table, tablename="leases", db=DB):
    """The process that may do what only one may do at a time. A former holder has a lower epoch."""

    name = Text(primary_key=True, default=None)
    holder = Text(default=None)
    until = Timestamptz(default=None)
    epoch = BigInt(default=None)


class ScheduledJob(Table, tablename="schedule", db=DB):
    """When a periodic job runs next. The worker that moves the row on runs the job."""

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
    """Take the lease, or keep it, for `life` from now. Its epoch, or None while another process holds it."""
    at = clock.now()
    epoch: int | None = await db.execute_single(TAKE, name, holder, at + life, at)
    return epoch


async def release(name: str, holder: str) -> None:
    """Give the lease up, so that no process waits until it runs out."""
    await db.execute_single(
        "UPDATE leases SET until = $3 WHERE name = $1 AND holder = $2", name, holder, clock.now()
    )


async def is_held(name: str) -> bool:
    """Whether any process holds the lease now."""
    return bool(await db.value("SELECT true FROM leases WHERE name = $1 AND until > $2", name, clock.now()))


async def held_until(name: str) -> datetime | None:
    """When the lease runs out, or ran out. None when no process ever held it."""
    until: datetime | None = await db.value("SELECT until FROM leases WHERE name = $1", name)
    return until


# --- periodic jobs: rows of the schedule ---

# The worker that runs a job claims it for JOB_CLAIM and renews the claim. If that worker dies, another claims
# the job at most ten seconds later (decision 0009).
JOB_CLAIM = timedelta(seconds=8)
JOB_RENEW = timedelta(seconds=2)
AFTER_FAILURE = timedelta(minutes=1)
ABANDONED = timedelta(days=1)  # overdue for so long, a job is run by no version of Emerald any more

REGISTER = """
WITH abandoned AS (DELETE FROM schedule WHERE name <> ALL($1::text[]) AND next_run_at < $3)
INSERT INTO schedule (name, next_run_at) SELECT unnest($1::text[]), $2 ON CONFLICT DO NOTHING
"""


async def register_jobs(names: list[str]) -> None:
    """Make the rows of jobs that are new to this database, due at once, and delete those of jobs that are no
    more. The rows of another version whose workers still run stay."""
    now = clock.now()
    await db.execute_single(REGISTER, names, now, now - ABANDONED)


async def due_jobs(names: Collection[str]) -> set[str]:
    """Those of these jobs whose time has come. Asked every second, mostly for nothing."""
    rows = await db.rows(
        "SELECT name FROM schedule WHERE name = ANY($1::text[]) AND next_run_at <= $2",
        list(names),
        clock.now(),
    )
    return {row["name"] for row in rows}


async def claim_job(name: str) -> int | None:
    """Claim the job for `JOB_CLAIM` if it is due and no other worker was faster. The epoch of the claim, or
    None."""
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
    """Keep a claim for `JOB_CLAIM` from now. False when another worker has claimed the job since."""
    kept = await db.execute_single(
        "UPDATE schedule SET next_run_at = $3 WHERE name = $1 AND epoch = $2 RETURNING true",
        name,
        epoch,
        clock.now() + JOB_CLAIM,
    )
    return bool(kept)


async def finish_job(name: str, epoch: int, every: timedelta, *, error: str = "") -> bool:
    """Record that the job ran. After an error it is due again soon. False, and nothing written, when another
    worker has claimed it since."""
    pause = min(every, AFTER_FAILURE) if error else every
    ended = await db.execute_single(
        "UPDATE schedule SET next_run_at = $3, error = $4 WHERE name = $1 AND epoch = $2 RETURNING true",
        name,
        epoch,
        clock.now() + pause,
        error[:500],
    )
    return bool(ended)
