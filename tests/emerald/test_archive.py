"""`emerald archive`: what is long over moves into the archive, and is still found by those whom it is about."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.history import DELAY, choose_history
from backend.bookings.absences import absences
from backend.bookings.actions import add_guest, book
from backend.bookings.attendance import check_in, close_list, complete_ended
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import between, my_bookings
from backend.bookings.roster import roster_counts
from backend.people.queries import Person
from backend.personal.actions import erase
from backend.personal.queries import export
from backend.seats.requests import Via
from emerald import archive as archiving
from emerald.archive import archive
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[str]]
YEAR = timedelta(days=367)


@pytest.fixture
async def over(instance: Make, olga: Person, alice: Person, bob: Person, noon: datetime) -> str:
    """A date that was held more than a year ago: Alice came with a guest, Bob did not."""
    code = await instance(title="Long ago")
    await book(code, alice, via=Via.CARD)
    await add_guest(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    clock.advance(timedelta(days=3, hours=8))
    await complete_ended()
    membership = await db.value(
        "SELECT id FROM memberships WHERE user_id = $1 AND account_id = (SELECT min(account_id) FROM bookings)",
        alice.id,
    )
    await check_in(code, olga, membership)
    await close_list(code, olga)
    clock.advance(YEAR)
    await db.execute("UPDATE messages SET state = 'sent', sent_at = created_at")
    return code


async def id_of(code: str) -> int:
    return int(await db.value("SELECT id FROM event_instances WHERE code = $1", code))


async def test_a_date_long_over_moves_and_is_found_all_the_same(
    over: str, instance: Make, account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    ahead = await instance(title="Next week")
    await book(ahead, alice, via=Via.CARD)
    before = await my_bookings(alice, past=True), await absences(account.id), await export(alice)
    seen = await event(over, alice)
    month = seen.starts_at - timedelta(days=20), seen.starts_at + timedelta(days=10)
    assert [view.code for view in before[0]] == [over]

    assert (await archive()).instances == 1
    assert (await archive()).instances == 0, "doing it again changes nothing"

    for table in ("event_instances", "bookings", "instance_seats", "absences"):
        left = await db.value(f"SELECT count(*) FROM {table}")
        assert left == (0 if table == "absences" else 1), table
    assert [view.code for view in await my_bookings(alice, past=True)] == [over]
    assert [view.code for view in await my_bookings(alice)] == [ahead]
    assert [view.code for view in await between(alice, *month)] == [over]
    again = await event(over, alice)
    assert (again.title, again.starts_at, again.booked) == (seen.title, seen.starts_at, 3)
    assert await absences(account.id) == before[1] != []
    exported = await export(alice)
    for part in ("changes of your seats", "clubs"):
        assert exported[part] == before[2][part], part
    bookings: Any = exported["bookings and answers"]
    kept = bookings[0]
    assert (kept["date"], kept["seats"], kept["came"]) == ("Long ago", 2, 2)
    assert await check_invariants() == []


async def test_without_the_archive_it_would_not_be_found(
    over: str, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the lists read the archive, not the tables of today."""
    await archive()
    monkeypatch.setattr("backend.bookings.view_queries.of_archive", lambda sql: sql)
    assert await my_bookings(alice, past=True) == []


async def test_what_is_not_long_over_or_still_needed_stays(
    instance: Make, alice: Person, noon: datetime
) -> None:
    recent, due = await instance(title="Recent"), await instance(title="Due")
    for code in (recent, due):
        await book(code, alice, via=Via.CARD)
    clock.advance(timedelta(days=4))
    await complete_ended()
    clock.advance(timedelta(days=360))
    assert (await archive()).instances == 0
    clock.advance(timedelta(days=7))
    await db.execute(
        "INSERT INTO cards (account_id, instance_id, group_id, state, next_try_at, created_at)"
        " SELECT account_id, $1, (SELECT min(id) FROM groups), 'due', now(), now() FROM event_instances WHERE id = $1",
        await id_of(due),
    )
    assert (await archive()).instances == 1
    assert (
        await db.value("SELECT r.title FROM event_series r JOIN event_instances i ON i.series_id = r.id")
        == "Due"
    )


async def test_erasing_someone_reaches_the_archive(over: str, alice: Person, bob: Person) -> None:
    """`A7`: the name goes, the counts stay; names of guests are gone since it moved."""
    await db.execute("UPDATE bookings SET guest_names = '{Pekka}' WHERE seats = 2")
    await archive()
    assert await db.value("SELECT count(*) FROM bookings_archive WHERE guest_names <> '{}'") == 0
    assert await db.value("SELECT count(*) FROM messages_archive WHERE detail <> '{}'") == 0
    await erase(alice)
    assert await db.value("SELECT sum(seats) FROM bookings_archive") == 3
    assert (await event(over, bob)).booked == 3


async def test_people_book_while_it_runs(
    over: str,
    instance: Make,
    crowd: Callable[[int], Awaitable[list[Person]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`B3`: nobody waits for it, and nobody's seat is lost. One date in each transaction, so that they mix."""
    monkeypatch.setattr(archiving, "INSTANCES_AT_ONCE", 1)
    people = await crowd(12)
    await copies_of(over, 30)
    ahead = await instance(title="Now", capacity=8)
    done, *_ = await asyncio.gather(archive(), *(book(ahead, one, via=Via.CARD) for one in people))
    assert done == archiving.Archived(instances=31, log_rows=None, skipped=0)
    facts = await db.row(
        "SELECT booked, waiting FROM instance_seats s JOIN event_instances i ON i.id = s.instance_id WHERE i.code = $1",
        ahead,
    )
    assert facts is not None and (facts["booked"], facts["waiting"]) == (8, 4)
    assert await check_invariants() == []


async def copies_of(code: str, count: int) -> None:
    """More dates of the same series, as long over, without bookings."""
    await db.execute(
        "INSERT INTO event_instances (account_id, series_id, code, original_start, starts_at, ends_at, state, created_at)"
        " SELECT account_id, series_id, code || n, original_start - n * interval '1 day', starts_at - n * interval"
        " '1 day', ends_at - n * interval '1 day', 'COMPLETED', created_at FROM event_instances,"
        " generate_series(1, $2) n WHERE code = $1",
        code,
        count,
    )
    await db.execute(
        "INSERT INTO instance_seats (instance_id, account_id, capacity)"
        " SELECT id, account_id, 5 FROM event_instances i"
        " WHERE NOT EXISTS (SELECT 1 FROM instance_seats s WHERE s.instance_id = i.id)"
    )


async def test_one_row_that_cannot_move_keeps_no_other(over: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await copies_of(over, 3)
    await db.execute(
        "INSERT INTO event_instances_archive SELECT * FROM event_instances WHERE code = $1", f"{over}2"
    )
    done = await archive()
    assert (done.instances, done.skipped) == (3, 1)


async def people_kept() -> dict[str, int]:
    """How many rows there are, of today and in the archive, of what says who took part."""
    tables = ("bookings", "absences", "messages")
    return {
        table: await db.value(
            f"SELECT (SELECT count(*) FROM {table} WHERE instance_id IS NOT NULL)"
            f" + (SELECT count(*) FROM {table}_archive)"
        )
        for table in tables
    }


async def test_a_club_that_keeps_its_history_for_two_years_loses_who_took_part(
    over: str, instance: Make, account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """`A13`: the date and its seats stay."""
    recent = await instance(title="Recent")
    await book(recent, alice, via=Via.CARD)
    await choose_history(olga, account.id, 2)
    clock.advance(YEAR)
    await complete_ended()
    await db.execute("UPDATE messages SET state = 'sent', sent_at = created_at")
    assert (await archive()).forgotten == 1
    assert (await archive()).forgotten == 0, "doing it again changes nothing"

    assert [view.code for view in await my_bookings(alice, past=True)] == [recent]
    assert await my_bookings(bob, past=True) == []
    assert await absences(account.id) == []
    assert [row["date"] for row in list_of(await export(alice), "bookings and answers")] == ["Recent"]
    seen = await event(over, bob)
    assert (seen.title, seen.booked) == ("Long ago", 3)
    assert (await roster_counts(seen.id, archived=True)).people == 0
    assert await check_invariants() == []


def list_of(exported: dict[str, Any], part: str) -> list[dict[str, Any]]:
    return list(exported[part])


async def test_within_a_week_of_the_choice_nothing_goes(
    over: str, account: Any, olga: Person, alice: Person
) -> None:
    """`A13`: the choice can be taken back; a club that keeps everything is the control."""
    clock.advance(YEAR)
    await db.execute(
        "INSERT INTO messages (account_id, user_id, instance_id, kind, detail, dedupe, priority, state, due_at, created_at,"
        " sent_at) VALUES ($1, $2, $3, 'reminder', '{}', 'long ago', 5, 'sent', now(), now(), now())",
        account.id,
        alice.id,
        await id_of(over),
    )
    before = await people_kept()
    assert min(before.values()) > 0
    assert (await archive()).forgotten == 0
    await choose_history(olga, account.id, 2)
    clock.advance(DELAY - timedelta(minutes=1))
    await choose_history(olga, account.id, 2)  # the same again does not begin the week anew
    assert (await archive()).forgotten == 0
    assert await people_kept() == before
    await choose_history(olga, account.id, None)
    clock.advance(DELAY)
    assert (await archive()).forgotten == 0
    await choose_history(olga, account.id, 3)
    clock.advance(DELAY)
    assert (await archive()).forgotten == 0, "it is not three years old"
    await choose_history(olga, account.id, 2)
    clock.advance(DELAY)
    assert (await archive()).forgotten == 1
    assert set((await people_kept()).values()) == {0}


async def test_a_date_that_a_poll_chose_loses_its_people_too(
    over: str, account: Any, olga: Person, alice: Person
) -> None:
    """`A13`: nothing keeps a club's promise from being kept."""
    await db.execute(
        "WITH p AS (INSERT INTO polls (account_id, code, question, kind, choices_max, anonymous, results, created_at, closed_at)"
        " VALUES ($1, 'when', 'When?', 'dates', 1, false, 'live', now(), now()) RETURNING id)"
        " INSERT INTO poll_options (account_id, poll_id, position, text, made_instance_id)"
        " SELECT $1, id, 1, 'Then', $2 FROM p",
        account.id,
        await id_of(over),
    )
    clock.advance(YEAR)
    assert (await archive()).instances == 0, "the poll keeps it where history is kept for ever"
    await choose_history(olga, account.id, 2)
    clock.advance(DELAY)
    done = await archive()
    assert (done.instances, done.forgotten) == (1, 1)
    assert set((await people_kept()).values()) == {0}
