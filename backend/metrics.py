"""Figures for operators: what waits to be sent, what is late, how much the product is used, and how the database does.

They count over all accounts and hold no name and no text. Two statements read them at a scrape, from small indexes;
what would cost more is read at most once a minute.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend import clock, db
from backend.backup_status import BackupFigures
from backend.backup_status import read as read_backup_status
from backend.engine import DB
from backend.operations import Operation, Run, last_runs

# For how many seconds at $1 nothing was sent although something was due. Nothing is looked for in what was sent
# while nothing waits for long.
SILENT = """
SELECT CASE WHEN m.oldest < $1::timestamptz - interval '5 seconds' THEN extract(epoch FROM $1
    - greatest(m.oldest, (SELECT max(sent_at) FROM messages WHERE sent_at > m.oldest))) ELSE 0 END
FROM (SELECT min(due_at) AS oldest FROM messages WHERE state = 'due' AND due_at <= $1) m
"""

# Posted cards that do not show the newest state of their instance or poll (`C2`).
STALE_CARDS = """
    FROM cards c
    LEFT JOIN instance_seats s ON s.instance_id = c.instance_id
    LEFT JOIN poll_tallies t ON t.poll_id = c.poll_id
    WHERE c.state = 'live' AND c.next_try_at < '9000-01-01 00:00:00+00'
    AND coalesce(s.version, t.version) > c.shown_version
"""
STALE_CARDS_MAX = 500  # followed by their ids, to know since when each is stale

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
    (SELECT count(*) {STALE_CARDS}) AS cards_stale,
    greatest(0, d.late)::float8 AS job_late_seconds, d.failing AS jobs_failing,
    b.numbackends AS backends, current_setting('max_connections')::int AS backends_max,
    b.xact_commit AS commits, b.xact_rollback AS rollbacks, b.deadlocks
FROM (SELECT count(*) AS due, min(due_at) AS oldest FROM messages WHERE state = 'due' AND due_at <= $1) m,
    (SELECT coalesce(extract(epoch FROM $1 - min(next_run_at)), 0) AS late,
        count(*) FILTER (WHERE error <> '') AS failing FROM schedule) d,
    pg_stat_database b
WHERE b.datname = current_database()
"""

# How far each replica is behind. Only a role with pg_monitor sees the places of others; others see no row.
REPLICAS = """
SELECT application_name AS name, max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::float8 AS bytes,
    max(coalesce(extract(epoch FROM replay_lag), 0))::float8 AS seconds
FROM pg_stat_replication WHERE NOT pg_is_in_recovery() AND replay_lsn IS NOT NULL GROUP BY 1
"""

LEASES = "SELECT name, holder, extract(epoch FROM until - $1)::float8 AS seconds FROM leases WHERE until > $1"

USAGE = """
SELECT (SELECT count(*) FROM accounts) AS accounts, count(*) AS dates_to_come,
    coalesce(sum(s.booked), 0)::bigint AS seats_booked, coalesce(sum(s.offered), 0)::bigint AS seats_offered,
    coalesce(sum(s.waiting), 0)::bigint AS parties_waiting,
    pg_database_size(current_database()) AS database_bytes
FROM event_instances i JOIN instance_seats s ON s.instance_id = i.id
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1
"""
USAGE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The state of the background work and of the database. Ages are in seconds."""

    due: int  # messages that are due
    oldest_due_seconds: float
    silent_seconds: float  # nothing was sent although something was due
    sending: int
    parked: int  # messages that could not be sent, which organisers see (`M2`)
    cards_due: int  # cards to be posted
    cards_stale: int  # cards that do not show the newest state yet (`C2`)
    job_late_seconds: float  # how late the latest job is
    jobs_failing: int
    backends: int  # connections to this database, of all processes
    backends_max: int
    commits: int
    rollbacks: int
    deadlocks: int


@dataclass(frozen=True, slots=True)
class Usage:
    """How much the product is used; of dates to come."""

    accounts: int
    dates_to_come: int
    seats_booked: int
    seats_offered: int
    parties_waiting: int
    database_bytes: int


@dataclass(frozen=True, slots=True)
class Replica:
    """How far a replica is behind."""

    name: str
    bytes: float
    seconds: float


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that is held, by whom, and for how many seconds yet."""

    name: str
    holder: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that one scrape reads."""

    at: datetime
    metrics: Metrics
    usage: Usage
    cards_stale_seconds: float  # since when the card longest behind is, as far as scrapes of this process saw
    replicas: Sequence[Replica]
    leases: Sequence[HeldLease]
    runs: dict[Operation, Run]
    backups: BackupFigures | None


@dataclass(frozen=True, slots=True)
class Connections:
    """This process's pool."""

    open: int
    in_use: int
    most: int


@dataclass(slots=True)
class MetricsReader:
    """Reads the figures at each scrape, and remembers what one reading cannot tell."""

    _usage: tuple[Usage, datetime] | None = None  # and when it was read
    _stale: dict[int, tuple[int, datetime]] = field(default_factory=dict)  # version shown, and seen since

    async def read(self) -> Snapshot:
        """The present figures. Raises `Unavailable`, `Busy`."""
        now = clock.now()
        row = await db.row(METRICS, now)
        assert row is not None, "an aggregate always answers"
        metrics = Metrics(**dict(row))
        return Snapshot(
            at=now,
            metrics=metrics,
            usage=await self._read_usage(now),
            cards_stale_seconds=await self._age_of_stale(now) if metrics.cards_stale else self._forget(),
            replicas=[Replica(**dict(row)) for row in await db.rows(REPLICAS)],
            leases=[HeldLease(**dict(row)) for row in await db.rows(LEASES, now)],
            runs=await last_runs(),
            backups=await read_backup_status(),
        )

    async def _read_usage(self, now: datetime) -> Usage:
        if self._usage is None or now >= self._usage[1] + USAGE_EVERY:
            row = await db.row(USAGE, now)
            assert row is not None, "an aggregate always answers"
            self._usage = Usage(**dict(row)), now
        return self._usage[0]

    async def _age_of_stale(self, now: datetime) -> float:
        """A card counts from the first scrape that saw it behind. What it shows changes with each edit, however far
        behind it stays, and then it counts anew."""
        rows = await db.rows(
            f"SELECT c.id, c.shown_version {STALE_CARDS} ORDER BY c.id LIMIT {STALE_CARDS_MAX}"
        )
        seen: dict[int, tuple[int, datetime]] = {}
        for row in rows:
            version, since = self._stale.get(row["id"], (None, now))
            seen[row["id"]] = (row["shown_version"], since if version == row["shown_version"] else now)
        self._stale = seen
        return max(((now - since).total_seconds() for _, since in seen.values()), default=0.0)

    def _forget(self) -> float:
        self._stale = {}
        return 0.0


async def silent_for() -> float:
    """For how many seconds nothing was sent although something was due; 0 when nothing waits."""
    return float(await db.value(SILENT, clock.now()))


def connections() -> Connections:
    """The figures of this process's pool; zeros when it has none."""
    pool = DB.pool
    if pool is None:
        return Connections(0, 0, 0)
    return Connections(pool.get_size(), pool.get_size() - pool.get_idle_size(), pool.get_max_size())
