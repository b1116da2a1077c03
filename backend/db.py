"""The database: pool, transaction, and plain SQL; the only file that knows asyncpg.

Reads may be made anywhere (`rows`, `row`, `value`); inside a transaction they use its connection. Writes
belong to a `transaction()`, which an action opens, never nested; a single statement can be its own
transaction (`execute_single`). The domain never sees an error of asyncpg: `translate_errors` raises `Busy` (a
lock or a statement took too long), `Invalid` (a character that no text column can hold), `Unavailable` and
`OutcomeUnknown` instead.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import Any, Literal, Self

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import PostgresTransaction

from backend import causes, failpoints, one_use, rehearsal
from backend.engine import DB, connect, connect_kwargs
from backend.errors import Busy, Invalid, OutcomeUnknown, Unavailable
from backend.i18n import N_
from backend.instruments import COMMIT_SECONDS, READ_SECONDS, ROLLBACK_SECONDS, WRITE_SECONDS
from backend.settings import settings

Row = asyncpg.Record

# Seconds that a command may stay unanswered. The server ends each after 20, so after 25 the connection is lost.
COMMAND_TIMEOUT = 25.0
# Seconds for which whoever needs a connection waits for a server that restarts, or for the next to take over.
CONNECTION_WAIT = 2.0
CONNECTION_PAUSE = 0.05  # seconds between tries
# Seconds after which nothing is begun on one: with `batching.BEGUN_WITHIN` these are the 30 that nginx waits.
CONNECTION_LATE = 10.0

# What holds for each session of the application, so that nothing waits for ever. Behind PgBouncer a session
# cannot bring it along; the role has it (`emerald create-roles`).
SESSION = {
    "lock_timeout": "5s",
    "statement_timeout": "20s",
    "idle_in_transaction_session_timeout": "30s",
    # The queries are small: to compile them, or to plan one again for each list of ids, costs more than it saves.
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}

# How asyncpg reports that there is no server, or no connection to it any more.
CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    InterfaceError,
    InternalClientError,  # the server closed the connection while it was idle
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,  # this server became a replica; another is the primary now
    # The server waited too long for this process, which was busy or suspended.
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
    OSError,
)
# Of these, what passes while a server restarts.
SERVER_RESTARTS = (
    asyncpg.PostgresConnectionError,
    InternalClientError,
    asyncpg.CannotConnectNowError,
    ConnectionError,
    FileNotFoundError,  # the server's socket
)
# The server answers, and cannot work: no disk, no memory, a file that is gone.
SERVER_FAILS = (asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError)
TOOK_TOO_LONG = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise `Busy`, `Unavailable` or `Invalid` in place of an error of asyncpg."""
    try:
        yield
    except TOOK_TOO_LONG as error:
        raise Busy() from error
    except (*CONNECTION_LOST, *SERVER_FAILS) as error:
        raise Unavailable(str(error)) from error
    except asyncpg.CharacterNotInRepertoireError as error:
        raise Invalid(N_("This contains a character we can’t store. Please type it again.")) from error


_name = ""  # of this process


async def _skip_reset(connection: object) -> None:
    """In place of asyncpg's reset of each released connection: SET, LISTEN and session locks are not used."""


async def open_pool(*, name: str, size: int | None = None) -> None:
    """Open this process's pool. The server shows `name` as application_name. Raises `Unavailable`."""
    global _name
    _name = name
    kwargs = connect_kwargs(settings.database)
    session = {"application_name": name, "timezone": "UTC"}
    kwargs["server_settings"] |= session if settings.database.pgbouncer else {**SESSION, **session}
    with translate_errors():
        await DB.start_connection_pool(
            **kwargs,
            connect=connect,
            min_size=1,
            max_size=size or settings.database_pool_size,
            reset=_skip_reset,
            command_timeout=COMMAND_TIMEOUT,
        )


async def close_pool() -> None:
    """Close this process's pool, if it is open."""
    if DB.pool is not None:
        await DB.close_connection_pool()


class Transaction(PostgresTransaction):
    """Piccolo's transaction, which always releases its connection and resets its context variable (decision
    0004).

    `first` is a statement without parameters that is sent together with BEGIN, which saves a round trip.
    """

    __slots__ = ("began", "first")

    def __init__(self, first: str = "") -> None:
        super().__init__(DB, allow_nested=False)
        self.first = first
        self.began = 0.0

    async def __aenter__(self) -> Self:
        self.began = time.perf_counter()
        with translate_errors():
            deadline = _now() + CONNECTION_WAIT
            for remaining in _remaining_tries():
                try:
                    await self._begin(deadline)
                    break
                except CONNECTION_LOST as error:
                    if not remaining or isinstance(error, TimeoutError):
                        raise
        self.context = DB.current_transaction.set(self)
        return self

    async def _begin(self, deadline: float) -> None:
        self.connection = await _open_connection(deadline)
        try:
            await self.connection.execute(f"BEGIN;{causes.naming(_name)}{self.first}")
        except BaseException as error:
            usable = False
            try:
                # A lock that took too long does not mean that the connection is lost.
                usable = isinstance(error, TOOK_TOO_LONG) and await self._roll_back()
            finally:
                await self._release(broken=not usable)
            raise

    async def _roll_back(self) -> bool:
        try:
            await self.connection.execute("ROLLBACK")
        except CONNECTION_LOST:
            return False
        return True

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> Literal[False]:
        broken = True
        try:
            if exception is None:
                await self._commit()
                broken = False
            else:
                # If the connection is lost, the server rolls back by itself.
                broken = not await self._roll_back()
                if isinstance(exception, asyncpg.ReadOnlySQLTransactionError):
                    await _leave_server()
        finally:
            if DB.current_transaction.get() is self:
                DB.current_transaction.reset(self.context)
            await self._release(broken=broken)
            ended = COMMIT_SECONDS if exception is None and not broken else ROLLBACK_SECONDS
            ended.observe(time.perf_counter() - self.began)
        return False

    async def _commit(self) -> None:
        try:
            status = await self.connection.execute("COMMIT")
        except CONNECTION_LOST as error:
            raise OutcomeUnknown("the connection was lost while committing") from error
        if status != "COMMIT":
            raise RuntimeError("the server rolled back instead of committing")

    async def _release(self, *, broken: bool) -> None:
        if broken:
            # A lost connection has left the pool already and refuses the call. Whoever lost it raises the error.
            with suppress(InterfaceError):
                self.connection.terminate()
        await _give_back(self.connection)


def _remaining_tries() -> range:
    """Counts down the tries that remain, one for each connection of the pool. A restart of the server leaves dead
    connections in it. Where nothing has begun yet, or something is only read, another is tried."""
    return range(DB.pool.get_size() if DB.pool is not None else 0, -1, -1)


@asynccontextmanager
async def transaction(first: str = "") -> AsyncIterator[Transaction]:
    """One transaction on one connection: lock, look, write. Raises Piccolo's `TransactionError` when nested,
    `Busy`, `Unavailable`, and `OutcomeUnknown` when the connection was lost during COMMIT."""
    with translate_errors():
        async with Transaction(rehearsal.limits() + first) as opened:
            await one_use.use_up()
            yield opened
            await rehearsal.before_commit()


async def execute_single(sql: str, *args: object) -> Any:
    """A write of one statement that is its own transaction: one round trip to the server instead of three.
    Returns the first column of the first row it returns, or None.

    Raises Piccolo's `TransactionError` inside a transaction, `Busy`, and `OutcomeUnknown` if the connection is lost.
    """
    return await _write_single("fetchval", sql, args)


async def execute_single_count(sql: str, *args: object) -> int:
    """As `execute_single`. Returns how many rows it touched."""
    return _touched(await _write_single("execute", sql, args))


async def execute_single_rows(sql: str, *args: object) -> list[Row]:
    """As `execute_single`. Returns all rows that it returns."""
    return list(await _write_single("fetch", sql, args))


async def _write_single(method: str, sql: str, args: Sequence[object]) -> Any:
    if DB.current_transaction.get() is not None or rehearsal.is_rehearsing():
        raise TransactionError("execute_single was called inside a transaction")
    with translate_errors(), WRITE_SECONDS.time():
        async with _connection(_now() + CONNECTION_WAIT) as connection:
            try:
                return await getattr(connection, method)(sql, *args)
            except asyncpg.ReadOnlySQLTransactionError:
                await _leave_server()
                raise
            except CONNECTION_LOST as error:
                raise OutcomeUnknown("the connection was lost while writing") from error


async def rows(sql: str, *args: object) -> list[Row]:
    """All rows of a query."""
    return list(await _run("fetch", sql, args))


async def row(sql: str, *args: object) -> Row | None:
    """The first row of a query, or None."""
    found: Row | None = await _run("fetchrow", sql, args)
    return found


async def value(sql: str, *args: object) -> Any:
    """The first column of the first row, or None."""
    return await _run("fetchval", sql, args)


async def execute(sql: str, *args: object) -> int:
    """Run a statement. Returns how many rows it touched."""
    return _touched(await _run("execute", sql, args))


def _touched(status: str) -> int:
    """The number of rows in a command's status, as in `INSERT 0 3`."""
    tail = status.rpartition(" ")[2]
    return int(tail) if tail.isdigit() else 0


async def _run(method: str, sql: str, args: Sequence[object]) -> Any:
    inside = DB.current_transaction.get()
    if inside is not None:
        return await getattr(inside.connection, method)(sql, *args)
    with translate_errors(), READ_SECONDS.time():
        deadline = _now() + CONNECTION_WAIT
        for remaining in _remaining_tries():
            try:
                async with _connection(deadline) as connection:
                    return await getattr(connection, method)(sql, *args)
            except CONNECTION_LOST as error:
                if not remaining or method == "execute" or isinstance(error, TimeoutError):
                    raise
    raise AssertionError("unreachable")


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _open_connection(deadline: float) -> Any:
    """A connection of the pool, or else a new one. While the server restarts it is asked until the deadline. Raises
    `Unavailable` if one became free too late: whoever asked was told that it failed, and may want the contrary by now."""
    asked = _now()
    while True:
        try:
            connection = await (DB.pool.acquire() if DB.pool is not None else DB.get_new_connection())
            if _now() - asked <= CONNECTION_LATE:
                return connection
            await _give_back(connection)
            raise Unavailable("no connection became free in time")
        except SERVER_RESTARTS:
            if failpoints.on("database.impatient") or _now() >= deadline:
                raise
        await asyncio.sleep(CONNECTION_PAUSE)


@asynccontextmanager
async def _connection(deadline: float) -> AsyncIterator[asyncpg.Connection]:
    connection = await _open_connection(deadline)
    try:
        yield connection
    finally:
        await _give_back(connection)


async def _give_back(connection: asyncpg.Connection) -> None:
    await (DB.pool.release(connection) if DB.pool is not None else connection.close())


async def _leave_server() -> None:
    """Replace the pool's connections, each when it is next used: their server has become a replica."""
    if DB.pool is not None:
        await DB.pool.expire_connections()


UniqueViolation = asyncpg.UniqueViolationError
CheckViolation = asyncpg.CheckViolationError
