"""The participation log is written once: the database itself refuses to rewrite it (`B8`)."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from backend import db
from backend.bookings.actions import book, leave
from backend.people.queries import Person
from backend.seats.requests import Via

REWRITES = (
    "UPDATE event_participation_log SET seats_after = 0",
    "DELETE FROM event_participation_log",
    "TRUNCATE event_participation_log",
)


@pytest.fixture
async def rows(instance: Callable[..., Awaitable[str]], alice: Person, bob: Person) -> int:
    """A log with a few rows."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.MINIAPP)
    await leave(code, alice, via=Via.COMMAND)
    return await count()


@pytest.fixture
async def archiver(world: None) -> AsyncIterator[str]:
    """The one role that may move rows away, as operations make it."""
    role = "emerald_archiver"
    await db.execute(f"DROP ROLE IF EXISTS {role}")
    await db.execute(f"CREATE ROLE {role}")
    await db.execute(f"GRANT ALL ON event_participation_log TO {role}")
    yield role
    await db.execute(f"DROP OWNED BY {role}")
    await db.execute(f"DROP ROLE {role}")


async def count() -> int:
    return int(await db.value("SELECT count(*) FROM event_participation_log"))


async def test_each_change_of_a_seat_is_there_with_its_author_and_channel(rows: int) -> None:
    """B8: the member, the author, the channel, the seats before and after."""
    log = await db.rows(
        "SELECT u.first_name, b.first_name AS by, l.via, l.verb, l.seats_before, l.seats_after,"
        " l.waiting_before, l.waiting_after, l.request_id IS NOT NULL AS asked"
        " FROM event_participation_log l JOIN memberships m ON m.id = l.membership_id"
        " JOIN telegram_users u ON u.id = m.user_id LEFT JOIN telegram_users b ON b.id = l.by_user_id ORDER BY l.id"
    )
    assert [tuple(row) for row in log] == [
        ("Alice", "Alice", "card", "book", 0, 1, 0, 0, True),
        ("Bob", "Bob", "miniapp", "wait", 0, 0, 0, 1, True),
        ("Alice", "Alice", "command", "leave", 1, 0, 0, 0, True),
        ("Bob", None, "promotion", "promote", 0, 1, 1, 0, False),
    ]


@pytest.mark.parametrize("rewrite", REWRITES)
async def test_the_database_refuses_to_rewrite_it(rows: int, rewrite: str) -> None:
    """B8: even to whoever owns the table."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="written once"):
        async with db.transaction():
            await db.execute(rewrite)
    assert await count() == rows == 4


async def test_a_change_and_its_row_come_and_go_together(
    instance: Callable[..., Awaitable[str]], alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B8: in the same transaction. If the row cannot be written, the seat is not given."""
    code = await instance()
    await db.execute("ALTER TABLE event_participation_log ADD CONSTRAINT no_cards CHECK (via <> 'card')")
    try:
        with pytest.raises(db.CheckViolation):
            await book(code, alice, via=Via.CARD)
    finally:
        await db.execute("ALTER TABLE event_participation_log DROP CONSTRAINT no_cards")
    assert await db.value("SELECT count(*) FROM bookings") == 0
    assert await db.value("SELECT sum(booked) FROM instance_seats") == 0


@pytest.mark.parametrize("rewrite", REWRITES[1:])
async def test_the_archivers_role_may_move_rows_away(rows: int, archiver: str, rewrite: str) -> None:
    """B8: archiving moves them under its own role."""
    async with db.transaction(f"SET LOCAL ROLE {archiver}"):
        await db.execute(rewrite)
    assert await count() == 0
