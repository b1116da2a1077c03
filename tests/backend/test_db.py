"""One transaction, one connection: whatever goes wrong, the connection is released and the next transaction
is clean."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from contextvars import Context

import pytest
from piccolo.engine.exceptions import TransactionError

from backend import db
from backend.engine import DB
from backend.errors import Busy, OutcomeUnknown, Refusal, Unavailable
from backend.settings import settings

MANY = settings.database_pool_size + 2  # more failures than there are connections: none may be kept


@pytest.fixture(autouse=True)
async def notes(world: None) -> AsyncIterator[None]:
    """A table of our own, whose unique constraint is checked only during COMMIT; gone when the test is over, for the tests of
    the schema know every table."""
    await db.execute("DROP TABLE IF EXISTS notes")
    await db.execute("CREATE TABLE notes (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    yield
    await db.execute("DROP TABLE IF EXISTS notes")


async def add(n: int) -> None:
    await db.execute("INSERT INTO notes VALUES ($1)", n)


async def noted() -> list[int]:
    return [row["n"] for row in await db.rows("SELECT n FROM notes ORDER BY n")]


async def servers() -> set[int]:
    """The process ids of the server for our pool."""
    rows = await db.rows("SELECT pid FROM pg_stat_activity WHERE application_name = 'emerald-tests'")
    return {row["pid"] for row in rows}


def in_use() -> int:
    assert DB.pool is not None
    return int(DB.pool.get_size() - DB.pool.get_idle_size())


async def test_a_transaction_is_committed() -> None:
    async with db.transaction():
        await add(1)
    assert await noted() == [1]


async def test_an_exception_rolls_back_and_is_raised() -> None:
    with pytest.raises(Refusal):
        async with db.transaction():
            await add(1)
            raise Refusal("no")
    assert await noted() == []
    assert in_use() == 0


async def test_transactions_are_never_nested() -> None:
    """An action opens one; a second inside is a mistake that is reported, not silently joined."""
    async with db.transaction():
        await add(1)
        with pytest.raises(TransactionError):
            async with db.transaction():
                raise AssertionError("never reached")
        await add(2)
    assert await noted() == [1, 2]
    assert in_use() == 0


async def test_a_single_statement_is_its_own_transaction() -> None:
    """It returns what it wrote, is rolled back whole when it fails, and joins no other transaction."""
    assert await db.execute_single("INSERT INTO notes VALUES (1), (2) RETURNING n") == 1
    assert await db.execute_single_count("UPDATE notes SET n = n + 0") == 2
    for _ in range(MANY):
        with pytest.raises(db.UniqueViolation):
            await db.execute_single("INSERT INTO notes VALUES (3), (2)")
    async with db.transaction():
        with pytest.raises(TransactionError):
            await db.execute_single("INSERT INTO notes VALUES (4)")
    assert await noted() == [1, 2]
    assert in_use() == 0


async def test_a_failed_commit_gives_its_connection_back() -> None:
    """Piccolo's own transaction keeps the connection for ever."""
    for _ in range(MANY):
        with pytest.raises(db.UniqueViolation):
            async with db.transaction():
                await add(1)
                await add(1)
    assert in_use() == 0
    assert DB.current_transaction.get() is None
    assert await noted() == []


async def test_a_connection_lost_inside_is_unavailable_and_leaves_nothing_behind() -> None:
    """Piccolo's own transaction leaves the context variable set, and every later query of the task fails."""
    for _ in range(MANY):
        with pytest.raises(Unavailable) as lost:
            async with db.transaction():
                await add(1)
                await db.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert not isinstance(lost.value, OutcomeUnknown), "it was never committed: that is known"
        assert DB.current_transaction.get() is None
        assert await noted() == []
    assert in_use() == 0


async def test_a_refusal_is_raised_though_the_connection_was_lost_meanwhile() -> None:
    """The failing rollback does not hide what the action raised."""
    gone = asyncio.Event()
    with pytest.raises(Refusal, match="no"):
        async with db.transaction() as opened:
            opened.connection.add_termination_listener(lambda *_: gone.set())
            pid = opened.connection.get_server_pid()
            assert DB.pool is not None
            async with DB.pool.acquire() as other:
                await other.execute("SELECT pg_terminate_backend($1)", pid)
            await gone.wait()
            raise Refusal("no")
    assert DB.current_transaction.get() is None
    assert in_use() == 0


async def test_a_connection_lost_during_commit_leaves_the_outcome_unknown() -> None:
    """Decision 0001: it may have been committed, and may not be reported as a failure."""
    await db.execute(
        "CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )
    await db.execute(
        "CREATE CONSTRAINT TRIGGER dies_in_commit AFTER INSERT ON notes DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION die()"
    )
    for _ in range(MANY):
        with pytest.raises(OutcomeUnknown):
            async with db.transaction():
                await add(1)
        assert DB.current_transaction.get() is None
        with pytest.raises(OutcomeUnknown):
            await db.execute_single("INSERT INTO notes VALUES (1)")
        with pytest.raises(OutcomeUnknown):
            await db.execute_single_count("INSERT INTO notes VALUES (1)")
    assert in_use() == 0
    assert await noted() == []
    await db.execute("DROP FUNCTION die() CASCADE")


@pytest.mark.parametrize("use", ["read", "write"])
async def test_dead_connections_of_the_pool_are_replaced_without_an_error(use: str) -> None:
    """As after a restart of the server: nothing had begun, so nothing is lost."""
    assert DB.pool is not None
    async with DB.pool.acquire() as one, DB.pool.acquire() as other:
        sockets = [c._con._transport.get_extra_info("socket") for c in (one, other)]
    for one in sockets:
        with socket.socket(fileno=os.dup(one.fileno())) as copy:
            copy.shutdown(socket.SHUT_RDWR)
    if use == "write":
        async with db.transaction():
            await add(1)
    assert await noted() == ([1] if use == "write" else [])
    assert in_use() == 0


async def test_a_cancelled_action_is_rolled_back() -> None:
    """The caller has gone: nothing half-done stays, and the connection is released."""
    inside = asyncio.Event()

    async def act() -> None:
        async with db.transaction():
            await add(1)
            inside.set()
            await db.value("SELECT pg_sleep(60)")

    task = asyncio.create_task(act())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await noted() == []
    assert in_use() == 0


async def test_an_error_caught_inside_cannot_be_committed_over() -> None:
    """PostgreSQL answers such a COMMIT with ROLLBACK. Without an error the caller would believe that all is
    written."""
    with pytest.raises(RuntimeError, match="rolled back"):
        async with db.transaction():
            await add(1)
            with suppress(Exception):
                await db.execute("SELECT 1/0")
    assert await noted() == []
    assert in_use() == 0


async def test_a_lock_that_takes_too_long_is_busy() -> None:
    assert DB.pool is not None
    async with DB.pool.acquire(), DB.pool.acquire():
        pass  # two connections are there
    async with db.transaction("LOCK TABLE notes"):

        async def second() -> None:
            async with db.transaction("SET LOCAL lock_timeout = '20ms'; LOCK TABLE notes"):
                raise AssertionError("never reached")

        before = await servers()
        with pytest.raises(Busy):
            await asyncio.create_task(second(), context=Context())
        assert await servers() == before, "the connection is usable and is kept"
    assert in_use() == 0


async def test_each_task_has_its_own_transaction() -> None:
    """One transaction is one connection; concurrent tasks never share it."""
    all_inside, pids = asyncio.Barrier(3), set()

    async def act(n: int) -> None:
        async with db.transaction():
            await add(n)
            pids.add(await db.value("SELECT pg_backend_pid()"))
            await all_inside.wait()

    async with asyncio.TaskGroup() as all_of_them:
        for n in range(3):
            all_of_them.create_task(act(n))
    assert len(pids) == 3
    assert await noted() == [0, 1, 2]


async def test_sessions_have_their_settings() -> None:
    shown = {
        name: await db.value(f"SHOW {name}")
        for name in (
            "application_name",
            "timezone",
            "lock_timeout",
            "statement_timeout",
            "idle_in_transaction_session_timeout",
        )
    }
    assert list(shown.values()) == ["emerald-tests", "UTC", "5s", "20s", "30s"]


async def test_the_first_statement_is_sent_with_begin_and_holds_its_lock() -> None:
    async with db.transaction("LOCK TABLE notes"):
        held = await db.value(
            "SELECT count(*) FROM pg_locks WHERE relation = 'notes'::regclass AND mode ="
            " 'AccessExclusiveLock'"
        )
    assert held == 1


@pytest.mark.parametrize(("waited", "is_begun"), [(10.0, True), (10.1, False)])
async def test_nothing_is_begun_on_a_connection_that_became_free_too_late(
    monkeypatch: pytest.MonkeyPatch, waited: float, is_begun: bool
) -> None:
    """Whoever asked was told by then that it failed, and may have asked for the contrary since."""
    assert DB.pool is not None
    time = 0.0
    monkeypatch.setattr(db, "_now", lambda: time)

    async def in_a_transaction() -> None:
        async with db.transaction():
            await add(2)

    held = [await DB.pool.acquire() for _ in range(DB.pool.get_max_size())]
    asked = [
        asyncio.create_task(db.execute_single("INSERT INTO notes VALUES (1)")),
        asyncio.create_task(in_a_transaction()),
    ]
    await asyncio.sleep(0)  # both wait for a connection
    time = waited
    for connection in held:
        await DB.pool.release(connection)
    errors = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(error) for error in errors] == [type(None) if is_begun else Unavailable] * 2
    assert await noted() == ([1, 2] if is_begun else [])
    assert in_use() == 0
