"""The screen of somebody who waits names a few of the line, and reads no more of it (`W5`)."""

import json
from typing import Any

from backend import db
from backend.bookings import actions
from backend.bookings.organiser import make_room
from backend.bookings.queries.people import EXCERPT, waitlist, waitlist_around
from backend.events.queries import find_instance
from backend.seats.requests import Via
from tests.bookings.test_first_comers import nodes


async def test_reads_the_head_of_the_line_the_reader_and_the_next(
    noon: Any, instance: Any, olga: Any, crowd: Any
) -> None:
    code = await instance(capacity=3)
    people = await crowd(14)
    for person in people:
        await actions.book(code, person, via=Via.CARD)
    await actions.set_capacity(code, olga, 1)
    await make_room(code, olga)  # the two who were seated last are the first in line
    id = (await find_instance(code)).id
    line = await waitlist(id, limit=100)
    assert [one.user_id for one in line] == [person.id for person in people[1:]]
    for at, person in enumerate(people[1:]):
        expected = line[:5] + [one for one in line[at : at + 2] if one not in line[:5]]
        assert await waitlist_around(id, person) == expected


async def test_reads_no_more_of_a_long_line(noon: Any, instance: Any, crowd: Any) -> None:
    code = await instance(capacity=1)
    people = await crowd(40)
    for person in people:
        await actions.book(code, person, via=Via.CARD)
    await db.execute("ANALYZE bookings")
    sql = f"EXPLAIN (ANALYZE, FORMAT JSON) {EXCERPT}"
    plan = json.loads(await db.value(sql, (await find_instance(code)).id, people[30].id))[0]["Plan"]
    [looked_up] = [node for node in nodes(plan) if node.get("Relation Name") == "telegram_users"]
    assert looked_up["Actual Rows"] * looked_up["Actual Loops"] <= 7
