"""No oversell, whatever taps at the same time (`B2`–`B4`, `B7`, `W2`, `W4`): several processes, one real
PostgreSQL.

What is left is recounted from the bookings and the log by `check_invariants`, which `test_doctor` shows to
see faults.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from backend import clock, db
from backend.bookings.actions import set_capacity
from backend.events.queries import find_instance
from backend.people.queries import Person
from emerald.doctor import check_invariants
from tests.processes import together

CROWD = str(Path(__file__).with_name("crowd.py"))
NO_OVERSELL = "instance_seats_no_oversell"

Crowd = Callable[[int], Awaitable[list[Person]]]
Make = Callable[..., Awaitable[str]]
Acts = list[tuple[int, list[tuple[str, int]]]]


async def rush(code: str | list[str], crews: list[Acts], failpoints: str = "", **more: int) -> Counter[str]:
    """One process for each list of acts; all their answers."""
    codes = [code] if isinstance(code, str) else code
    # Each process comes to the dates in another order.
    tasks = [{"codes": codes[n:] + codes[:n], "acts": acts, **more} for n, acts in enumerate(crews)]
    return sum(
        (Counter(one) for one in await together(CROWD, "rush", tasks, FAILPOINTS=failpoints)),
        Counter(),
    )


async def most_ever_seated(code: str) -> int:
    """The highest number of seats given at any commit, from the log alone (`B3`, `B8`)."""
    return int(
        await db.value(
            "SELECT max(given) FROM (SELECT sum(seats_after - seats_before) OVER (ORDER BY id) AS given"
            " FROM event_participation_log WHERE instance_id = $1) l",
            (await find_instance(code)).id,
        )
    )


async def seats_of(code: str) -> db.Row:
    row = await db.row(
        "SELECT s.* FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id WHERE i.code = $1",
        code,
    )
    assert row is not None
    return row


async def holders(code: str, what: str) -> list[int]:
    """The members who have `seats` on it, or seats `offered`."""
    rows = await db.rows(
        "SELECT m.user_id FROM bookings b JOIN memberships m ON m.id = b.membership_id"
        f" WHERE b.instance_id = $1 AND b.{what} > 0 ORDER BY b.id",
        (await find_instance(code)).id,
    )
    return [row["user_id"] for row in rows]


async def let_the_time_to_undo_pass() -> None:
    """As if all had been seated ten minutes ago."""
    await db.execute("UPDATE bookings SET seated_at = seated_at - interval '10 minutes' WHERE seats > 0")


def errors(answers: Counter[str]) -> dict[str, int]:
    return {name: n for name, n in answers.items() if name.startswith("error") or "busy" in name}


async def test_two_hundred_people_for_twenty_seats(instance: Make, crowd: Crowd) -> None:
    """B3, B4: with guests, and with people leaving in between; every seat is given, none twice."""
    code = await instance(capacity=20, guests_max=3)
    people = [person.id for person in await crowd(200)]
    dice = random.Random(20)
    acts: Acts = [
        (
            who,
            [("book", dice.choice((0, 0, 0, 1, 2, 3)))]
            + ([("leave", 0)] if dice.random() < 0.3 else [])
            + ([("guests", 1), ("+1", 0), ("maybe", 0)] if dice.random() < 0.1 else [])
            + ([("leave", 0), ("book", 1)] if dice.random() < 0.1 else []),
        )
        for who in people
    ]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert not errors(answers)
    assert await check_invariants() == []
    assert await most_ever_seated(code) <= 20
    left = await seats_of(code)
    assert left["waiting"] > 0
    assert left["booked"] >= 20 - 3, "at most the head of the line is too big for what is free"


async def test_twenty_seats_for_singles_are_all_given_at_once(instance: Make, crowd: Crowd) -> None:
    """B3, B9: twenty are told "booked", everybody else has a place of their own in line."""
    code = await instance(capacity=20)
    people = [person.id for person in await crowd(200)]
    acts: Acts = [(who, [("book", 0)]) for who in people]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert answers == Counter({"book: booked": 20, "book: waiting": 180})
    assert await check_invariants() == []


async def test_double_taps_book_once(instance: Make, crowd: Crowd) -> None:
    """B2: the same person at the same moment in two processes, thrice in each."""
    code = await instance(capacity=20)
    people = [person.id for person in await crowd(40)]
    acts: Acts = [(who, [("book", 1), ("book", 1), ("book", 1)]) for who in people]
    answers = await rush(code, [acts, acts[::-1]])
    assert answers == Counter({"book: booked": 10, "book: waiting": 30, "book: already": 200})
    rows = await db.value("SELECT count(*) FROM event_participation_log")
    assert rows == 40
    assert await check_invariants() == []


async def test_leaving_twice_at_once_frees_one_seat(instance: Make, crowd: Crowd) -> None:
    """B2, B6, W2."""
    code = await instance(capacity=20)
    people = [person.id for person in await crowd(60)]
    await rush(code, [[(who, [("book", 0)]) for who in people]])
    going: Acts = [(who, [("leave", 0), ("leave", 0)]) for who in people[:30]]
    answers = await rush(code, [going, going[::-1]])
    assert answers == Counter({"leave: left": 30, "leave: already": 90})
    left = await seats_of(code)
    assert (left["booked"], left["waiting"]) == (20, 10)
    assert await check_invariants() == []


async def test_the_seats_change_while_everybody_taps(instance: Make, crowd: Crowd, olga: Person) -> None:
    """W4, B3: lowered below what is booked and raised again, also to no limit, meanwhile."""
    code = await instance(capacity=20, guests_max=2)
    people = [person.id for person in await crowd(120)]
    dice = random.Random(4)
    verbs = [("book", 0), ("book", 2), ("+1", 0), ("guests", 0), ("leave", 0), ("take", 0)]
    acts: Acts = [(who, [("book", 1), *dice.choices(verbs, k=4)]) for who in people]
    seats = [(olga.id, [("capacity", n) for n in (5, 30, 8, 60, 3, 0, 25, 12, 20)])]
    answers = await rush(code, [acts[0::2], acts[1::2], seats])
    assert not errors(answers)
    assert answers["capacity: done"] == 9
    assert await check_invariants() == []


async def test_gaps_are_filled_while_everybody_taps(instance: Make, crowd: Crowd) -> None:
    """W1: with "fill gaps" no seat stays free that somebody in line would fit into."""
    code = await instance(capacity=20, guests_max=3, fill_gaps=True)
    people = [person.id for person in await crowd(90)]
    dice = random.Random(1)
    acts: Acts = [
        (who, [("book", dice.randrange(4)), *([("leave", 0)] if dice.random() < 0.4 else [])])
        for who in people
    ]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert not errors(answers)
    assert await check_invariants() == []
    assert await most_ever_seated(code) <= 20


async def test_many_dates_are_rushed_at_once(instance: Make, crowd: Crowd) -> None:
    """B3, decision 0001: lists over several dates, in each process another order: nobody waits in a circle,
    nobody is refused."""
    codes = [await instance(capacity=5, guests_max=1) for _ in range(12)]
    people = [person.id for person in await crowd(60)]
    acts: Acts = [(who, [("book", who % 2), ("leave", 0), ("book", 0)]) for who in people]
    answers = await rush(codes, [acts[n::3] for n in range(3)])
    assert not errors(answers)
    assert answers["leave: left"] == 60 * 12
    assert await check_invariants() == []
    for code in codes:
        assert await most_ever_seated(code) <= 5
        assert (await seats_of(code))["booked"] == 5


async def test_the_doctor_may_look_while_everybody_taps(instance: Make, crowd: Crowd) -> None:
    """It reads one snapshot: a busy club does not look inconsistent at any moment."""
    code = await instance(capacity=20, guests_max=2)
    dice = random.Random(7)
    verbs = [("book", 1), ("leave", 0), ("book", 0), ("+1", 0), ("guests", 0), ("maybe", 0)]
    acts: Acts = [(person.id, dice.choices(verbs, k=12)) for person in await crowd(60)]
    rushing = asyncio.create_task(rush(code, [acts[0::2], acts[1::2]]))
    looks = 0
    while not rushing.done():
        assert await check_invariants() == []
        looks += 1
    assert not errors(await rushing)
    assert looks > 1


@pytest.mark.parametrize(("hours", "kinds"), [(20, {"decline offer: offer-declined"}), (1, set())])
async def test_freed_seats_move_by_the_clock_while_everybody_taps(
    instance: Make, crowd: Crowd, hours: int, kinds: set[str]
) -> None:
    """B3, B6, W2, W3: first while seats are offered, then when the first tap has them; of one date leaving is
    free, of the other only replacing is. No seat is given or held twice at any commit."""
    starts = (clock.now() + timedelta(hours=hours)).replace(tzinfo=None, microsecond=0)
    dates = {"capacity": 6, "guests_max": 2, "zone": "UTC", "starts_local": starts}
    codes = [await instance(**dates, cancel_before_minutes=late) for late in (None, 48 * 60)]
    dice = random.Random(hours)
    people = [person.id for person in await crowd(45)]
    book: Acts = [(who, [("book", dice.randrange(2))]) for who in people]
    answers = await rush(codes, [book[n::3] for n in range(3)])
    await let_the_time_to_undo_pass()
    await rush(codes[0], [[(who, [("leave", 0)]) for who in await holders(codes[0], "seats")]])
    # What must happen at least once is somebody's first tap, not the dice's gift.
    passing, replacing = await holders(codes[0], "offered"), await holders(codes[1], "seats")
    first = dict.fromkeys(people, "take it") | dict.fromkeys(replacing, "replace")
    first |= dict.fromkeys(passing[:1], "decline offer") | dict.fromkeys(passing[1:], "take it")
    verbs = ["book", "take it", "decline offer", "take", "leave", "replace", "keep", "+1", "guests"]
    acts: Acts = [
        (who, [(first[who], 0), *((verb, 0) for verb in dice.choices(verbs, k=7))]) for who in people
    ]
    answers += await rush(codes, [acts[n::3] for n in range(3)])
    assert not errors(answers)
    assert await check_invariants() == []
    assert {"take it: booked", "replace: replacing", "book: booked", *kinds} <= set(answers)
    for code in codes:
        given = await db.value(
            "SELECT max(given) FROM (SELECT sum(seats_after + offered_after - seats_before - offered_before)"
            " OVER (ORDER BY id) AS given FROM event_participation_log WHERE instance_id = $1) l",
            (await find_instance(code)).id,
        )
        assert 6 - 3 < given <= 6, "at most the head of the line is too big for what is free"


async def test_of_fourteen_on_twelve_seats_two_leave_freely(
    instance: Make, crowd: Crowd, olga: Person
) -> None:
    """B6, W4: after the deadline, over by 2, all of them tap Leave at once: two go, and then it is too late
    for the rest."""
    starts = (clock.now() + timedelta(hours=20)).replace(tzinfo=None, microsecond=0)
    code = await instance(capacity=14, zone="UTC", starts_local=starts, cancel_before_minutes=48 * 60)
    people = [person.id for person in await crowd(14)]
    await rush(code, [[(who, [("book", 0)]) for who in people]])
    await let_the_time_to_undo_pass()
    await set_capacity(code, olga, 12)
    acts: Acts = [(who, [("leave", 0)]) for who in people]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert answers == Counter({"leave: left": 2, "leave: too-late": 12})
    assert await check_invariants() == []
    left = await seats_of(code)
    assert (left["booked"], left["over"]) == (12, 0)


async def test_parties_seated_in_part_stop_waiting_while_everybody_taps(instance: Make, crowd: Crowd) -> None:
    """B6: who stops waiting for more keeps what they have, and what is held for them goes to the next, never
    twice."""
    starts = (clock.now() + timedelta(hours=20)).replace(tzinfo=None, microsecond=0)
    code = await instance(
        capacity=8, guests_max=2, zone="UTC", starts_local=starts, cancel_before_minutes=48 * 60
    )
    people = [person.id for person in await crowd(30)]
    first: Acts = [(who, [("book", n % 3), ("take", 0)]) for n, who in enumerate(people)]
    await rush(code, [first[n::3] for n in range(3)])
    verbs = ["stop", "stop", "take it", "take", "+1", "guests", "leave", "book"]
    dice = random.Random(6)
    acts: Acts = [(who, [(verb, 1) for verb in dice.choices(verbs, k=6)]) for who in people]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert not errors(answers)
    assert answers["stop: left"] and answers["stop: booked"] + answers["stop: already"]
    assert await check_invariants() == []
    assert await most_ever_seated(code) <= 8


async def test_everybody_takes_back_having_left_at_once(instance: Make, crowd: Crowd) -> None:
    """B3, B4: twenty on ten seats leave and come back at once, while ten more tap Join; nobody is in line by
    coming back."""
    code = await instance(capacity=10, guests_max=1)
    people = [person.id for person in await crowd(30)]
    acts: Acts = [
        *((who, [("book", 0), ("leave", 0), ("return", 0)]) for who in people[:20]),
        *((who, [("book", 1)]) for who in people[20:]),
    ]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert not errors(answers)
    assert answers["return: booked"] + answers["return: full"] == 20
    assert await check_invariants() == []
    assert await most_ever_seated(code) <= 10
    rows = await db.rows(
        "SELECT m.user_id FROM bookings b JOIN memberships m ON m.id = b.membership_id WHERE b.waiting > 0"
    )
    assert not {row["user_id"] for row in rows} & set(people[:20])


# --- the negative control: the same rush, the same recount, and the lock is what makes the difference ---


async def test_with_the_lock_slow_batches_oversell_nothing(instance: Make, crowd: Crowd) -> None:
    """B3: the control's own control; every batch pauses after loading while the others wait for it."""
    code = await instance(capacity=3, guests_max=2)
    acts: Acts = [(person.id, [("book", 2)]) for person in await crowd(30)]
    answers = await rush(code, [acts[n::3] for n in range(3)], "allocator.loaded")
    assert answers == Counter({"book: booked": 1, "book: waiting": 29})
    assert await check_invariants() == []
    assert await most_ever_seated(code) == 3


async def test_without_the_lock_and_the_check_the_recount_finds_an_oversell(
    instance: Make, crowd: Crowd
) -> None:
    """With the lock switched off and the CHECK gone, each process sees three free seats and gives them; it is
    found."""
    code = await instance(capacity=3, guests_max=2)
    acts: Acts = [(person.id, [("book", 2)]) for person in await crowd(30)]
    await db.execute("CREATE SEQUENCE looked")
    await db.execute(f"ALTER TABLE instance_seats DROP CONSTRAINT {NO_OVERSELL}")
    try:
        await rush(code, [acts[n::3] for n in range(3)], "allocator.no-lock", meet=3)
        found = await check_invariants()
        assert f"Date {code}: oversold, 9 seats given of 3, and only 0 over were allowed." in found
        assert await most_ever_seated(code) == 9
    finally:
        await db.execute("DROP SEQUENCE looked")
        await db.execute("TRUNCATE instance_seats")
        await db.execute(
            f"ALTER TABLE instance_seats ADD CONSTRAINT {NO_OVERSELL}"
            " CHECK (capacity IS NULL OR booked + offered <= capacity + over)"
        )


async def test_without_the_lock_the_database_itself_refuses_to_oversell(instance: Make, crowd: Crowd) -> None:
    """B3: the second line of defence."""
    code = await instance(capacity=3, guests_max=2)
    acts: Acts = [(person.id, [("book", 2)]) for person in await crowd(3)]
    await db.execute("CREATE SEQUENCE looked")
    try:
        answers = await rush(code, [acts[n : n + 1] for n in range(3)], "allocator.no-lock", meet=3)
    finally:
        await db.execute("DROP SEQUENCE looked")
    assert answers == Counter({"book: booked": 1, "error CheckViolationError": 2})
    assert await check_invariants() == []


async def test_all_who_booked_late_undo_it_at_once(instance: Make, crowd: Crowd) -> None:
    """B6: five minutes; everybody gets out, nothing counts, and every seat is free again."""
    starts = (clock.now() + timedelta(hours=20)).replace(tzinfo=None, microsecond=0)
    code = await instance(capacity=14, zone="UTC", starts_local=starts, cancel_before_minutes=48 * 60)
    people = [person.id for person in await crowd(14)]
    acts: Acts = [(who, [("book", 1 if who % 2 else 0), ("leave", 0)]) for who in people]
    answers = await rush(code, [acts[n::3] for n in range(3)])
    assert not errors(answers) and answers["leave: left"] == 14
    assert (await seats_of(code))["booked"] == 0
    assert await check_invariants() == []
