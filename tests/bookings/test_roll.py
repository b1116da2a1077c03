"""The lists of a date, in their order, a page at a time, and who is on them (`B10`, `B12`, `W1`)."""

from typing import Any

from backend import db
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in
from backend.bookings.organiser import seat_by_name
from backend.bookings.queries.event import event
from backend.bookings.roster import Page, counts, entry, not_on_it, roster
from backend.people.actions import mark_blocked
from backend.seats.requests import Via


def names(page: Page) -> list[str]:
    return [one.name for one in page.entries]


async def member_of(person: Any, club: Any) -> int:
    return int(
        await db.value(
            "SELECT id FROM memberships WHERE user_id = $1 AND account_id = $2", person.id, club.id
        )
    )


async def test_everybody_is_on_the_list_where_they_belong(
    alice: Any, bob: Any, aino: Any, olga: Any, club: Any, instance: Any
) -> None:
    code = await instance(capacity=3)
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    await seats.book(code, aino, guests=1, via=Via.CARD)
    await seat_by_name(code, olga, "Kerttu")
    await seats.answer(code, olga, maybe=True, via=Via.CARD)
    date = (await event(code, olga)).id
    assert names(await roster(date, "in")) == ["Bob", "Alice"]
    assert names(await roster(date, "door")) == ["Alice", "Bob"]
    assert names(await roster(date, "others")) == ["Olga"]
    line = await roster(date, "line")
    assert [(one.name, one.place, one.waiting) for one in line.entries] == [
        ("Aino", 1, 2),
        ("Kerttu", 2, 1),
    ]
    await check_in(code, olga, await member_of(bob, club), came=1)
    assert names(await roster(date, "missing")) == ["Alice"]
    told = await counts(date)
    assert (told.parties, told.people, told.here_parties, told.here) == (2, 3, 1, 1)
    assert (told.waiting, told.seats_wanted, told.maybe, told.unseen) == (2, 3, 1, 1)
    assert names(await not_on_it(date, club.id)) == ["Olga"]


async def test_a_page_begins_after_the_one_before_also_when_that_has_gone(
    crowd: Any, olga: Any, club: Any, instance: Any
) -> None:
    code = await instance(capacity=None)
    people = await crowd(7)
    for person in people:
        await seats.book(code, person, via=Via.CARD)
    date = (await event(code, olga)).id
    first = await roster(date, "in", limit=3)
    assert (names(first), first.many) == (["Member 1", "Member 2", "Member 3"], 7)
    second = await roster(date, "in", after=first.after, limit=3)
    assert names(second) == ["Member 4", "Member 5", "Member 6"]
    last = await roster(date, "in", after=second.after, limit=3)
    assert (names(last), last.after) == (["Member 7"], None)
    await seats.leave(code, people[2], via=Via.CARD)
    assert names(await roster(date, "in", after=first.after, limit=3))[0] == "Member 1"
    found = await roster(date, "in", words="7 mem", after=first.after)
    assert (names(found), found.many) == (["Member 7"], 1)
    assert names(await roster(date, "in", words="%")) == []


async def test_whom_the_bot_cannot_tell_is_told_apart(alice: Any, bob: Any, olga: Any, instance: Any) -> None:
    """`B10`, `M3`: who has blocked it, and who has no Telegram."""
    code = await instance()
    for person in (alice, bob):
        await seats.book(code, person, via=Via.CARD)
    await seat_by_name(code, olga, "Kerttu")
    await mark_blocked(bob.telegram_id)
    date = (await event(code, olga)).id
    assert names(await roster(date, "unreachable")) == ["Bob", "Kerttu"]


async def test_a_member_of_another_club_is_on_no_list(
    alice: Any, charlie: Any, olga: Any, club: Any, instance: Any
) -> None:
    """`A1`"""
    from backend.accounts.actions import create_own_account

    code = await instance()
    games = await create_own_account(charlie, "Board games", zone="UTC")
    theirs = int(await db.value("SELECT id FROM memberships WHERE user_id = $1", charlie.id))
    date = (await event(code, olga)).id
    assert await entry(date, club.id, theirs) is None
    assert await entry(date, games, await member_of(alice, club)) is None
    assert "Charlie" not in names(await not_on_it(date, club.id))
