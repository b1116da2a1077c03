"""The database: pool, transaction, and plain SQL; the only file that knows asyncpg.

Reads may be made anywhere (`rows`, `row`, `value`); inside a transaction they use its connection. Writes belong to a
`transaction()`, which an action opens, never nested; a single statement can be its own transaction (`execute_single`).
Errors of the database reach the domain as words of ours: `Busy` (a lock or a statement took too long), `Invalid` (a sign
no text can hold), `Unavailable`, `OutcomeUnknown`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from types import TracebackType
from typing import Any, Literal, Self

import asyncpg
from asyncpg.exceptions import InterfaceError, InternalClientError
from piccolo.engine.exceptions import TransactionError
from piccolo.engine.postgres import PostgresTransaction

from backend.engine import DB
from backend.errors import Busy, Invalid, OutcomeUnknown, Unavailable
from backend.i18n import N_
from backend.settings import settings

Row = asyncpg.Record

# Seconds one command may go unanswered. The server gives up at 20 by itself, so this long a silence is a lost line.
SILENCE = 25.0

# What the server says, or asyncpg finds, when there is no (longer a) server to talk to.
CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    InterfaceError,
    InternalClientError,  # a server's last word came while nobody was asking
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    OSError,
)
TOOK_TOO_LONG = (
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.TooManyConnectionsError,
)


@contextmanager
def translate_errors() -> Iterator[None]:
    try:
        yield
    except TOOK_TOO_LONG as error:
        raise Busy() from error
    except CONNECTION_LOST as error:
        raise Unavailable(str(error)) from error
    except asyncpg.CharacterNotInRepertoireError as error:
        raise Invalid(N_("That holds a sign that cannot be kept. Please type it anew.")) from error


async def _keep(connection: object) -> None:
    """Instead of asyncpg's reset query on each release: nobody here uses SET, LISTEN or session locks."""


async def open_pool(*, name: str, size: int | None = None) -> None:
    """Open this process's pool; `name` is what the server shows as application_name. Raises `Unavailable`."""
    most = size or settings.database_pool_size
    kwargs = settings.database.connect_kwargs()
    session = {
        "application_name": name,
        "timezone": "UTC",
        "lock_timeout": "5s",
        "statement_timeout": "20s",
        "idle_in_transaction_session_timeout": "30s",
        # Row-sized queries only: compiling them, or planning one anew for each list of ids, costs more than it saves.
        "jit": "off",
        "plan_cache_mode": "force_generic_plan",
    }
    kwargs["server_settings"] = {**kwargs.get("server_settings", {}), **session}
    with translate_errors():
        await DB.start_connection_pool(
            **kwargs,
            min_size=1,
            max_size=most,
            reset=_keep,
            command_timeout=SILENCE,
            statement_cache_size=settings.database_statement_cache,
        )


async def close_pool() -> None:
    """Close this process's pool, if it is open."""
    if DB.pool is not None:
        await DB.close_connection_pool()


class Transaction(PostgresTransaction):
    """Piccolo's transaction, mended: the connection always goes back, the context variable never stays set.

    `first` is a statement sent together with BEGIN, to save a round trip: it carries no values.
    """

    __slots__ = ("first",)

    def __init__(self, first: str = "") -> None:
        super().__init__(DB, allow_nested=False)
        self.first = first

    async def __aenter__(self) -> Self:
        with translate_errors():
            for others in _tries():
                try:
                    await self._begin()
                    break
                except CONNECTION_LOST as error:
                    if not others or isinstance(error, TimeoutError):
                        raise
        self.context = DB.current_transaction.set(self)
        return self

    async def _begin(self) -> None:
        self.connection = await (DB.pool.acquire() if DB.pool else DB.get_new_connection())
        try:
            await self.connection.execute(f"BEGIN;{self.first}")
        except BaseException as error:
            well = False
            try:
                # A lock waited for in vain says nothing against the connection.
                well = isinstance(error, TOOK_TOO_LONG) and await self._undo()
            finally:
                await self._give_back(broken=not well)
            raise

    async def _undo(self) -> bool:
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
                # When the line is dead there is nothing to lose: the server forgets what was not committed.
                broken = not await self._undo()
        finally:
            if DB.current_transaction.get() is self:
                DB.current_transaction.reset(self.context)
            await self._give_back(broken=broken)
        return False

    async def _commit(self) -> None:
        try:
            said = await self.connection.execute("COMMIT")
        except CONNECTION_LOST as error:
            raise OutcomeUnknown("the connection was lost while committing") from error
        if said != "COMMIT":
            raise RuntimeError("the server rolled back what was to be committed")

    async def _give_back(self, *, broken: bool) -> None:
        if broken:
            # A lost connection has left the pool by itself and takes no calls; what was lost is told by who found it.
            with suppress(InterfaceError):
                self.connection.terminate()
        if DB.pool is not None:
            await DB.pool.release(self.connection)
        else:
            await self.connection.close()


def _tries() -> range:
    """How many other connections are left to try. Any that lay idle in the pool may have died there (a restart of the
    server): where nothing is begun yet, or only read, that is not worth telling anyone."""
    return range(DB.pool.get_size() if DB.pool is not None else 0, -1, -1)


@asynccontextmanager
async def transaction(first: str = "") -> AsyncIterator[Transaction]:
    """One transaction on one connection: lock, look, write. Raises Piccolo's `TransactionError` when nested,
    `Busy`, `Unavailable`, and `OutcomeUnknown` when the connection was lost during COMMIT."""
    with translate_errors():
        async with Transaction(first) as opened:
            yield opened


async def execute_single(sql: str, *args: object) -> Any:
    """A write of one statement that is its own transaction: one round trip to the server instead of three. Returns the
    first column of the first row it returns, or None.

    Raises Piccolo's `TransactionError` inside a transaction, `Busy`, and `OutcomeUnknown` when the connection was lost.
    """
    return await _write_single("fetchval", sql, args)


async def execute_single_count(sql: str, *args: object) -> int:
    """The same; returns how many rows it touched."""
    return _touched(await _write_single("execute", sql, args))


async def _write_single(method: str, sql: str, args: Sequence[object]) -> Any:
    if DB.current_transaction.get() is not None:
        raise TransactionError("a statement that is its own transaction cannot be part of another")
    with translate_errors():
        async with _connection() as connection:
            try:
                return await getattr(connection, method)(sql, *args)
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
    """Run a statement; how many rows it touched."""
    return _touched(await _run("execute", sql, args))


def _touched(status: str) -> int:
    """The number of rows in a command's status, as in `INSERT 0 3`."""
    tail = status.rpartition(" ")[2]
    return int(tail) if tail.isdigit() else 0


async def _run(method: str, sql: str, args: Sequence[object]) -> Any:
    inside = DB.current_transaction.get()
    if inside is not None:
        return await getattr(inside.connection, method)(sql, *args)
    with translate_errors():
        for others in _tries():
            try:
                async with _connection() as connection:
                    return await getattr(connection, method)(sql, *args)
            except CONNECTION_LOST as error:
                if not others or method == "execute" or isinstance(error, TimeoutError):
                    raise
    raise AssertionError("unreachable")


def _connection() -> AbstractAsyncContextManager[asyncpg.Connection]:
    """One of the pool's; for a command that has none, its own."""
    return DB.pool.acquire() if DB.pool is not None else _of_its_own()


@asynccontextmanager
async def _of_its_own() -> AsyncIterator[asyncpg.Connection]:
    connection = await DB.get_new_connection()
    try:
        yield connection
    finally:
        await connection.close()


async def reachable(patience: float = 1.0) -> bool:
    """Whether the database answers within `patience` seconds; for /ready."""
    try:
        async with asyncio.timeout(patience):
            return bool(await value("SELECT true"))
    except (Unavailable, Busy, TimeoutError):
        return False


UniqueViolation = asyncpg.UniqueViolationError
CheckViolation = asyncpg.CheckViolationError
