"""What is known of the backups, in one row of the database: for metrics, alerts and `emerald doctor`.

Backups are made by a process of their own, often in a container without a port; everything else reads here how
they fare.
"""

from dataclasses import dataclass
from datetime import datetime

from piccolo.columns import BigInt, Boolean, Integer, Text, Timestamptz
from piccolo.table import Table

from backend import clock, db
from backend.engine import DB

ERROR_MAX = 500  # characters


class BackupStatus(Table, tablename="backup_status", db=DB):
    """The only row of its table."""

    id = Integer(primary_key=True, default=1)
    backed_up_at = Timestamptz(null=True, default=None)  # when the newest base backup was complete
    backup_bytes = BigInt(null=True, default=None)
    encrypted = Boolean(null=True, default=None)
    verified_at = Timestamptz(null=True, default=None)  # when a backup was last restored and found consistent
    verified_until = Timestamptz(null=True, default=None)  # the newest change that it held
    received_at = Timestamptz(null=True, default=None)  # all WAL written until then is stored
    free_bytes = BigInt(null=True, default=None)  # on the volume with the backups
    error = Text(default="")  # of the last run; "" when it was good
    failed_at = Timestamptz(null=True, default=None)


@dataclass(frozen=True, slots=True)
class BackupFigures:
    """The ages in seconds, at the moment they were read; infinite for what never was."""

    age_seconds: float
    verified_age_seconds: float
    wal_gap_seconds: float
    bytes: int
    free_bytes: int
    failed: bool
    encrypted: bool
    error: str


COLUMNS = frozenset(
    {
        "backed_up_at",
        "backup_bytes",
        "encrypted",
        "verified_at",
        "verified_until",
        "received_at",
        "free_bytes",
        "error",
        "failed_at",
    }
)


async def record(**facts: object) -> None:
    """Write what has become known; what is not named stays as it was. Raises `Unavailable`, `Busy`."""
    unknown = set(facts) - COLUMNS
    assert not unknown, f"no such columns: {unknown}"
    names = list(facts)
    values = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    changes = ", ".join(f"{name} = excluded.{name}" for name in names)
    await db.execute_single(
        f"INSERT INTO backup_status (id, {', '.join(names)}) VALUES (1, {values})"
        f" ON CONFLICT ON CONSTRAINT backup_status_pkey DO UPDATE SET {changes}",
        *facts.values(),
    )


async def record_failure(error: str) -> None:
    """Write that a run has failed, and why."""
    await record(error=error[:ERROR_MAX], failed_at=clock.now())


async def read() -> BackupFigures | None:
    """The figures; None where backups were never set up."""
    row = await db.row("SELECT * FROM backup_status")
    if row is None:
        return None
    now = clock.now()

    def age(at: datetime | None) -> float:
        return max(0.0, (now - at).total_seconds()) if at is not None else float("inf")

    return BackupFigures(
        age_seconds=age(row["backed_up_at"]),
        verified_age_seconds=age(row["verified_at"]),
        wal_gap_seconds=age(row["received_at"]),
        bytes=row["backup_bytes"] or 0,
        free_bytes=row["free_bytes"] or 0,
        failed=bool(row["error"]),
        encrypted=bool(row["encrypted"]),
        error=row["error"],
    )
