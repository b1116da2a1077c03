"""Lists of dates look up what is shown of the dates on the page, and of no others."""

import json
from datetime import timedelta
from typing import Any

from backend import clock, db
from backend.bookings.queries.lists import BEST_FIRST, PAST, UPCOMING, search_values, upcoming
from backend.bookings.view_queries import VIEW
from tests.bookings.test_first_comers import nodes


async def looked_up(where: str, *values: object) -> int:
    """Of how many dates the seats were read for a list."""
    async with db.transaction():
        # Of small tables the planner would read all.
        await db.execute("SET LOCAL enable_seqscan = off")
        await db.execute("SET LOCAL enable_hashjoin = off")
        found = await db.value(f"EXPLAIN (ANALYZE, FORMAT JSON) {VIEW} WHERE {where}", *values)
    [seats] = [node for node in nodes(json.loads(found)[0]["Plan"]) if node.get("Alias") == "s"]
    return int(seats["Actual Rows"] * seats["Actual Loops"])


async def test_the_dates_to_come(noon: Any, instance: Any, alice: Any) -> None:
    codes = [await instance(title="Yoga") for _ in range(6)]
    shown = await upcoming(alice, limit=2)
    assert [view.code for view in shown] == codes[:2]
    assert await looked_up(UPCOMING, *search_values(alice, limit=2)) == 2


async def test_those_that_have_the_words_themselves_come_first(
    noon: Any, instance: Any, alice: Any, account: Any
) -> None:
    await db.execute("UPDATE accounts SET name = 'Yoga club' WHERE id = $1", account.id)
    await instance(title="Chess")
    yoga = [await instance(title="Yoga") for _ in range(4)]
    assert [view.code for view in await upcoming(alice, words="yoga", limit=2, best_first=True)] == yoga[:2]
    assert await looked_up(BEST_FIRST, *search_values(alice, words="yoga", limit=2)) == 2
    every = await upcoming(alice, words="yoga", best_first=True)
    assert [view.title for view in every] == ["Yoga"] * 4 + ["Chess"]


async def test_the_dates_that_are_over(noon: Any, instance: Any, olga: Any, account: Any) -> None:
    for _ in range(6):
        await instance()
    later = clock.now() + timedelta(days=60)
    assert await looked_up(PAST, olga.id, account.id, later, 0, later, 2, None, None) == 2
