"""Booking: permissions, what is written, and what the allocator does when something fails."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from backend import batching, clock, db
from backend.accounts.actions import create_own_account
from backend.accounts.memberships import change_role, end_membership
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission, Role
from backend.bookings.actions import (
    add_guest,
    admit_to_event,
    answer,
    book,
    fill_all,
    leave,
    put_in_line,
    remove,
    seat,
    set_capacity,
    set_guests,
    set_guests_of,
    take_free,
)
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import my_bookings
from backend.bookings.queries.people import waitlist
from backend.errors import Busy, Forbidden, Invalid, NotFound, OutcomeUnknown
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.seats import allocator, store, writing
from backend.seats.requests import Outcome, Request, Verb, Via
from emerald.doctor import check_invariants

Make = Callable[..., Awaitable[str]]
Crowd = Callable[[int], Awaitable[list[Person]]]


async def member(person: Person, account: Any) -> int:
    return (await authorize(person, account.id, Permission.BOOK)).membership_id


async def audited() -> list[str]:
    rows = await db.rows("SELECT verb FROM audit_log WHERE object LIKE 'instance%' ORDER BY id")
    return [row["verb"] for row in rows]


async def notifications() -> list[tuple[str, str]]:
    rows = await db.rows(
        "SELECT u.first_name, m.kind FROM messages m JOIN telegram_users u ON u.id = m.user_id ORDER BY m.id"
    )
    return [(row[0], row[1]) for row in rows]


# --- who may (A1, A4, A5, X4) ---


async def test_a_stranger_finds_nothing_by_any_verb(
    instance: Make, account: Any, alice: Person, charlie: Person
) -> None:
    """A1: neither in the group nor with a link."""
    code = await instance()
    other = await member(alice, account)
    via = Via.MINIAPP
    for act in (
        lambda: book(code, charlie, via=via),
        lambda: add_guest(code, charlie, via=via),
        lambda: set_guests(code, charlie, guests=1, via=via),
        lambda: leave(code, charlie, via=via),
        lambda: answer(code, charlie, maybe=True, via=via),
        lambda: take_free(code, charlie, via=via),
        lambda: seat(code, charlie, other),
        lambda: put_in_line(code, charlie, other),
        lambda: set_guests_of(code, charlie, other, guests=1),
        lambda: remove(code, charlie, other),
        lambda: set_capacity(code, charlie, 1),
        lambda: event(code, charlie),
        lambda: admit_to_event(code, charlie),
        lambda: book("nosuchcode", alice, via=via),
    ):
        with pytest.raises(NotFound):
            await act()
    assert await db.value("SELECT count(*) FROM event_participation_log") == 0


@pytest.mark.parametrize("present", [True, False])
async def test_whoever_is_in_the_group_may_book_and_becomes_a_member(
    instance: Make, account: Any, charlie: Person, present: bool
) -> None:
    """A4, A5: as Telegram last answered."""
    code = await instance()
    await db.execute(
        "INSERT INTO group_members (account_id, group_id, user_id, present, checked_at) VALUES ($1, $2, $3, $4, $5)",
        account.id,
        account.group_id,
        charlie.id,
        present,
        clock.now(),
    )
    if present:
        assert (await book(code, charlie, via=Via.CARD)).kind == "booked"
    else:
        with pytest.raises(NotFound):
            await book(code, charlie, via=Via.CARD)


async def test_a_former_member_keeps_what_was_booked_but_books_no_more(
    instance: Make, account: Any, olga: Person, alice: Person
) -> None:
    """A1: until it is left or removed; giving it back is always theirs."""
    one, two = await instance(), await instance()
    await book(one, alice, via=Via.CARD)
    own = await member(alice, account)
    await end_membership(alice, account.id, own)
    await db.execute("UPDATE group_members SET present = false WHERE user_id = $1", alice.id)  # and the group
    with pytest.raises(NotFound):
        await book(two, alice, via=Via.CARD)
    assert (await leave(one, alice, via=Via.CARD)).kind == "left"
    with pytest.raises(NotFound):
        await seat(two, olga, own)


async def test_another_clubs_member_cannot_be_seated(instance: Make, olga: Person, charlie: Person) -> None:
    """A1: an id from elsewhere names nobody here."""
    elsewhere = await create_own_account(charlie, "Chess")
    stranger = (await authorize(charlie, elsewhere, Permission.BOOK)).membership_id
    code = await instance()
    acts: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: seat(code, olga, stranger),
        lambda: put_in_line(code, olga, stranger),
        lambda: remove(code, olga, stranger),
    )
    for act in acts:
        with pytest.raises(NotFound):
            await act()


@pytest.mark.parametrize("role", [Role.MEMBER, Role.HELPER])
async def test_members_and_helpers_do_not_book_for_others(
    instance: Make, account: Any, olga: Person, alice: Person, bob: Person, role: Role
) -> None:
    """X4, A2."""
    code = await instance()
    own, other = await member(alice, account), await member(bob, account)
    await change_role(olga, account.id, own, role)
    acts: tuple[Callable[[], Awaitable[Any]], ...] = (
        lambda: seat(code, alice, other),
        lambda: put_in_line(code, alice, other),
        lambda: set_guests_of(code, alice, other, guests=1),
        lambda: remove(code, alice, other),
        lambda: set_capacity(code, alice, 5),
    )
    for act in acts:
        with pytest.raises(Forbidden):
            await act()


async def test_going_over_takes_an_owners_word_and_is_audited(
    instance: Make, account: Any, olga: Person, alice: Person, bob: Person
) -> None:
    """B3: an ADMIN cannot; the OWNER's word is in the audit log of the same transaction."""
    code = await instance(capacity=1)
    await book(code, olga, via=Via.CARD)
    own, other = await member(alice, account), await member(bob, account)
    await change_role(olga, account.id, own, Role.ADMIN)
    with pytest.raises(Forbidden):
        await seat(code, alice, other, over=True)
    assert (await seat(code, olga, other, over=True)).kind == "booked"
    view = await event(code, olga)
    assert (view.booked, view.capacity, view.over, view.free) == (2, 1, 1, 0)
    row = await db.row(
        "SELECT a.detail::jsonb ->> 'over' AS over, a.xmin::text = l.xmin::text AS together"
        " FROM audit_log a, event_participation_log l"
        " WHERE a.verb = 'seat' AND l.verb = 'seat'"
    )
    assert row is not None
    assert (row["over"], row["together"]) == ("true", True)
    assert await check_invariants() == []


async def test_what_organisers_do_is_audited_and_what_changes_nothing_is_not(
    instance: Make, account: Any, olga: Person, alice: Person
) -> None:
    code = await instance()
    own = await member(alice, account)
    await seat(code, olga, own)
    await seat(code, olga, own)
    await set_capacity(code, olga, 5)
    await remove(code, olga, own)
    await remove(code, olga, own)
    assert await audited() == ["seat", "capacity", "remove"]


@pytest.mark.parametrize("seats", [0, -1, 100_001])
async def test_impossible_numbers_of_seats_are_refused_beside_the_field(
    instance: Make, olga: Person, seats: int
) -> None:
    """X5."""
    with pytest.raises(Invalid) as no:
        await set_capacity(await instance(), olga, seats)
    assert no.value.field == "capacity"


# --- notifications (M1) ---


async def test_a_promoted_party_is_notified_once_and_the_asking_one_answered_on_the_spot(
    instance: Make, alice: Person, bob: Person, aino: Person
) -> None:
    """W2, M1: the message is written in the transaction that caused it."""
    code = await instance(capacity=2)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, guests=1, via=Via.CARD)
    await book(code, aino, via=Via.CARD)
    assert (await set_guests(code, bob, guests=0, via=Via.CARD)).kind == "booked"
    assert await notifications() == []
    await leave(code, alice, via=Via.CARD)
    assert await notifications() == [("Aino", "promoted")]


async def test_a_member_whom_an_organiser_seats_or_removes_is_notified(
    instance: Make, account: Any, olga: Person, alice: Person
) -> None:
    """B10."""
    code = await instance()
    own = await member(alice, account)
    await seat(code, olga, own)
    await remove(code, olga, own)
    assert await notifications() == [("Alice", "seated"), ("Alice", "removed")]


# --- the queue in the database (B4, W1, W2) ---


async def test_the_periodic_job_seats_a_forgotten_party_and_then_finds_nothing(
    instance: Make, alice: Person, bob: Person
) -> None:
    """W2: a periodic job calls the same function."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    where = await find_instance(code)
    await db.execute("UPDATE instance_seats SET capacity = 2 WHERE instance_id = $1", where.id)
    assert [await fill_all(), await fill_all()] == [1, 0]
    [mine] = [view.mine for view in await my_bookings(bob)]
    assert mine is not None
    assert mine.seats == 1


async def test_a_gap_is_filled_from_far_back_in_a_long_line(instance: Make, crowd: Crowd) -> None:
    """W1: "fill gaps" seats the earliest party that fits, behind however many that do not."""
    code = await instance(capacity=4, guests_max=3, fill_gaps=True)
    first, second, *big, small = await crowd(42)
    await book(code, first, guests=2, via=Via.CARD)
    await book(code, second, via=Via.CARD)
    for person in big:
        assert (await book(code, person, guests=1, via=Via.CARD)).kind == "waiting"
    assert (await book(code, small, via=Via.CARD)).place == 40
    await leave(code, second, via=Via.CARD)
    [mine] = [view.mine for view in await my_bookings(small)]
    assert mine is not None
    assert mine.seats == 1
    assert await check_invariants() == []


async def test_parties_that_can_never_fit_hold_nobody_back_however_many_they_are(
    instance: Make, crowd: Crowd, olga: Person
) -> None:
    """B4, W1, W4: the room has become too small for forty parties; those who fit go on, and newcomers too."""
    code = await instance(capacity=2, guests_max=1)
    first, *big, small, newcomer = await crowd(43)
    await book(code, first, guests=1, via=Via.CARD)
    for person in big:
        await book(code, person, guests=1, via=Via.CARD)
    await book(code, small, via=Via.CARD)
    await set_capacity(code, olga, 1)
    await leave(code, first, via=Via.CARD)
    [mine] = [view.mine for view in await my_bookings(small)]
    assert mine is not None
    assert mine.seats == 1
    await leave(code, small, via=Via.CARD)
    assert (await book(code, newcomer, via=Via.CARD)).kind == "booked"
    assert len(await waitlist((await find_instance(code)).id, limit=100)) == 40
    assert await check_invariants() == []


# --- what the allocator does when something fails (decision 0001) ---


def plus_one(person: Person) -> Request:
    return Request(Verb.ADD_GUEST, Via.CARD, by=person.id, user_id=person.id)


def lose_a_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next COMMIT is done, but its reply is lost."""
    lost = iter([True])
    real = db.Transaction._commit

    async def commit(self: db.Transaction) -> None:
        await real(self)
        if next(lost, False):
            raise OutcomeUnknown("the reply was lost")

    monkeypatch.setattr(db.Transaction, "_commit", commit)


async def test_one_bad_request_harms_nobody_else(
    instance: Make, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that fails is settled one by one."""
    where = await find_instance(await instance())
    real = writing.write

    async def write(states: Any, *more: Any) -> None:
        if any(party.user_id == bob.id for one in states for party in one.changed.values()):
            raise RuntimeError("this one cannot be written")
        await real(states, *more)

    monkeypatch.setattr(allocator, "write", write)
    results = await allocator.process_batch(0, [(where.id, plus_one(bob)), (where.id, plus_one(alice))])
    assert isinstance(results[0], RuntimeError)
    assert isinstance(results[1], Outcome)
    assert (results[1].kind, results[1].seats) == ("booked", 2)


async def test_a_list_that_is_split_after_a_lost_reply_is_not_done_twice(
    instance: Make, alice: Person, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list was committed, its repetition fails for another reason: one by one, it is known to be done
    already."""
    where = await find_instance(await instance(guests_max=5))
    lose_a_reply(monkeypatch)
    real = store.load
    looks = iter([True, False])

    async def look(*args: Any) -> Any:
        if next(looks, True):
            return await real(*args)
        raise RuntimeError("cannot be read just now")

    monkeypatch.setattr(store, "load", look)
    results = await allocator.process_batch(0, [(where.id, plus_one(alice)), (where.id, plus_one(bob))])
    assert [(a.kind, a.seats) for a in results if isinstance(a, Outcome)] == [("booked", 2)] * 2
    assert await db.value("SELECT sum(booked) FROM instance_seats") == 4
    assert await db.value("SELECT count(*) FROM event_participation_log") == 2


@pytest.mark.parametrize("why", [Busy, RuntimeError, NotFound])
async def test_what_may_have_been_done_is_never_answered_with_a_no(
    instance: Make, alice: Person, monkeypatch: pytest.MonkeyPatch, why: type[Exception]
) -> None:
    """Not "busy, nothing happened", and not an error of ours: it is unknown, and asking again shows it."""
    code = await instance()
    where = await find_instance(code)
    lose_a_reply(monkeypatch)
    real = store.load
    looks = iter([True])

    async def look(*args: Any) -> Any:
        if next(looks, False):
            return await real(*args)
        raise why()

    monkeypatch.setattr(batching, "RETRY_PAUSES", (0.001, 0.001))
    monkeypatch.setattr(store, "load", look)
    with pytest.raises(OutcomeUnknown) as unknown:
        await allocator.process_batch(0, [(where.id, plus_one(alice))])
    assert isinstance(unknown.value.__cause__, why)
    monkeypatch.setattr(store, "load", real)
    assert (await book(code, alice, via=Via.CARD)).kind == "already"


async def test_a_lock_waited_for_in_vain_is_waited_for_once(
    instance: Make, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty taps behind a row that somebody holds are refused together, not after one another."""
    code = await instance()
    where = await find_instance(code)
    people = await crowd(30)
    locks = 0
    real = store.lock

    def lock(*ids: int) -> str:
        nonlocal locks
        locks += 1
        return "SET LOCAL lock_timeout = '20ms';" + real(*ids)

    monkeypatch.setattr(store, "lock", lock)
    async with db.transaction(real(where.id)):
        results = await asyncio.gather(
            *(book(code, person, via=Via.CARD) for person in people), return_exceptions=True
        )
    assert {type(one) for one in results} == {Busy}
    assert locks < 5
