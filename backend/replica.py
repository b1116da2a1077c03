"""Reads of everything on a replica (`REPLICA_DATABASE_URL`), so that they take nothing from those who book.

Only what may be some seconds old is read there. Whether the replica is near enough the replica itself says: it has the
worker's lease, which a living worker renews every five seconds. Where it does not answer, is too far behind or is not
set, the primary is read.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from backend import clock, db
from backend.engine import connect, connect_kwargs
from backend.instruments import REPLICA_READS
from backend.settings import settings

log = structlog.get_logger()

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
CONNECT_TIMEOUT = 2.0  # seconds; after them the primary is read
# The lease lasts fifteen seconds, so a replica that holds a valid one is at most so far behind.
IS_FRESH = "SELECT true FROM leases WHERE name = 'worker' AND until > $1"


class ReplicaTransaction(db.Transaction):
    """A transaction on a connection of its own, which is closed with it."""

    __slots__ = ()

    async def _begin(self, deadline: float) -> None:
        await self.connection.execute(f"BEGIN;{self.first}")

    async def _release(self, *, broken: bool) -> None:
        if broken:
            self.connection.terminate()
        else:
            await self.connection.close()


@asynccontextmanager
async def snapshot(first: str = SNAPSHOT) -> AsyncIterator[None]:
    """A read-only transaction in which every read sees the same moment, at most fifteen seconds ago. Raises `Busy`,
    `Unavailable`."""
    connection = await _fresh_connection()
    REPLICA_READS.labels("primary" if connection is None else "replica").inc()
    if connection is None:
        async with db.transaction(first):
            yield
        return
    transaction = ReplicaTransaction(first)
    transaction.connection = connection
    with db.translate_errors():
        async with transaction:
            yield


async def problem() -> str:
    """Why the replica is not read, in a few words; "" when it is, or when none is set."""
    if settings.replica_database is None:
        return ""
    connection, reason = await _connection()
    if connection is not None:
        await connection.close()
    return reason


async def _fresh_connection() -> Any:
    if settings.replica_database is None:
        return None
    connection, reason = await _connection()
    if reason:
        log.warning("replica not read", reason=reason)
        if connection is not None:
            await connection.close()
        return None
    return connection


async def _connection() -> tuple[Any, str]:
    """A connection to the replica, if there is one, and why it is not to be used, if so."""
    assert settings.replica_database is not None
    kwargs = connect_kwargs(settings.replica_database) | {"timeout": CONNECT_TIMEOUT}
    kwargs["server_settings"] = {"timezone": "UTC", "application_name": "emerald-replica"}
    try:
        connection = await connect(**kwargs)
    except (*db.CONNECTION_LOST, *db.TOOK_TOO_LONG) as error:
        return None, f"it does not answer ({type(error).__name__})"
    try:
        fresh = await connection.fetchval(IS_FRESH, clock.now())
    except (*db.CONNECTION_LOST, *db.TOOK_TOO_LONG) as error:
        connection.terminate()
        return None, f"it does not answer ({type(error).__name__})"
    return connection, "" if fresh else "it is more than fifteen seconds behind, or no worker is alive"
