"""The checks of `/ready`: what must be well before this process gets requests."""

import asyncio
from datetime import timedelta

from backend import db, leases, maintenance
from backend.errors import Busy, Unavailable
from backend.metrics import silent_for
from emerald.pending import pending
from webapp.health import OK, Check

SILENT_MAX = timedelta(minutes=2)

_up_to_date = False


async def database() -> str:
    """The database answers within a second."""
    try:
        async with asyncio.timeout(1):
            await db.value("SELECT true")
    except (Unavailable, Busy, TimeoutError):
        return "does not answer"
    return OK


async def migrations() -> str:
    """The database has all migrations of this version. That is checked until it is true: migrations are never
    undone under a running process."""
    global _up_to_date
    if not _up_to_date:
        missing = await pending()
        if missing:
            return f"{len(missing)} missing: run emerald migrate"
        _up_to_date = True
    return OK


async def worker() -> str:
    """A process holds the worker's lease, which each worker renews while it is alive."""
    return OK if await leases.is_held("worker") else "none is running"


async def sending() -> str:
    """Something was sent within two minutes, or nothing was due that long, or maintenance is on."""
    silent = timedelta(seconds=await silent_for())
    if silent > SILENT_MAX and await maintenance.is_on():
        return OK
    return OK if silent <= SILENT_MAX else f"nothing was sent for {silent // timedelta(minutes=1)} minutes"


CHECKS: dict[str, Check] = {
    "database": database,
    "migrations": migrations,
    "worker": worker,
    "sending": sending,
}
