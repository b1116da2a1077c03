"""`emerald series …` and `emerald event …` as an organiser types them (`S4`–`S9`)."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from icalendar import Calendar

from backend.bookings.actions import book, stay
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import series_instances
from backend.events.queries import series_by_id as series_view
from backend.people.queries import Person
from backend.seats.requests import Via
from tests.workers import Done, command

Make = Callable[..., Awaitable[Any]]
# The command line has the clock of the machine, so these dates lie far ahead of any.
START = datetime(2031, 3, 4, 18, 0)  # a Tuesday
RULE = "FREQ=WEEKLY;COUNT=4"


async def run(*arguments: str, as_: int = 1001) -> Done:
    """A command as Olga, or whoever has that Telegram number."""
    return await command(*arguments, "--as", str(as_))


async def printed(*arguments: str) -> str:
    done = await run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def printed_json(*arguments: str) -> Any:
    """The answer as JSON."""
    return json.loads(await printed(*arguments, "--json"))


async def refused(*arguments: str, as_: int = 1001) -> str:
    done = await run(*arguments, as_=as_)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


async def test_a_series_is_listed_changed_paused_and_put_away(
    series: Make, account: Any, olga: Person, alice: Person
) -> None:
    made = await series(starts_local=START, rule=RULE)
    number = str(made.series_id)
    assert await printed("series", "list") == f"{number}  Evening flow yoga  (1 upcoming dates)"
    assert made.first_code in await printed("series", "show", number)
    shown = await printed_json("series", "show", number)
    assert shown["series"]["draft"]["capacity"] == 12
    assert [one["code"] for one in shown["dates"]] == [made.first_code]

    assert await printed(
        "series", "edit", number, "--title", "Morning yoga", "--capacity", "none", "--min-to-run", "3",
        "--decide-by-itself", "--remind-before-minutes", "60",
    ) == "Saved."  # fmt: skip
    view = await series_view(account.id, made.series_id)
    assert view is not None
    draft = view.draft
    assert (draft.title, draft.capacity, draft.min_to_run) == ("Morning yoga", None, 3)
    assert (draft.decide_by_itself, draft.remind_before_minutes) == (True, (60,))
    assert "guests_max" in await refused("series", "edit", number, "--guests-max", "12")

    await book(made.first_code, alice, via=Via.MINIAPP)
    drifted = await printed("series", "edit", number, "--starts-at", "2031-03-04T19:00")
    assert drifted == (
        f"Saved. No longer in the rule: {made.first_code}\n"
        "Keep each with `emerald event keep CODE`, or move or cancel it."
    )
    assert f"{made.first_code}  2031-03-04 18:00 Europe/Helsinki  1, 0 waiting  (drifted)" in (
        await printed("series", "drift")
    )
    assert [one["code"] for one in await printed_json("series", "drift", number)] == [made.first_code]
    assert await printed("event", "keep", made.first_code) == "Kept."
    assert await printed("series", "drift", number) == "None."

    assert await printed("series", "pause", number) == "Paused."
    assert "paused" in await printed("series", "list")
    assert await printed("series", "resume", number) == "Resumed. New dates: 0."
    assert "Say why it is cancelled" in await refused("series", "archive", number)
    assert await printed("series", "archive", number, "--reason", "Over.") == "Archived. Cancelled dates: 1."
    assert await printed("series", "list") == "No series."
    assert "archived" in await printed("series", "list", "--archived")
    assert (await printed("series", "unarchive", number)).startswith("Restored. New dates: ")


async def test_what_keeps_values_of_its_own_is_named(series: Make, account: Any, olga: Person) -> None:
    """S4."""
    made = await series(starts_local=START, rule=RULE)
    await printed("event", "move", made.first_code, "--starts-at", "2031-03-05T18:00")
    assert await printed("series", "edit", str(made.series_id), "--capacity", "6") == (
        f"Saved.\n{made.first_code} keeps its own time, capacity."
    )


async def test_another_hour_keeps_what_is_left_out(series: Make, account: Any, olga: Person) -> None:
    """S11: the whole series and those that follow a date; a rule that is given is taken as it is."""
    rule = "FREQ=WEEKLY;UNTIL=20300122T155959Z\nEXDATE;TZID=Europe/Helsinki:20300108T180000"
    made = await series(starts_local=datetime(2030, 1, 1, 18, 0), rule=rule)
    number = str(made.series_id)
    await printed("series", "edit", number, "--starts-at", "2030-01-01T17:00")
    view = await series_view(account.id, made.series_id)
    assert view is not None
    walls = [one.local for one in view.draft.next_occurrences(datetime(2029, 1, 1, tzinfo=UTC), limit=9)]
    assert walls == [datetime(2030, 1, 1, 17), datetime(2030, 1, 15, 17)]
    await printed("series", "edit", number, "--starts-at", "2030-01-01T19:00", "--rule", rule)
    assert (await series_view(account.id, made.series_id)).draft.rule == rule  # type: ignore[union-attr]


async def test_a_date_and_those_after_it_and_a_copy(series: Make, account: Any, olga: Person) -> None:
    made = await series(starts_local=datetime(2030, 1, 1, 18, 0), rule="RDATE:20300108T180000")
    first = made.first_code
    number = str(made.series_id)
    assert await printed("series", "edit", number, "--only", first, "--place", "Sali 9") == "Saved."
    assert (await event(first, olga)).place == "Sali 9"
    assert "belongs to the whole series" in await refused(
        "series", "edit", number, "--only", first, "--rule", "FREQ=DAILY"
    )
    done = await printed_json("series", "edit", number, "--following", first, "--title", "New")
    assert done == {
        "series_id": made.series_id,
        "drifted": [],
    }  # from the first on, it is all of it
    copy = await printed_json("series", "duplicate", number, "--starts-at", "2032-05-01T12:00")
    assert (await event(copy["first_code"], olga)).title == "New"
    assert "This series has no such date." in await refused(
        "series", "edit", number, "--only", copy["first_code"], "--title", "x"
    )


async def test_one_date_is_moved_called_off_and_decided(
    series: Make, olga: Person, alice: Person, bob: Person
) -> None:
    made = await series(starts_local=START, min_to_run=5)
    code = made.first_code
    for person in (alice, bob):
        await book(code, person, via=Via.MINIAPP)
    moved = await printed("event", "move", code, "--starts-at", "2031-03-05T11:00")
    assert moved.startswith("Moved.")
    await stay(code, alice, via=Via.MINIAPP)
    assert await printed("event", "tally", code) == ("asked: 2\nstay: 1 (Alice)\nleft: 0\nsilent: 1 (Bob)")
    assert (await printed_json("event", "tally", code))["silent"] == ["Bob"]
    assert "2031-03-05 11:00 Europe/Helsinki  2/12" in await printed("event", "show", code)
    assert await printed("event", "cancel", code, "--reason", "Ill") == "Cancelled."
    assert (await printed_json("event", "restore", code))["state"] == "SCHEDULED"
    assert (await printed_json("event", "decide", code, "run"))["kind"] == "done"
    assert await printed("event", "decide", code, "off") == "Called off. Everyone concerned will be told."
    [entry] = Calendar.from_ical(await printed("event", "calendar", code) + "\r\n").walk("VEVENT")
    assert (entry["STATUS"], entry["SEQUENCE"]) == ("CANCELLED", 4)


async def test_members_strangers_and_bad_times_are_told_no(
    series: Make, alice: Person, charlie: Person
) -> None:
    """`X4`, `A1`, `X5`."""
    made = await series(starts_local=START)
    number, code = str(made.series_id), made.first_code
    assert "Only organisers" in await refused("series", "pause", number, as_=1002)
    assert "Not found" in await refused("series", "pause", number, as_=1004)
    assert "Only organisers" in await refused("event", "cancel", code, "--reason", "x", as_=1002)
    assert "starts_at" in await refused("event", "move", code, "--starts-at", "tomorrow")
    assert "doesn’t know anyone" in await refused("event", "show", code, as_=99)


async def test_dates_follow_from_one_on(series: Make, account: Any, olga: Person) -> None:
    """`S4`: `--following` splits the series."""
    made = await series(starts_local=START)
    number = str(made.series_id)
    await printed("series", "edit", number, "--rule", "RDATE:20310311T180000")
    from backend import db
    from backend.events.materialization import materialize_series

    async with db.transaction():
        await materialize_series(made.series_id, datetime(2031, 3, 1).astimezone())
    second = (await series_instances(made.series_id, olga))[1]
    done = await printed_json("series", "edit", number, "--following", second.code, "--title", "New")
    assert done["series_id"] != made.series_id
    assert (await event(second.code, olga)).title == "New"
    assert (await event(made.first_code, olga)).title == "Evening flow yoga"
