"""When what operators rely on was done last, and what it found: the check of the invariants, a backup, a restore that
was verified. A process that is not scraped leaves it here for those that are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from piccolo.columns import Integer, Text, Timestamptz
from piccolo.table import Table

from backend import clock, db
from backend.engine import DB


class Operation(StrEnum):
    """`operation_runs.name`."""

    BACKUP = "backup"
    VERIFIED_RESTORE = "verified restore"
    INVARIANTS = "invariants"


class OperationRun(Table, tablename="operation_runs", db=DB):
    """The last complete run of an operation. `findings` is how much it found to be wrong."""

    name = Text(primary_key=True, default=None)
    finished_at = Timestamptz(default=None)
    findings = Integer(default=None)


@dataclass(frozen=True, slots=True)
class Run:
    """The last complete run of an operation."""

    finished_at: datetime
    findings: int


RECORD = """
INSERT INTO operation_runs AS r (name, finished_at, findings) VALUES ($1, $2, $3)
ON CONFLICT ON CONSTRAINT operation_runs_pkey DO UPDATE SET finished_at = $2, findings = $3
WHERE r.finished_at <= $2
"""


async def record_run(operation: Operation, *, findings: int = 0, finished_at: datetime | None = None) -> None:
    """Record a complete run, now unless it says when. An older run than the recorded one changes nothing."""
    await db.execute_single(RECORD, operation, finished_at or clock.now(), findings)


async def last_runs() -> dict[Operation, Run]:
    """The last complete run of each operation that ever ran."""
    rows = await db.rows("SELECT name, finished_at, findings FROM operation_runs")
    known = {operation.value for operation in Operation}
    return {
        Operation(row["name"]): Run(row["finished_at"], row["findings"])
        for row in rows
        if row["name"] in known
    }
