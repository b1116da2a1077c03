"""Requests for several instances are processed together; an instance that is locked delays no other for
long."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import batching, db, failpoints
from backend.batching import BEGUN_WITHIN
from backend.errors import NotFound, Unavailable
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.seats import allocator, store
from backend.seats.requests import Outcome, Request, Verb, Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[Any]]


def book(person: Person, **more: Any) -> Request:
    return Request(Verb.BOOK, Via.MINIAPP, by=person.id, user_id=person.id, **more)


async def test_one_transaction_answers_for_all_its_instances(
    instance: Make, alice: Person, bob: Person
) -> None:
    """Decision 0001: each answer is the one its own date gives."""
    one, two = [(await find_instance(await instance(capacity=1))).id for _ in range(2)]
    results = await allocator.process_batch(
        0,
        [(two, book(alice)), (one, book(bob)), (two, book(bob)), (-5, book(bob)), (one, book(bob))],
    )
    kinds = [type(a) if isinstance(a, Exception) else (a.kind, a.place) for a in results]
    assert kinds == [
        ("booked", None),
        ("booked", None),
        ("waiting", 1),
        NotFound,
        ("already", None),
    ]
    assert await db.value("SELECT count(DISTINCT xmin::text) FROM bookings") == 1
    assert await check_invariants() == []


async def test_a_locked_instance_does_not_refuse_the_others(
    instance: Make, alice: Person, bob: Person
) -> None:
    """A lock waited for in vain is tried again alone, for as long as a lone request waits."""
    free, held = [(await find_instance(await instance(capacity=1))).id for _ in range(2)]
    holding, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with db.transaction(store.lock(held)):
            holding.set()
            await release.wait()

    holder = asyncio.create_task(hold())
    await holding.wait()
    asking = asyncio.create_task(allocator.process_batch(0, [(free, book(alice)), (held, book(bob))]))
    # The first try gives up on the held row; then each date is settled alone, the free one first.
    while not await db.value("SELECT count(*) FROM bookings"):  # noqa: ASYNC110 - another transaction
        await asyncio.sleep(0)
    release.set()
    results = await asking
    await holder
    assert [a.kind for a in results if isinstance(a, Outcome)] == ["booked", "booked"]


async def test_a_request_that_is_too_old_leaves_its_batch_and_the_others_are_carried_out(
    instance: Make, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B2: the server ends their connection; Alice has been told by then that it failed, and Bob has not."""
    where = (await find_instance(await instance(capacity=1))).id
    passed = [0.0]
    monkeypatch.setattr(batching, "_now", lambda: passed[0])
    holding, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        holding.set()
        await release.wait()

    async def lose_the_connection() -> None:
        failpoints.set_hook("allocator.loaded", None)
        passed[0] += 2
        await db.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    failpoints.set_hook("allocator.loaded", hold)
    try:
        running = asyncio.ensure_future(allocator.submit((where, Request(Verb.FILL, Via.SYSTEM))))
        await holding.wait()
        old = asyncio.ensure_future(allocator.submit((where, book(alice))))
        await asyncio.sleep(0)  # it waits for the next batch now
        passed[0] += BEGUN_WITHIN - 1
        young = asyncio.ensure_future(allocator.submit((where, book(bob))))
        await asyncio.sleep(0)
        failpoints.set_hook("allocator.loaded", lose_the_connection)
        release.set()
        assert (await young).kind == "booked"
        with pytest.raises(Unavailable):
            await old
        await running
    finally:
        failpoints.set_hook("allocator.loaded", None)
    seated = await db.rows("SELECT m.user_id FROM bookings b JOIN memberships m ON m.id = b.membership_id")
    assert [row["user_id"] for row in seated] == [bob.id]
