"""Piccolo's engine: where the database is and how a connection to it is made; none is made on import."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from asyncpg.exceptions import InternalClientError
from piccolo.engine.postgres import PostgresEngine

from backend.database_address import DatabaseAddress
from backend.settings import settings

# Why a host is not the one: nothing answers there, it starts or stops, or it is a replica.
NOT_THIS_HOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    InternalClientError,
)

# A host that vanished without a word is given up after ten seconds of silence, also while a statement runs there. What it has
# not received by then it never receives: whoever asked may want the contrary by now. Linux has all of these.
TCP_OPTIONS = {
    "TCP_USER_TIMEOUT": 10_000,
    "TCP_KEEPIDLE": 5,
    "TCP_KEEPINTVL": 2,
}  # milliseconds, seconds, seconds

_last_served: tuple[str, int] | None = None


def connect_kwargs(address: DatabaseAddress) -> dict[str, Any]:
    """Keyword arguments for any connection of this process; a new dictionary each time."""
    return {"statement_cache_size": settings.database_statement_cache, **address.connect_kwargs()}


async def connect(*dsn: None, host: str | list[str], port: int | list[int], **kwargs: Any) -> Any:
    """A connection to the host, or to the first of several that will do; of several, the one that served last
    comes first.

    asyncpg's own timeout is one for all hosts together, so one that is silent would leave no time for the
    next.
    """
    global _last_served
    if isinstance(host, str):
        return await _connect_once(*dsn, host=host, port=port, **kwargs)
    assert isinstance(port, list)
    places = sorted(zip(host, port, strict=True), key=lambda place: place != _last_served)
    for remaining, (name, number) in zip(range(len(places) - 1, -1, -1), places, strict=True):
        try:
            connection = await _connect_once(*dsn, host=name, port=number, **kwargs)
        except NOT_THIS_HOST:
            if not remaining:
                raise
        else:
            _last_served = (name, number)
            return connection
    raise AssertionError("unreachable")


async def _connect_once(*dsn: None, **kwargs: Any) -> Any:
    connection = await asyncpg.connect(*dsn, **kwargs)
    wire: socket.socket = connection._transport.get_extra_info("socket")  # asyncpg offers it nowhere else
    if wire.family != socket.AF_UNIX:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in TCP_OPTIONS.items():
            if hasattr(socket, name):
                wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return connection


class Engine(PostgresEngine):
    """Piccolo's engine, without the queries that it sends while it is being imported.

    No module of ours waits for a database, or complains that there is none, before it is asked to do
    something.
    """

    def __init__(self, address: DatabaseAddress) -> None:
        super().__init__(config=connect_kwargs(address), extensions=(), log_queries=False)
        self.address = address
        self.failed_at: DatabaseAddress | None = None  # the other address that a block of `at` failed at

    @contextmanager
    def at(self, address: DatabaseAddress, *, name: str) -> Iterator[None]:
        """Connect to another address inside this block, without a pool; for commands that work as another
        role. The server shows `name` as application_name."""
        before = self.address, self.config, self.pool
        self.address, self.config, self.pool = address, connect_kwargs(address), None
        self.config["server_settings"]["application_name"] = name
        try:
            yield
        except BaseException:
            self.failed_at = address
            raise
        finally:
            self.address, self.config, self.pool = before

    async def check_version(self) -> None:
        """`emerald doctor` reports the version."""

    async def prep_database(self) -> None:
        """There are no extensions to create."""

    async def get_new_connection(self) -> Any:
        """A connection outside of the pool."""
        return await connect(**self.config)


DB = Engine(settings.database)
