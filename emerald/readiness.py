"""What must be well before people are let in; `/ready` asks it."""

from backend import db, leases
from emerald.migrate import pending
from webapp.health import OK, Check

_up_to_date = False


async def database() -> str:
    """It answers within a second."""
    return OK if await db.reachable() else "does not answer"


async def migrations() -> str:
    """It has all the tables this version knows. Once it has, it is not asked again: steps are never taken back under
    a running process.
    """
    global _up_to_date
    if not _up_to_date:
        missing = await pending()
        if missing:
            return f"{len(missing)} missing: run emerald migrate"
        _up_to_date = True
    return OK


async def worker() -> str:
    """Some process holds the worker's lease, which it renews as long as it lives."""
    return OK if await leases.is_held("worker") else "none is running"


CHECKS: dict[str, Check] = {"database": database, "migrations": migrations, "worker": worker}
