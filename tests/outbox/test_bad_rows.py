"""One bad row never fails a batch (`X9`): it is set aside with its reason, and the others go on."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db, leases
from backend.bookings.actions import book, leave
from backend.each import BUSY_MAX, SomeFailed, do_each
from backend.errors import Busy, Unavailable
from backend.events.queries import find_instance
from backend.known_zones import first_known, known_or_none
from backend.outbox.claim import claim
from backend.people.queries import person_of_telegram
from backend.seats.requests import Via
from emerald.schedule import SCHEDULE, run_due

Make = Callable[..., Awaitable[str]]
NOT_ZONES = ["Factory", "localtime", "Mars/Olympus", "", "../etc/passwd", "posix/Europe/Helsinki"]


async def write(
    account_id: int, person: Any, name: str, *, kind: str = "removed", detail: str = "{}", priority: int = 0
) -> int:
    async with db.transaction():
        return int(
            await db.value(
                "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id",
                account_id,
                person.id,
                kind,
                detail,
                name,
                priority,
                clock.now(),
            )
        )


async def store_zone(table: str, name: str) -> None:
    """What an older version or older zone data let in."""
    async with db.transaction():
        await db.execute(f"UPDATE {table} SET zone = $1", name)


@pytest.mark.parametrize("name", NOT_ZONES)
def test_a_name_that_is_no_zone_counts_as_none(name: str) -> None:
    assert known_or_none(name) is None
    assert first_known(name, None, "Asia/Tokyo") == "Asia/Tokyo"
    assert first_known(name, None) == "UTC"


@pytest.mark.parametrize("name", NOT_ZONES)
async def test_a_readers_bad_zone_holds_up_nobody(
    alice: Any, bob: Any, account: Any, noon: datetime, name: str
) -> None:
    """A person who has one gets the message by the club's clock."""
    async with db.transaction():
        await db.execute("UPDATE telegram_users SET zone = $2 WHERE id = $1", alice.id, name)
    hers = await write(account.id, alice, "a", priority=3)
    his = await write(account.id, bob, "b", priority=3)
    clock_of = {each.id: each.zone for each in await claim(1, limit=10)}
    assert clock_of == {hers: "Europe/Helsinki", his: "Europe/Helsinki"}
    found = await person_of_telegram(alice.telegram_id)
    assert found is not None and found.zone is None


async def test_a_bad_zone_of_a_series_or_club_is_read_as_utc(
    alice: Any, bob: Any, instance: Make, noon: datetime
) -> None:
    """Seats are given, offered and told of all the same."""
    code = await instance(capacity=1)
    await store_zone("event_series", "Factory")
    await store_zone("accounts", "localtime")
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    [delivery] = await claim(1, limit=10)
    assert (delivery.kind, delivery.zone) == ("promoted", "UTC")
    from backend.bookings.queries.event import event

    assert (await event(code, bob)).zone == "UTC"


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("card-lost", '{"card": "seven"}'),
        ("card-lost", '{"card": "99999999999999999999"}'),
        ("poll-unanswered", '{"poll_id": "x"}'),
        ("offer", '{"until": "tomorrow"}'),
        ("removed", '"text"'),
        ("removed", "[1]"),
        ("of-a-later-version", "{}"),
    ],
)
async def test_a_message_that_cannot_be_read_holds_up_no_other(
    alice: Any, bob: Any, account: Any, instance: Make, kind: str, detail: str
) -> None:
    code = await instance()
    bad = await write(account.id, alice, "bad", kind=kind, detail=detail)
    async with db.transaction():
        await db.execute(
            "UPDATE messages SET instance_id = $2 WHERE id = $1", bad, (await find_instance(code)).id
        )
    good = await write(account.id, bob, "good")
    assert good in [each.id for each in await claim(1, limit=10)]


async def test_what_cannot_be_read_is_parked_with_its_reason(
    alice: Any, account: Any, instance: Make
) -> None:
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    bad = await write(account.id, alice, "bad", kind="claim", detail='{"until": "tomorrow"}')
    async with db.transaction():
        await db.execute(
            "UPDATE messages SET instance_id = (SELECT max(id) FROM event_instances) WHERE id = $1", bad
        )
        await db.execute("DELETE FROM bookings")
    assert await claim(1, limit=10) == []
    row = await db.row("SELECT state, error FROM messages WHERE id = $1", bad)
    assert row is not None and row["state"] == "parked"
    assert "Invalid isoformat string: 'tomorrow'" in row["error"]


async def test_all_are_tried_and_the_failed_are_named() -> None:
    tried: list[int] = []

    async def act(item: int) -> int:
        tried.append(item)
        if item == 2:
            raise ValueError("no such zone")
        return item

    with pytest.raises(SomeFailed, match="1 failed: 2: ValueError"):
        await do_each("test", [1, 2, 3], act)
    assert tried == [1, 2, 3]
    assert await do_each("test", [1, 3], act) == 4


@pytest.mark.parametrize(("error", "tries"), [(Unavailable("away"), 1), (Busy(), BUSY_MAX + 1)])
async def test_a_database_that_is_away_ends_the_round(error: Exception, tries: int) -> None:
    """A few rows that somebody else has locked do not, but each is waited for: many do."""
    tried: list[int] = []

    async def act(item: int) -> int:
        tried.append(item)
        raise error

    with pytest.raises(type(error)):
        await do_each("test", range(10), act)
    assert len(tried) == tries
    with pytest.raises((SomeFailed, Unavailable)):
        await do_each("test", range(tries - 1 or 1), act)


async def test_an_instance_that_cannot_be_decided_holds_up_no_other(
    instance: Make, noon: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The schedule shows the reason of the one."""
    from backend.events import minimum

    codes = [await instance(min_to_run=3, decide_before_minutes=60) for _ in range(2)]
    ids = [(await find_instance(code)).id for code in codes]
    starts_at = await db.value("SELECT starts_at FROM event_instances WHERE id = $1", ids[0])
    ask = minimum._ask_organisers

    async def fails_for_the_first(row: db.Row, now: datetime) -> None:
        if row["id"] == ids[0]:
            raise ValueError("one bad row")
        await ask(row, now)

    monkeypatch.setattr(minimum, "_ask_organisers", fails_for_the_first)
    jobs = [job for job in SCHEDULE if job.name == "decide minimum"]
    await leases.register_jobs([job.name for job in jobs])
    clock.advance(starts_at - clock.now() - timedelta(minutes=30))
    await run_due(jobs)
    asked = await db.rows("SELECT id FROM event_instances WHERE decision_asked_at IS NOT NULL")
    assert [row["id"] for row in asked] == [ids[1]]
    error = await db.value("SELECT error FROM schedule WHERE name = 'decide minimum'")
    assert f"1 failed: {ids[0]}: ValueError" in error
