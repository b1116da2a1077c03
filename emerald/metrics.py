"""What `/metrics` answers for Prometheus, in every process that has a `METRICS_PORT`: this process's own counts
(`backend/instruments.py`), and the installation's figures as the database has them now (`backend/metrics.py`). It holds
no personal data and no secret (`X6`)."""

import asyncio
from collections.abc import Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from backend import zone_data
from backend.batching import BATCH_STATS
from backend.errors import Busy, Unavailable
from backend.instruments import BUILD, REGISTRY, ZONE_DATA
from backend.metrics import MetricsReader, Snapshot, connections
from backend.operations import Operation
from emerald.version import VERSION

log = structlog.get_logger()

READ_TIMEOUT = 3.0  # seconds for reading the database; the process's own counts are sent in any case

_reader = MetricsReader()


class _Figures(Collector):
    """What was read from the database for the current scrape."""

    snapshot: Snapshot | None = None  # None when the database does not answer

    def collect(self) -> Iterator[Metric]:
        yield gauge("database_up", "Whether the database answered", self.snapshot is not None)
        yield from _process()
        if self.snapshot is not None:
            yield from _work(self.snapshot)
            yield from _database(self.snapshot)
            yield from _operations(self.snapshot)


_figures = _Figures()
REGISTRY.register(_figures)


def gauge(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"emerald_{name}", description, value=value)


def _process() -> Iterator[Metric]:
    """What this process holds and has processed."""
    pool = connections()
    yield gauge("database_connections_open", "Of this process", pool.open)
    yield gauge("database_connections_in_use", "Of this process", pool.in_use)
    yield gauge("database_connections_most", "The most that this process opens", pool.most)
    batches = CounterMetricFamily("emerald_batches", "Transactions of the batchers", labels=["lane"])
    asked = CounterMetricFamily("emerald_batched_requests", "Requests processed in them", labels=["lane"])
    largest = GaugeMetricFamily("emerald_batch_largest", "Since the start", labels=["lane"])
    for name, tally in BATCH_STATS.items():
        lane = [name]
        batches.add_metric(lane, tally.batches)
        asked.add_metric(lane, tally.requests)
        largest.add_metric(lane, tally.largest)
    yield from (batches, asked, largest)


def _work(snapshot: Snapshot) -> Iterator[Metric]:
    """What waits, what is late, and how much the product is used."""
    now, usage = snapshot.metrics, snapshot.usage
    yield gauge("messages_due", "To be sent now", now.due)
    yield gauge("messages_oldest_due_seconds", "Since when the first waits", now.oldest_due_seconds)
    silent = "How long nothing was sent although something was due"
    yield gauge("messages_silent_seconds", silent, now.silent_seconds)
    yield gauge("messages_sending", "Under way", now.sending)
    yield gauge("messages_parked", "Given up, for organisers to see", now.parked)
    yield gauge("cards_due", "To be posted", now.cards_due)
    yield gauge("cards_stale", "Showing less than is known", now.cards_stale)
    yield gauge("cards_stale_seconds", "Since when the one most behind is", snapshot.cards_stale_seconds)
    yield gauge("duty_late_seconds", "The periodic job most behind", now.job_late_seconds)
    yield gauge("duties_failing", "Periodic jobs whose last run failed", now.jobs_failing)
    yield gauge("accounts", "Clubs", usage.accounts)
    yield gauge("dates_to_come", "Dates that are held and have not begun", usage.dates_to_come)
    yield gauge("seats_booked", "On dates to come", usage.seats_booked)
    yield gauge("seats_offered", "Held by offers, on dates to come", usage.seats_offered)
    yield gauge("parties_waiting", "In line, on dates to come", usage.parties_waiting)
    held = GaugeMetricFamily(
        "emerald_lease_seconds", "For how long this holder has it yet", labels=["lease", "holder"]
    )
    for lease in snapshot.leases:
        # A sender's lease is named after its bot's number.
        held.add_metric([lease.name.partition(" ")[0], lease.holder], lease.seconds)
    yield held


def _database(snapshot: Snapshot) -> Iterator[Metric]:
    """How PostgreSQL does."""
    now = snapshot.metrics
    yield gauge("database_backends", "Connections to the database, of all processes", now.backends)
    yield gauge("database_backends_most", "That the server allows", now.backends_max)
    yield gauge("database_bytes", "Size of the database", snapshot.usage.database_bytes)
    ended = CounterMetricFamily(
        "emerald_database_transactions", "Of all processes, as the server counts them", labels=["outcome"]
    )
    ended.add_metric(["committed"], now.commits)
    ended.add_metric(["rolled back"], now.rollbacks)
    yield ended
    yield CounterMetricFamily("emerald_database_deadlocks", "As the server counts them", value=now.deadlocks)
    behind_bytes = GaugeMetricFamily(
        "emerald_database_replication_lag_bytes", "Not replayed yet", labels=["replica"]
    )
    behind_seconds = GaugeMetricFamily(
        "emerald_database_replication_lag_seconds", "How far replaying is behind", labels=["replica"]
    )
    for replica in snapshot.replicas:
        behind_bytes.add_metric([replica.name], replica.bytes)
        behind_seconds.add_metric([replica.name], replica.seconds)
    yield from (behind_bytes, behind_seconds)


AGES = {
    Operation.BACKUP: ("backup_age_seconds", "Since the last complete backup"),
    Operation.VERIFIED_RESTORE: ("backup_verified_age_seconds", "Since a restore was last verified"),
    Operation.INVARIANTS: ("invariants_age_seconds", "Since the invariants were last checked"),
}


def _operations(snapshot: Snapshot) -> Iterator[Metric]:
    """When what operators rely on was done last; nothing for what never was."""
    for operation, (name, description) in AGES.items():
        if run := snapshot.runs.get(operation):
            yield gauge(name, description, (snapshot.at - run.finished_at).total_seconds())
    if run := snapshot.runs.get(Operation.INVARIANTS):
        yield gauge("invariants_violated", "Violations that the last check found", run.findings)
    if backups := snapshot.backups:
        yield gauge("backup_wal_gap_seconds", "Since when changes are not received", backups.wal_gap_seconds)
        yield gauge("backup_failing", "Whether the last backup or its check failed", backups.failed)
        yield gauge("backup_bytes", "Size of the newest base backup", backups.bytes)
        yield gauge("backup_free_bytes", "On the volume with the backups", backups.free_bytes)


def identify() -> None:
    """Say which version this process is, and by which zone data it goes."""
    BUILD.info({"version": VERSION})
    zones = zone_data.current()
    ZONE_DATA.info({"version": zones.version, "source": zones.source})


async def scrape(accept: str) -> tuple[bytes, str]:
    """The answer to a scrape and its content type; `accept` is the scraper's header of that name."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            _figures.snapshot = await _reader.read()
    except (Busy, Unavailable, TimeoutError) as error:
        log.warning("metrics unavailable", error=str(error) or "no answer in time")
        _figures.snapshot = None
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type
