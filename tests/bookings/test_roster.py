"""The lists of a roster, in their order, a page at a time, and who is on them (`B10`, `B12`, `W1`)."""

from typing import Any

from backend import db
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in
from backend.bookings.organiser import seat_by_name
from backend.bookings.queries.event import event
from backend.bookings.roster import (
    RosterKind,
    RosterPage,
    roster,
    roster_counts,
    roster_entry,
    unlisted_members,
)
from backend.people.actions import mark_blocked
from backend.seats.requests import Via


def names(page: RosterPage) -> list[str]:
    return [one.name for one in page.entries]


async def member_of(person: Any, account: Any) -> int:
    return int(
        await db.value(
            "SELECT id FROM memberships WHERE user_id = $1 AND account_id = $2", person.id, account.id
        )
    )


async def test_every_party_is_on_its_lists(
    alice: Any, bob: Any, aino: Any, olga: Any, account: Any, instance: Any
) -> None:
    code = await instance(capacity=3)
    await seats.book(code, bob, guests=1, via=Via.CARD)
    await seats.book(code, alice, via=Via.CARD)
    await seats.book(code, aino, guests=1, via=Via.CARD)
    await seat_by_name(code, olga, "Kerttu")
    await seats.answer(code, olga, maybe=True, via=Via.CARD)
    instance_id = (await event(code, olga)).id
    assert names(await roster(instance_id, RosterKind.SEATED)) == ["Bob", "Alice"]
    assert names(await roster(instance_id, RosterKind.CHECK_IN)) == ["Alice", "Bob"]
    assert names(await roster(instance_id, RosterKind.OTHERS)) == ["Olga"]
    waitlist = await roster(instance_id, RosterKind.WAITLIST)
    assert [(one.name, one.place, one.waiting) for one in waitlist.entries] == [
        ("Aino", 1, 2),
        ("Kerttu", 2, 1),
    ]
    await check_in(code, olga, await member_of(bob, account), came=1)
    assert names(await roster(instance_id, RosterKind.NOT_CHECKED_IN)) == ["Alice"]
    numbers = await roster_counts(instance_id)
    assert (numbers.parties, numbers.people, numbers.checked_in_parties, numbers.checked_in) == (2, 3, 1, 1)
    assert (numbers.waiting, numbers.seats_wanted, numbers.maybe, numbers.no_shows) == (2, 3, 1, 1)
    assert names(await unlisted_members(instance_id, account.id)) == ["Olga"]


async def test_a_page_begins_after_the_last_party_of_the_one_before_even_when_that_has_left(
    crowd: Any, olga: Any, account: Any, instance: Any
) -> None:
    code = await instance(capacity=None)
    people = await crowd(7)
    for person in people:
        await seats.book(code, person, via=Via.CARD)
    instance_id = (await event(code, olga)).id
    first = await roster(instance_id, RosterKind.SEATED, limit=3)
    assert (names(first), first.total) == (["Member 1", "Member 2", "Member 3"], 7)
    second = await roster(instance_id, RosterKind.SEATED, after=first.next_after, limit=3)
    assert names(second) == ["Member 4", "Member 5", "Member 6"]
    last = await roster(instance_id, RosterKind.SEATED, after=second.next_after, limit=3)
    assert (names(last), last.next_after) == (["Member 7"], None)
    await seats.leave(code, people[2], via=Via.CARD)
    assert (
        names(await roster(instance_id, RosterKind.SEATED, after=first.next_after, limit=3))[0] == "Member 1"
    )
    found = await roster(instance_id, RosterKind.SEATED, words="7 mem", after=first.next_after)
    assert (names(found), found.total) == (["Member 7"], 1)
    assert names(await roster(instance_id, RosterKind.SEATED, words="%")) == []


async def test_members_the_bot_cannot_write_to_have_a_list_of_their_own(
    alice: Any, bob: Any, olga: Any, instance: Any
) -> None:
    """`B10`, `M3`: who has blocked it, and who has no Telegram."""
    code = await instance()
    for person in (alice, bob):
        await seats.book(code, person, via=Via.CARD)
    await seat_by_name(code, olga, "Kerttu")
    await mark_blocked(bob.telegram_id)
    instance_id = (await event(code, olga)).id
    assert names(await roster(instance_id, RosterKind.UNREACHABLE)) == ["Bob", "Kerttu"]


async def test_a_member_of_another_club_is_on_no_list(
    alice: Any, charlie: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`A1`"""
    from backend.accounts.actions import create_own_account

    code = await instance()
    games = await create_own_account(charlie, "Board games", zone="UTC")
    theirs = int(await db.value("SELECT id FROM memberships WHERE user_id = $1", charlie.id))
    instance_id = (await event(code, olga)).id
    assert await roster_entry(instance_id, account.id, theirs) is None
    assert await roster_entry(instance_id, games, await member_of(alice, account)) is None
    assert "Charlie" not in names(await unlisted_members(instance_id, account.id))


async def test_names_are_found_without_accents_and_sorted_in_the_readers_language(
    olga: Any, instance: Any
) -> None:
    """B12, X10: at the door "vaino" finds Väinö, "jose" José; Ä comes after Z in Finnish."""
    code = await instance(capacity=9)
    for name in ("Zoe", "Väinö Äijälä", "José", "Åke", "Anna"):
        await seat_by_name(code, olga, name)
    instance_id = (await event(code, olga)).id
    for words, found in (("vaino", "Väinö Äijälä"), ("AIJALA väi", "Väinö Äijälä"), ("jose", "José")):
        assert names(await roster(instance_id, RosterKind.CHECK_IN, words=words)) == [found]
    in_finnish = await roster(instance_id, RosterKind.CHECK_IN, language="fi")
    assert names(in_finnish) == ["Anna", "José", "Väinö Äijälä", "Zoe", "Åke"]
    in_english = await roster(instance_id, RosterKind.CHECK_IN, language="en")
    assert names(in_english) == ["Åke", "Anna", "José", "Väinö Äijälä", "Zoe"]
    second = await roster(
        instance_id,
        RosterKind.CHECK_IN,
        language="fi",
        limit=2,
        after=in_finnish.entries[2].membership_id,
    )
    assert names(second) == ["Zoe", "Åke"]


async def test_who_is_on_no_list_comes_by_name_alone_a_page_at_a_time(
    crowd: Any, olga: Any, account: Any, instance: Any
) -> None:
    """`B10`: organisers stand among the others."""
    code = await instance(capacity=None)
    people = await crowd(3)
    await seats.book(code, people[1], via=Via.CARD)
    instance_id = (await event(code, olga)).id
    first = await unlisted_members(instance_id, account.id, limit=4)
    assert (names(first), first.total) == (["Aino", "Alice", "Bob", "Member 1"], 6)
    second = await unlisted_members(instance_id, account.id, limit=4, after=first.next_after)
    assert (names(second), second.first, second.next_after) == (["Member 3", "Olga"], 5, None)
