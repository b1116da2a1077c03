"""How often one person may do something, over all processes (`X7`)."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account
from backend.errors import Invalid, TooOften
from backend.people.rate_limits import RateLimit, spend

LIMIT = RateLimit.POLLS


async def uses_of(person: Any, tries: int) -> int:
    """How many of so many tries at once are let through."""
    results = await asyncio.gather(*[spend(person, LIMIT) for _ in range(tries)], return_exceptions=True)
    assert all(result is None or isinstance(result, TooOften) for result in results), results
    return results.count(None)


async def test_many_at_once_never_get_more_than_the_limit(alice: Any, bob: Any, noon: Any) -> None:
    assert await uses_of(alice, 3 * LIMIT.uses) == LIMIT.uses
    assert await uses_of(bob, 1) == 1, "each person has their own"
    await spend(alice, RateLimit.EXPORTS)


async def test_without_the_limit_all_get_through(alice: Any, noon: Any, switch_off: Any) -> None:
    """The negative control of the test above."""
    switch_off("rate-limits.off")
    assert await uses_of(alice, 3 * LIMIT.uses) == 3 * LIMIT.uses


async def test_the_refusal_says_when_to_try_again(alice: Any, noon: Any) -> None:
    await uses_of(alice, LIMIT.uses)
    clock.advance(LIMIT.window - timedelta(seconds=90))
    with pytest.raises(TooOften) as first:
        await spend(alice, LIMIT)
    assert (first.value.retry_after, first.value.words.values) == (90, {"minutes": 2})
    with pytest.raises(TooOften) as second:
        await spend(alice, LIMIT)
    assert (first.value.is_first, second.value.is_first) == (True, False)
    clock.advance(timedelta(seconds=90))
    assert await uses_of(alice, 3 * LIMIT.uses) == LIMIT.uses


async def test_a_person_founds_five_clubs_a_day(alice: Any, noon: Any) -> None:
    """What is refused for another reason does not count."""
    for _ in range(2 * RateLimit.ACCOUNTS.uses):
        with pytest.raises(Invalid):
            await create_own_account(alice, " ")
    for n in range(RateLimit.ACCOUNTS.uses):
        await create_own_account(alice, f"Club {n}")
    with pytest.raises(TooOften):
        await create_own_account(alice, "One more")
    assert await db.value("SELECT count(*) FROM accounts WHERE name LIKE 'Club _'") == RateLimit.ACCOUNTS.uses
    assert not await db.value("SELECT count(*) FROM accounts WHERE name = 'One more'")
