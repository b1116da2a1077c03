"""The reply to COMMIT is lost, so it may have happened or not. The caller gets the true answer, and nothing
is done twice (decision 0001, `B2`, `B8`)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from backend import db
from backend.bookings.actions import book, leave
from backend.bookings.queries.event import event
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.polls.actions import create_poll
from backend.polls.drafts import OptionDraft, PollDraft
from backend.polls.queries import poll
from backend.seats.requests import Via
from backend.settings import settings
from emerald.doctor import check_invariants
from tests.backend.fault_proxy import Fault, FaultProxy, fault_proxy
from tests.processes import Worker, worker

CLIENT = str(Path(__file__).with_name("client.py"))
Make = Callable[..., Awaitable[str]]
BOTH = pytest.mark.parametrize("fault", [Fault.LOSE_REPLY, Fault.LOSE_COMMIT])


@pytest.fixture(scope="module")
async def proxy(database: None) -> AsyncIterator[FaultProxy]:
    async with fault_proxy(settings.database) as made:
        yield made


@pytest.fixture(scope="module")
async def client(proxy: FaultProxy) -> AsyncIterator[Worker]:
    """A process that reaches the database through the proxy, and survives all its faults."""
    async with worker(CLIENT, "act", DATABASE_URL=proxy.url) as made:
        yield made


async def log_of(code: str) -> list[tuple[int, int]]:
    """Seats before and after, from the participation log."""
    rows = await db.rows(
        "SELECT seats_before, seats_after FROM event_participation_log WHERE instance_id = $1 ORDER BY id",
        (await find_instance(code)).id,
    )
    return [(row[0], row[1]) for row in rows]


async def seats(code: str, person: Person) -> int:
    mine = (await event(code, person)).mine
    return mine.seats if mine else 0


@BOTH
async def test_a_booking_is_made_once_and_confirmed(
    proxy: FaultProxy, client: Worker, instance: Make, alice: Person, fault: Fault
) -> None:
    """B2, B8: one booking, one row, and the answer is "booked", not "already"."""
    code = await instance()
    proxy.faults.append(fault)
    assert await client.run({"code": code, "requests": [(alice.id, "book", 1)]}) == ["booked"]
    assert not proxy.faults
    assert await log_of(code) == [(0, 2)]
    assert await check_invariants() == []


@BOTH
async def test_a_plus_one_is_not_doubled(
    proxy: FaultProxy, client: Worker, instance: Make, alice: Person, fault: Fault
) -> None:
    """B7: a tap on +1 that is asked again is still one guest."""
    code = await instance(guests_max=5)
    await book(code, alice, via=Via.CARD)
    proxy.faults.append(fault)
    assert await client.run({"code": code, "requests": [(alice.id, "+1", 0)]}) == ["booked"]
    assert await seats(code, alice) == 2
    assert await log_of(code) == [(0, 1), (1, 2)]


@BOTH
@pytest.mark.parametrize(("verb", "kind"), [("leave", "left"), ("maybe", "maybe")])
async def test_leaving_is_confirmed_as_leaving(
    proxy: FaultProxy,
    client: Worker,
    instance: Make,
    alice: Person,
    bob: Person,
    fault: Fault,
    verb: str,
    kind: str,
) -> None:
    """B6, B13: the seat is given to one member, once."""
    code = await instance(capacity=1)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    proxy.faults.append(fault)
    assert await client.run({"code": code, "requests": [(alice.id, verb, 0)]}) == [kind]
    assert await seats(code, bob) == 1
    assert await log_of(code) == [(0, 1), (0, 0), (1, 0), (0, 1)]
    messages = await db.value("SELECT count(*) FROM messages WHERE kind = 'promoted'")
    assert messages == 1


@BOTH
@pytest.mark.parametrize(
    ("verb", "kind", "rows"),
    [
        ("take it", "booked", [(0, 1), (0, 0), (1, 0), (0, 0), (0, 1)]),
        ("decline offer", "offer-declined", [(0, 1), (0, 0), (1, 0), (0, 0), (0, 0)]),
    ],
)
async def test_an_offer_is_taken_or_declined_once(
    proxy: FaultProxy,
    client: Worker,
    instance: Make,
    alice: Person,
    bob: Person,
    fault: Fault,
    verb: str,
    kind: str,
    rows: list[tuple[int, int]],
) -> None:
    """W3: Bob's offer. The answer is that of the first try, and he is sent no other message."""
    code = await instance(capacity=1, offers_before_minutes=7 * 24 * 60)
    await book(code, alice, via=Via.CARD)
    await book(code, bob, via=Via.CARD)
    await leave(code, alice, via=Via.CARD)
    proxy.faults.append(fault)
    assert await client.run({"code": code, "requests": [(bob.id, verb, 0)]}) == [kind]
    assert not proxy.faults
    assert await log_of(code) == rows
    assert await db.value("SELECT count(*) FROM messages WHERE user_id = $1", bob.id) == 1
    assert await check_invariants() == []


@BOTH
@pytest.mark.parametrize(("waits", "kind"), [(False, "replacing"), (True, "left")])
async def test_a_replacement_is_looked_for_once(
    proxy: FaultProxy,
    client: Worker,
    instance: Make,
    alice: Person,
    bob: Person,
    fault: Fault,
    waits: bool,
    kind: str,
) -> None:
    """B6: Alice looks for one, or Bob, who waited, has her seat at once; the second try gets the answer of
    the first."""
    code = await instance(capacity=1, cancel_before_minutes=7 * 24 * 60)
    await book(code, alice, via=Via.CARD)
    if waits:
        await book(code, bob, via=Via.CARD)
    await db.execute(
        "UPDATE bookings SET seated_at = seated_at - interval '1 hour'"
    )  # too long ago to be undone
    proxy.faults.append(fault)
    assert await client.run({"code": code, "requests": [(alice.id, "replace", 0)]}) == [kind]
    assert not proxy.faults
    assert await seats(code, alice) == (0 if waits else 1)
    assert await seats(code, bob) == (1 if waits else 0)
    assert await check_invariants() == []
    proxy.faults.append(fault)
    again = "not-in" if waits else "booked"
    assert await client.run({"code": code, "requests": [(alice.id, "keep", 0)]}) == [again]


async def test_a_connection_that_fails_repeatedly_still_books_once(
    proxy: FaultProxy, client: Worker, instance: Make, alice: Person
) -> None:
    code = await instance()
    lose, never = Fault.LOSE_REPLY, Fault.LOSE_COMMIT
    proxy.faults += [never, lose, lose, never]
    assert await client.run({"code": code, "requests": [(alice.id, "book", 0)]}) == ["booked"]
    assert await log_of(code) == [(0, 1)]


@BOTH
async def test_everybody_in_a_lost_batch_gets_the_true_answer(
    proxy: FaultProxy,
    client: Worker,
    instance: Make,
    crowd: Callable[[int], Awaitable[list[Person]]],
    fault: Fault,
) -> None:
    """Decision 0001: twenty +1s taken together, and the reply to their COMMIT lost."""
    code = await instance(capacity=30, guests_max=2)
    requests = [(person.id, "+1", 0) for person in await crowd(20)]
    proxy.faults += [fault, None, fault]
    answers = await client.run({"code": code, "requests": requests})
    assert sorted(answers) == ["booked"] * 15 + ["waiting"] * 5
    assert len(await log_of(code)) == 20
    assert await check_invariants() == []


@BOTH
async def test_a_tapped_vote_is_not_withdrawn_by_the_second_try(
    proxy: FaultProxy, client: Worker, account: Any, olga: Person, alice: Person, fault: Fault
) -> None:
    """P2."""
    draft = PollDraft(question="Tea?", options=(OptionDraft("Yes"), OptionDraft("No")))
    code = await create_poll(olga, account.id, draft)
    yes = (await poll(code, alice)).options[0].id
    for kind in ("voted", "withdrawn"):
        proxy.faults.append(fault)
        assert await client.run({"code": code, "requests": [(alice.id, "tap", yes)]}) == [kind]
        assert (await poll(code, alice)).voters == (kind == "voted")


async def test_connections_cut_between_two_bookings_are_not_noticed(
    proxy: FaultProxy, client: Worker, instance: Make, alice: Person
) -> None:
    code = await instance()
    proxy.cut()
    assert await client.run({"code": code, "requests": [(alice.id, "book", 0)]}) == ["booked"]


async def test_what_cannot_be_found_out_is_unknown_and_never_a_failure(
    proxy: FaultProxy, client: Worker, instance: Make, alice: Person, bob: Person
) -> None:
    """Decision 0001: the doors answer 503 with Retry-After; asked again later, the answer is the true one."""
    code = await instance()
    proxy.faults += [Fault.LOSE_REPLY] * 5
    requests = {"code": code, "requests": [(alice.id, "book", 0)]}
    assert await client.run(requests) == ["OutcomeUnknown"]
    assert await client.run(requests) == ["already"]
    assert await log_of(code) == [(0, 1)]
    proxy.refusing = True
    proxy.cut()
    try:
        requests = {"code": code, "requests": [(bob.id, "book", 0)]}
        assert await client.run(requests) == ["Unavailable"], "nothing was sent: that much is known"
    finally:
        proxy.refusing = False
    assert await client.run(requests) == ["booked"]


async def test_a_server_that_never_answers_counts_as_lost(
    proxy: FaultProxy, instance: Make, alice: Person
) -> None:
    """The connection stays open and the reply never comes: after the timeout it counts as lost."""
    code = await instance()
    async with worker(CLIENT, "act", DATABASE_URL=proxy.url) as impatient:
        proxy.faults.append(Fault.SILENCE)
        requests = [(alice.id, "book", 0)]
        task = {"code": code, "command_timeout": 0.3, "requests": requests}
        assert await impatient.run(task) == ["booked"]
    assert await log_of(code) == [(0, 1)]
