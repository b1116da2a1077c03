"""What this process counts about itself, for `/metrics` (decision 0029): the instruments that the domain and the bot
use, and the registry of them all. They hold no name, no text and no id of a person (`X6`), and their labels have few
values."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    Summary,
    disable_created_metrics,
)

disable_created_metrics()  # when each series began, which nobody asks for: as many lines again
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
BUILD = Info("emerald_build", "What runs", registry=REGISTRY)
ZONE_DATA = Info("emerald_zone_data", "The time zone data it goes by", registry=REGISTRY)

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25)
_SLOW = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_STATEMENTS = Histogram(
    "emerald_database_statement_seconds",
    "Of one statement, with the wait for a connection",
    ("kind",),
    buckets=_QUICK,
    registry=REGISTRY,
)
READ_SECONDS, WRITE_SECONDS = _STATEMENTS.labels("read"), _STATEMENTS.labels("write")
_TRANSACTIONS = Histogram(
    "emerald_database_transaction_seconds",
    "From BEGIN to the end of a transaction",
    ("outcome",),
    buckets=_QUICK,
    registry=REGISTRY,
)
COMMIT_SECONDS, ROLLBACK_SECONDS = _TRANSACTIONS.labels("committed"), _TRANSACTIONS.labels("rolled back")

REPLICA_READS = Counter(
    "emerald_replica_reads",
    "Reads of everything that may be done on a replica, by where they were done",
    ("server",),
    registry=REGISTRY,
)

TELEGRAM_CALLS = Counter(
    "emerald_telegram_calls",
    "Calls to Telegram, by what came of them",
    ("method", "result"),
    registry=REGISTRY,
)
TELEGRAM_SECONDS = Histogram(
    "emerald_telegram_call_seconds", "Of one call to Telegram", ("method",), buckets=_SLOW, registry=REGISTRY
)
UPDATE_SECONDS = Histogram(
    "emerald_update_seconds",
    "From an update's arrival to the end of its handler, with the answer",
    ("kind",),
    buckets=_SLOW,
    registry=REGISTRY,
)
UPDATES_FAILED = Counter(
    "emerald_updates_failed", "Updates answered with an apology", ("reason",), registry=REGISTRY
)
JOB_SECONDS = Summary("emerald_job_seconds", "Of one run of a periodic job", ("job",), registry=REGISTRY)
JOBS_FAILED = Counter(
    "emerald_jobs_failed", "Runs of a periodic job that failed", ("job",), registry=REGISTRY
)
