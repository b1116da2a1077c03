"""What `emerald doctor` checks. Each finding is one line that says what to do."""

from collections.abc import Awaitable, Callable

from backend import clock, db, leases, replica, zone_data
from backend.events.zone_changes import newest_zone_data, series_to_keep
from backend.settings import settings
from emerald.doctor import check_invariants
from emerald.pending import pending
from emerald.pollers import waiting_lease
from emerald.rights import APP, LOGS

POSTGRES_MIN = 15

MIGHT = """
SELECT rolname, rolsuper, EXISTS (SELECT 1 FROM unnest($1::text[]) log
    WHERE has_table_privilege(to_regclass(log), 'UPDATE, DELETE, TRUNCATE')) AS rewrites
FROM pg_roles WHERE rolname = current_user
"""


async def report(
    *,
    invariants: bool,
    progress: Callable[[int, int], None] | None = None,
    around: Callable[[], Awaitable[list[str]]] | None = None,
) -> list[str]:
    """Everything that is wrong with the database of the settings; empty when all is well. `around` finds what is wrong
    around it, and is asked when no step is missing, for its tables tell that too.

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
    found += await _role_findings()
    missing = await pending()
    if missing:
        found.append(f"{len(missing)} migration steps are missing: run `emerald migrate`.")
        return found
    if await leases.is_held(waiting_lease()):
        found.append(
            "A second `emerald bot` waits beside the one that polls: one is enough for a token, so stop one."
        )
    newest = await newest_zone_data()
    if newest > zones.version:
        found.append(
            f"Dates were computed with time zone data {newest}, and this is {zones}: install newer data here."
        )
    if zones.version == zone_data.UNKNOWN:
        found.append(f"Time zone data {zones}: name a folder that says its version, in the file tzdata.zi.")
    elif behind := await series_to_keep():
        found.append(f"Events not at time zone data {zones} yet: {len(behind)}. Start a worker.")
    if why := await replica.problem():
        found.append(f"The replica of REPLICA_DATABASE_URL is not read: {why}. The primary does its work.")
    if invariants:
        found += await check_invariants(progress=progress)
    return [*found, *await around()] if around else found


async def _role_findings() -> list[str]:
    """Whether this role's sessions end by themselves what takes too long, and in production, whether the role
    may do more than the application needs (`B8`)."""
    found = []
    for name, wanted in db.SESSION.items():
        value = await db.value("SELECT current_setting($1)", name)
        if value != wanted:
            found.append(
                f"Sessions have {name} = {value} instead of {wanted}: PgBouncer passes no settings on, so the role"
                " must have them. Run `emerald create-roles`."
            )
    if not settings.production:
        return found
    me = await db.row(MIGHT, list(LOGS))
    assert me is not None, "everybody has a row"
    if me["rolsuper"] or me["rewrites"]:
        can = "is a superuser" if me["rolsuper"] else "may rewrite the log"
        found.append(
            f"The application’s user {me['rolname']} {can}: run `emerald create-roles`, and let DATABASE_URL name"
            f" {APP}."
        )
    return found
