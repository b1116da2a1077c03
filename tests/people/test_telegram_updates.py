"""Each update is claimed once (`X2`), with its sender and what they have used (`X7`)."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.errors import Busy, OutcomeUnknown, TooOften, Unavailable
from backend.people import telegram_updates
from backend.people.actions import TelegramIdentity, columns
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit
from backend.people.telegram_updates import (
    HANDLED_WITHIN,
    Claim,
    claim_update,
    claimed_until_handled,
    limit_updates,
    sender_of,
)

BOT = 42


def identity_of(person: Person, **other: Any) -> TelegramIdentity:
    return TelegramIdentity(
        person.telegram_id, person.first_name, person.last_name, language_code=person.language, **other
    )


async def uses_of(person: Person) -> int | None:
    sql = "SELECT used FROM rate_limits WHERE user_id = $1 AND name = 'UPDATES'"
    used: int | None = await db.value(sql, person.id)
    return used


def arrival(update_id: int, sender: TelegramIdentity | None = None) -> telegram_updates._Arrival:
    return telegram_updates._Arrival(BOT, update_id, sender, True, clock.now())


async def test_of_many_copies_at_once_one_is_claimed(alice: Person, bob: Person) -> None:
    copies = [number for number in range(1, 41) for _ in range(5)]
    random.Random(1).shuffle(copies)
    claims = await asyncio.gather(
        *(claim_update(BOT, n, identity_of(alice if n % 2 else bob), is_counted=True) for n in copies)
    )
    claimed = [number for number, claim in zip(copies, claims, strict=True) if claim is not None]
    assert sorted(claimed) == list(range(1, 41))


async def test_two_processes_that_get_the_same_updates_claim_each_once(alice: Person, bob: Person) -> None:
    """Statements at the same time, with the same updates and people in other orders, as of two processes: no deadlock."""
    rng = random.Random(2)

    async def claim_all() -> list[int]:
        claimed = []
        for batch in range(10):
            numbers = rng.sample(range(batch * 50, batch * 50 + 50), 50)
            arrivals = [arrival(n, identity_of(rng.choice((alice, bob)))) for n in numbers]
            results = await telegram_updates._claim(BOT, arrivals)
            claimed += [n for n, result in zip(numbers, results, strict=True) if result is not None]
        return claimed

    both = await asyncio.gather(*(claim_all() for _ in range(4)))
    assert sorted(number for claimed in both for number in claimed) == list(range(500))


async def test_the_same_update_of_another_bot_is_another(world: None) -> None:
    assert await claim_update(BOT, 1) == Claim()
    assert await claim_update(BOT + 1, 1) == Claim()
    assert await claim_update(BOT, 1) is None


async def test_a_known_sender_comes_with_the_claim_and_costs_one_use(alice: Person) -> None:
    for number in (1, 2, 3):
        claim = await claim_update(BOT, number, identity_of(alice), is_counted=True)
        assert claim is not None and claim.known == alice
        await limit_updates(claim, alice)
        assert await uses_of(alice) == number, "limit_updates does not count it again"


async def test_a_new_sender_or_one_renamed_is_recorded_and_counted(alice: Person) -> None:
    for who in (TelegramIdentity(777, "Väinö"), TelegramIdentity(alice.telegram_id, "Alicia")):
        claim = await claim_update(BOT, who.telegram_id, who, is_counted=True)
        assert claim == Claim(), "nobody is known so"
        person = await sender_of(claim, who)
        assert (person.telegram_id, person.first_name) == (who.telegram_id, who.first_name)
        await limit_updates(claim, person)
        assert await uses_of(person) == 1


async def test_what_nobody_waits_for_counts_as_no_use(alice: Person) -> None:
    claim = await claim_update(BOT, 1, identity_of(alice))
    assert claim is not None and claim.known == alice
    assert await uses_of(alice) is None


async def test_the_limit_holds_however_many_arrive_at_once(alice: Person, bob: Person, noon: Any) -> None:
    limit = RateLimit.UPDATES.uses

    async def send(number: int) -> bool:
        claim = await claim_update(BOT, number, identity_of(alice), is_counted=True)
        assert claim is not None
        try:
            await limit_updates(claim, alice)
        except TooOften:
            return False
        return True

    assert sum(await asyncio.gather(*(send(number) for number in range(3 * limit)))) == limit
    claim = await claim_update(BOT, -1, identity_of(bob), is_counted=True)
    assert claim is not None
    await limit_updates(claim, bob)
    clock.advance(RateLimit.UPDATES.window)
    assert await send(10_000), "the window has ended"


async def test_an_update_that_the_database_refuses_harms_no_other(alice: Person) -> None:
    """X9: numbers beyond what a column holds."""
    numbers = [1, 2**63, 2, -(2**70), 3]
    results = await asyncio.gather(*(claim_update(BOT, n) for n in numbers), return_exceptions=True)
    assert [isinstance(result, Claim) for result in results] == [True, False, True, False, True]
    assert all(isinstance(results[place], Exception) for place in (1, 3))


async def test_a_claim_whose_answer_was_lost_is_ours(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection was lost, and the claim is in the database: it is handled here, and by nobody else."""
    execute = db.execute_single_rows

    async def lose_the_answer(sql: str, *args: object) -> list[db.Row]:
        monkeypatch.setattr(db, "execute_single_rows", execute)
        await execute(sql, *args)
        raise OutcomeUnknown("lost")

    assert await claim_update(BOT, 1) is not None
    monkeypatch.setattr(db, "execute_single_rows", lose_the_answer)
    before, ours = await asyncio.gather(claim_update(BOT, 1), claim_update(BOT, 2, identity_of(alice)))
    assert before is None, "another's claim stays another's"
    assert ours is not None and ours.known == alice
    assert await claim_update(BOT, 2) is None


async def test_without_a_database_nobody_claims(world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(sql: str, *args: object) -> list[db.Row]:
        raise Unavailable("connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(db, "execute_single_rows", away)
        with pytest.raises(Unavailable):
            await claim_update(BOT, 1)
    assert await claim_update(BOT, 1) is not None


async def test_a_claim_does_not_wait_for_the_disk(alice: Person) -> None:
    """The setting is that of the claim's own transaction, and ends with it."""
    who, now = identity_of(alice), clock.now()
    parameters = (
        *columns([who]),
        [1],
        [now],
        [True],
        now,
        now - timedelta(hours=1),
        BOT,
        False,
        [None],
    )
    async with db.transaction():
        await db.execute("SET LOCAL synchronous_commit = on")
        await db.rows(telegram_updates.CLAIM, *parameters)
        assert await db.value("SHOW synchronous_commit") == "off"


async def handle(update_id: int, handler: Callable[[], Awaitable[None]]) -> bool:
    """Claim an update that must not be lost and handle it; whether it was ours to handle."""
    async with claimed_until_handled(BOT, update_id) as claim:
        if claim is not None:
            await handler()
        return claim is not None


async def do_nothing() -> None: ...


async def test_what_nobody_waits_for_is_handled_once(world: None, noon: Any) -> None:
    assert await handle(1, do_nothing)
    assert not await handle(1, do_nothing)
    clock.advance(2 * HANDLED_WITHIN)
    assert not await handle(1, do_nothing), "however much later it comes again"
    assert await claim_update(BOT, 1) is None


async def test_what_is_being_handled_comes_again_until_it_was(world: None, noon: Any) -> None:
    """Two processes get it; if the first is killed, the second handles it after a minute."""

    async def deliver_again() -> None:
        with pytest.raises(Unavailable, match="being handled"):
            await handle(1, do_nothing)

    assert await handle(1, deliver_again)
    assert not await handle(1, do_nothing)

    async def be_killed() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await handle(2, be_killed)
    with pytest.raises(Unavailable):
        await handle(2, do_nothing)
    clock.advance(HANDLED_WITHIN)
    assert await handle(2, do_nothing)


@pytest.mark.parametrize("error", [Busy(), Unavailable("connection refused"), OutcomeUnknown("lost")])
async def test_what_the_database_kept_from_being_handled_is_claimed_again(
    error: Exception, world: None
) -> None:
    async def fail() -> None:
        raise error

    for _ in range(2):
        with pytest.raises(Unavailable):
            await handle(1, fail)
    assert await handle(1, do_nothing)


async def test_a_fault_is_not_tried_again(world: None) -> None:
    async def fail() -> None:
        raise RuntimeError("a fault")

    with pytest.raises(RuntimeError):
        await handle(1, fail)
    assert not await handle(1, do_nothing)


@pytest.mark.parametrize("error", [Busy(), Unavailable("connection refused"), OutcomeUnknown("lost")])
@pytest.mark.parametrize("is_fault", [False, True])
async def test_what_was_handled_is_recorded_though_the_database_is_away_at_its_end(
    world: None, noon: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, is_fault: bool
) -> None:
    """Otherwise it would be handled a second time, when Telegram repeats it."""
    execute, tries = db.execute_single, 0

    async def away(*args: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 3:
            raise error
        return await execute(*args)

    async def be_handled() -> None:
        monkeypatch.setattr(db, "execute_single", away)
        if is_fault:
            raise RuntimeError("a fault")

    monkeypatch.setattr("backend.retry.RETRY_PAUSE", 0.0)
    with pytest.raises(RuntimeError) if is_fault else nullcontext():
        await handle(1, be_handled)
    assert tries == 4
    clock.advance(2 * HANDLED_WITHIN)
    assert not await handle(1, do_nothing)


async def test_a_database_that_stays_away_is_not_asked_for_ever(
    world: None, noon: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: Any) -> Any:
        raise Unavailable("connection refused")

    async def take_long() -> None:
        clock.advance(HANDLED_WITHIN)
        monkeypatch.setattr(db, "execute_single", away)

    with pytest.raises(Unavailable, match="refused"):
        await handle(1, take_long)
