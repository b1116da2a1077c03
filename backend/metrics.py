"""Figures for operators: what waits to be sent, what is late, and how busy this process is.

They count over all accounts and hold no name and no text. One statement reads them at each scrape, from small
indexes.
"""

from dataclasses import dataclass

from backend import clock, db
from backend.engine import DB

# For how many seconds at $1 nothing was sent although something was due. Nothing is looked for in what was sent
# while nothing waits for long.
SILENT = """
SELECT CASE WHEN m.oldest < $1::timestamptz - interval '5 seconds' THEN extract(epoch FROM $1
    - greatest(m.oldest, (SELECT max(sent_at) FROM messages WHERE sent_at > m.oldest))) ELSE 0 END
FROM (SELECT min(due_at) AS oldest FROM messages WHERE state = 'due' AND due_at <= $1) m
"""

# `parked` is counted account by account: the index that serves this begins with the account.
METRICS = f"""
SELECT
    m.due, coalesce(extract(epoch FROM $1 - m.oldest), 0)::float8 AS oldest_due_seconds,
    ({SILENT})::float8 AS silent_seconds,
    (SELECT count(*) FROM messages WHERE state = 'sending') AS sending,
    (SELECT coalesce(sum(p.n), 0) FROM accounts a CROSS JOIN LATERAL
        (SELECT count(*) AS n FROM messages WHERE account_id = a.id
            AND state = 'parked') p)::bigint AS parked,
    (SELECT count(*) FROM cards WHERE state IN ('due', 'posting')) AS cards_due,
    (SELECT count(*) FROM cards c
        LEFT JOIN instance_seats s ON s.instance_id = c.instance_id
        LEFT JOIN poll_tallies t ON t.poll_id = c.poll_id
        WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00'
        AND coalesce(s.version, t.version) > c.shown_version) AS cards_stale,
    greatest(0, d.late)::float8 AS job_late_seconds, d.failing AS jobs_failing
FROM (SELECT count(*) AS due, min(due_at) AS oldest FROM messages WHERE state = 'due' AND due_at <= $1) m,
    (SELECT coalesce(extract(epoch FROM $1 - min(next_run_at)), 0) AS late,
        count(*) FILTER (WHERE error <> '') AS failing FROM schedule) d
"""


@dataclass(frozen=True, slots=True)
class Metrics:
    """The state of the background work. Ages are in seconds."""

    due: int  # messages that are due
    oldest_due_seconds: float
    silent_seconds: float  # nothing was sent although something was due
    sending: int
    parked: int  # messages that could not be sent, which organisers see (`M2`)
    cards_due: int  # cards to be posted
    cards_stale: int  # cards that do not show the newest state yet (`C2`)
    job_late_seconds: float  # how late the latest job is
    jobs_failing: int


@dataclass(frozen=True, slots=True)
class Connections:
    """This process's pool."""

    open: int
    in_use: int
    most: int


async def read_metrics() -> Metrics:
    """The present figures. Raises `Unavailable`, `Busy`."""
    row = await db.row(METRICS, clock.now())
    assert row is not None, "an aggregate always answers"
    return Metrics(**dict(row))


async def silent_for() -> float:
    """For how many seconds nothing was sent although something was due; 0 when nothing waits."""
    return float(await db.value(SILENT, clock.now()))


def connections() -> Connections:
    """The figures of this process's pool; zeros when it has none."""
    pool = DB.pool
    if pool is None:
        return Connections(0, 0, 0)
    return Connections(pool.get_size(), pool.get_size() - pool.get_idle_size(), pool.get_max_size())
