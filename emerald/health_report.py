"""What `emerald doctor` looks at; each finding is one line that says what to do."""

from backend import clock, db, zone_data
from emerald.doctor import check_invariants
from emerald.migrate import migrate

OLDEST = 15


async def report(*, invariants: bool) -> list[str]:
    """Everything found wrong with the database this process is set to use; empty when all is well.

    With `invariants` every seat, place and log row is recounted (`B3`, `B8`).
    """
    found = []
    zones = zone_data.current()
    if zones.is_old(clock.now()):
        found.append(f"Time zone data {zones} is more than a year old: update the system’s, or tzdata.")
    version = int(await db.value("SHOW server_version_num")) // 10_000
    if version < OLDEST:
        found.append(f"PostgreSQL {version} is too old: use {OLDEST} or newer.")
    if not await db.value("SELECT pg_is_in_recovery() = false"):
        found.append("The database is a replica and cannot be written: use the primary.")
    missing = await migrate(check=True)
    if missing:
        found.append(f"{len(missing)} steps of migration are missing: run `emerald migrate`.")
    elif invariants:
        found += await check_invariants()
    return found
