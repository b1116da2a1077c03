"""Seats, regulars and attendance by command, as an organiser types them (`B10`–`B12`, `W4`)."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from backend import clock, db
from backend.bookings.actions import book, set_capacity
from backend.bookings.attendance import my_check_in_code
from backend.seats.requests import Via
from tests.workers import Done, command

Make = Callable[..., Awaitable[Any]]


async def run(*arguments: str, as_: int = 1001) -> Done:
    return await command(*arguments, "--as", str(as_))


async def printed(*arguments: str) -> str:
    done = await run(*arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


async def refused(*arguments: str, as_: int = 1001, code: int = 1) -> str:
    done = await run(*arguments, as_=as_)
    assert (done.returncode, done.stdout) == (code, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr


async def member(person: Any) -> str:
    return str(await db.value("SELECT id FROM memberships WHERE user_id = $1", person.id))


async def test_seats_are_given_moved_and_taken_away(
    series: Make, olga: Any, alice: Any, bob: Any, account: Any
) -> None:
    """`B10`."""
    made = await series(capacity=2, rule="FREQ=WEEKLY;COUNT=2")
    first, second = (
        row["code"] for row in await db.rows("SELECT code FROM event_instances ORDER BY starts_at")
    )
    assert made.first_code == first
    assert await printed("people", first) == "No one has answered yet.\n"
    alices, bobs = await member(alice), await member(bob)
    assert (await printed("seat", first, "--member", alices)).startswith("You’re in. See you ")
    answer = json.loads(await printed("seat", first, "--name", "Liisa", "--json"))
    assert set(answer) == {"kind", "seats", "waiting", "place", "said"}
    assert (answer["kind"], answer["seats"], answer["waiting"], answer["place"]) == ("booked", 1, 0, None)
    assert "an owner can add it over the limit" in await refused(
        "seat", first, "--member", bobs, "--guests", "1"
    )
    assert json.loads(await printed("seat", first, "--member", bobs, "--over", "--json"))["seats"] == 1
    people = [line.split("\t") for line in (await printed("people", first)).splitlines()]
    assert [tuple(fields[1:]) for fields in people] == [
        ("Alice", "in", "seats 1, waiting for 0"),
        ("Liisa", "in", "seats 1, waiting for 0"),
        ("Bob", "in", "seats 1, waiting for 0"),
    ]
    assert (
        json.loads(await printed("bring", first, "--member", bobs, "--to", second, "--json"))["kind"]
        == "booked"
    )
    await printed("unseat", first, "--member", alices)
    assert "Alice\tleft\tseats 0" in await printed("people", first)
    assert "Only organisers" in await refused("seat", first, "--member", alices, as_=1002)
    assert "Only organisers" in await refused("unseat", second, "--member", bobs, as_=1002)


async def test_a_command_needs_to_know_whom(instance: Make, olga: Any) -> None:
    """Exit code 2: the command was typed wrongly."""
    code = await instance()
    assert "--member" in await refused("seat", code, code=2)
    assert "--name" in await refused("seat", code, "--member", "1", "--name", "Liisa", code=2)
    assert "--member" in await refused("unseat", code, code=2)
    assert "--scan" in await refused("check-in", code, "--member", "1", "--scan", "x", code=2)
    assert "no-such-option" in await refused("seat", code, "--member", "1", "--no-such-option", code=2)
    assert "'one'" in await refused("seat", code, "--member", "one", code=2)


async def test_room_is_made_where_too_many_sit(instance: Make, olga: Any, alice: Any, bob: Any) -> None:
    """`W4`."""
    code = await instance(capacity=2)
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    await set_capacity(code, olga, 1)
    assert await printed("make-room", code) == "Parties moved to the head of the line: 1\n"
    assert await printed("make-room", code, "--json") == "0\n"


async def test_a_regular_has_a_seat_on_every_date(series: Make, olga: Any, alice: Any, account: Any) -> None:
    """`B11`."""
    made = await series(rule="FREQ=WEEKLY;COUNT=3")
    whom = ("regular", str(made.series_id), "--member", await member(alice))
    assert await printed(*whom) == "Dates: 3\n"
    assert await printed(*whom, "--end") == "The standing seat has ended.\n"
    assert "Not found" in await refused(*whom, "--end")
    assert "Only organisers" in await refused(*whom, as_=1002)


async def test_who_came_is_checked_in_and_the_list_is_closed(
    instance: Make, olga: Any, alice: Any, bob: Any, account: Any
) -> None:
    """`B12`, `B6`."""
    code = await instance(capacity=4)
    await book(code, alice, guests=1, via=Via.MINIAPP)
    await book(code, bob, via=Via.MINIAPP)
    alices = await member(alice)
    assert await printed("check-in", code, "--member", alices, "--came", "1") == "Alice: 1 of 2 here\n"
    assert await printed("check-in", code, "--member", alices, "--undo") == "Taken back.\n"
    scan = await my_check_in_code(code, alice)
    answer = json.loads(await printed("check-in", code, "--scan", scan, "--json"))
    assert (answer["name"], answer["came"], answer["seats"]) == ("Alice", 2, 2)
    assert "Only organisers" in await refused("close-list", code, as_=1002)
    await db.execute(
        "UPDATE event_instances SET starts_at = $1, ends_at = $2",
        clock.now() - timedelta(hours=3),
        clock.now() - timedelta(hours=2),
    )
    assert await printed("close-list", code) == "No-shows: 1\n"
    [line] = (await printed("absences", "--account", "Kallio Yoga")).splitlines()
    number, name, kind, _, seats = line.split("\t")
    assert (name, kind, seats) == ("Bob", "no-show", "1")
    assert (await printed("absences", "--account", "Kallio Yoga", "--pardon", number)).endswith(
        "\t1 (pardoned)\n"
    )
    assert await printed("close-list", code, "--reopen") == "Open again.\n"
    assert "Only organisers" in await refused("absences", "--account", str(account.id), as_=1002)


async def test_commands_about_seats_print_results_and_refusals(
    series: Any, account: Any, olga: Any, alice: Any
) -> None:
    """`X4`: permissions are those of the person named by `--as`."""
    made = await series(capacity=2, rule="FREQ=WEEKLY;COUNT=2")
    code, who = made.first_code, await member(alice)
    done = await run("seat", code, "--member", who, "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["kind"] == "booked"
    assert (await run("seat", code, "--name", "Liisa")).returncode == 0
    done = await run("people", code)
    assert done.returncode == 0 and "Alice" in done.stdout and "Liisa" in done.stdout
    done = await run("check-in", code, "--member", who)
    assert done.stdout.strip() == "Alice: 1 of 1 here"
    done = await run("regular", str(made.series_id), "--member", who, "--json")
    assert (done.returncode, done.stdout.strip()) == (0, "1")
    done = await run("unseat", code, "--member", who, as_=alice.telegram_id)
    assert done.returncode == 1 and "Only organisers" in done.stderr
    assert (await run("unseat", code, "--member", who)).returncode == 0
    assert (await run("absences", "--account", "Kallio Yoga")).stdout.strip() == "None."
