"""What `emerald doctor` checks. Each finding is one line that says what to do."""

from backend import clock, db, zone_data
from backend.events.zone_changes import newest_zone_data, series_to_keep
from emerald.doctor import check_invariants
from emerald.migrate import migrate

POSTGRES_MIN = 15


async def report(*, invariants: bool) -> list[str]:
    """Everything that is wrong with the database of the settings; empty when all is well.

    With `invariants`, every seat, every place in the waitlist and every row of the log is counted again
    (`B3`, `B8`).
    """
    found = []
    zones = zone_data.current()
    if zones.is_old(clock.now()):
        found.append(f"Time zone data {zones} is more than a year old: update the system’s, or tzdata.")
    version = int(await db.value("SHOW server_version_num")) // 10_000
    if version < POSTGRES_MIN:
        found.append(f"PostgreSQL {version} is too old: use {POSTGRES_MIN} or newer.")
    if not await db.value("SELECT pg_is_in_recovery() = false"):
        found.append("The database is a replica and cannot be written: use the primary.")
    missing = await migrate(check=True)
    if missing:
        found.append(f"{len(missing)} migration steps are missing: run `emerald migrate`.")
        return found
    newest = await newest_zone_data()
    if newest > zones.version:
        found.append(
            f"Dates were computed with time zone data {newest}, and this is {zones}: install newer data here."
        )
    if zones.version == zone_data.UNKNOWN:
        found.append(f"Time zone data {zones}: name a folder that says its version, in the file tzdata.zi.")
    elif behind := await series_to_keep():
        found.append(f"Events not at time zone data {zones} yet: {len(behind)}. Start a worker.")
    if invariants:
        found += await check_invariants()
    return found
