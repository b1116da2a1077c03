"""The screen of an instance names the first who have a seat, and reads no more of them."""

import json
from collections.abc import Iterator
from typing import Any

from backend import clock, db
from backend.bookings import actions
from backend.bookings.etags import VISIBLE
from backend.bookings.queries.people import SEATED_MAX
from backend.screens.queries import _EVENT, event
from backend.seats.requests import Via


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


async def test_a_screen_reads_only_those_it_names(noon: Any, instance: Any, crowd: Any) -> None:
    """A rush books thousands on one date, and everyone who booked opens its screen."""
    code = await instance(capacity=200)
    people = await crowd(60)
    for person in people:
        await actions.book(code, person, via=Via.CARD)
    for _ in range(30):  # most dates have few parties, and the planner goes by that
        await actions.book(await instance(), people[0], via=Via.CARD)
    await db.execute("ANALYZE bookings")
    shown = (await event(code, people[40])).people
    assert [one.user_id for one in shown.comers] == [person.id for person in people[:SEATED_MAX]]
    sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {_EVENT} WHERE {VISIBLE}"
    plan = json.loads(await db.value(sql, people[40].id, clock.now(), code))[0]["Plan"]
    [seated] = [node for node in nodes(plan) if node.get("Index Name") == "bookings_seated_idx"]
    assert seated["Actual Rows"] * seated["Actual Loops"] == SEATED_MAX
