"""The desk beside a model written from RULES: whatever is asked, in whatever order, both agree on every seat, place and
row of the log (`B1`–`B4`, `B6`–`B8`, `B13`, `W1`, `W2`, `W4`). Real PostgreSQL, real verbs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from backend import db
from backend.accounts.queries import authorise
from backend.accounts.rules import Act
from backend.bookings import actions, desk
from backend.bookings.queries import line
from backend.bookings.rules import Outcome, Request, Verb, Via
from backend.errors import Refusal
from backend.people.queries import Person
from emerald.doctor import check_invariants
from tests.bookings.booking_model import Club, No, Said

WHO = st.integers(0, 5)
GUESTS = st.integers(0, 4)
CAPACITY = st.one_of(st.none(), st.integers(1, 7))
VERBS = ("book", "add_guest", "set_guests", "leave", "maybe", "declined", "take_free")


class Bookings(RuleBasedStateMachine):
    """Six members and an organiser at one date; the model and the desk are told the same."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    make: ClassVar[Callable[..., Coroutine[Any, Any, str]]]
    members: ClassVar[list[Person]]
    ids: ClassVar[list[int]]
    olga: ClassVar[Person]
    ran: ClassVar[int] = 0

    def wait(self, asked: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asked)

    @initialize(capacity=CAPACITY, gaps=st.booleans(), guests_max=st.integers(0, 3))
    def opening(self, capacity: int | None, gaps: bool, guests_max: int) -> None:
        type(self).ran += 1
        self.code = self.wait(
            type(self).make(capacity=capacity, fill_gaps=gaps, guests_max=guests_max)
        )
        self.instance_id = self.wait(actions.find(self.code)).id
        self.model = Club(capacity, guests_max, gaps)

    def same(self, expected: Callable[[], Said], asked: Coroutine[Any, Any, Outcome]) -> None:
        """Both say the same, or refuse with the same word."""
        try:
            said: Said | str = expected()
        except No as no:
            said = str(no)
        try:
            outcome = self.wait(asked)
            heard: Said | str = outcome.kind, outcome.place
        except Refusal as refusal:
            heard = refusal.outcome
        assert heard == said

    @rule(who=WHO, guests=GUESTS)
    def book(self, who: int, guests: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.book(party, person.id, "miniapp", guests),
            actions.book(self.code, person, guests=guests, via=Via.MINIAPP),
        )

    @rule(who=WHO)
    def add_guest(self, who: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.add_guest(party, person.id, "card"),
            actions.add_guest(self.code, person, via=Via.CARD),
        )

    @rule(who=WHO, guests=GUESTS)
    def set_guests(self, who: int, guests: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.set_guests(party, person.id, "miniapp", guests),
            actions.set_guests(self.code, person, guests=guests, via=Via.MINIAPP),
        )

    @rule(who=WHO)
    def leave(self, who: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.leave(party, person.id, "command"),
            actions.leave(self.code, person, via=Via.COMMAND),
        )

    @rule(who=WHO, maybe=st.booleans())
    def answer(self, who: int, maybe: bool) -> None:
        person, party = self.members[who], self.ids[who]
        word = "maybe" if maybe else "declined"
        self.same(
            lambda: self.model.leave(party, person.id, "miniapp", word),
            actions.answer(self.code, person, maybe=maybe, via=Via.MINIAPP),
        )

    @rule(who=WHO)
    def take_free(self, who: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.take_free(party, person.id, "miniapp"),
            actions.take_free(self.code, person, via=Via.MINIAPP),
        )

    @rule(who=WHO, guests=GUESTS, over=st.booleans())
    def organiser_seats(self, who: int, guests: int, over: bool) -> None:
        party = self.ids[who]
        self.same(
            lambda: self.model.seat(party, self.olga.id, "dashboard", guests, over),
            actions.seat(self.code, self.olga, party, guests=guests, over=over),
        )

    @rule(who=WHO, guests=GUESTS)
    def organiser_sets_guests(self, who: int, guests: int) -> None:
        party = self.ids[who]
        self.same(
            lambda: self.model.set_guests(party, self.olga.id, "dashboard", guests, organiser=True),
            actions.set_guests_of(self.code, self.olga, party, guests=guests),
        )

    @rule(who=WHO)
    def organiser_removes(self, who: int) -> None:
        party = self.ids[who]
        self.same(
            lambda: self.model.leave(party, self.olga.id, "dashboard"),
            actions.remove(self.code, self.olga, party),
        )

    @rule(capacity=CAPACITY)
    def organiser_changes_the_seats(self, capacity: int | None) -> None:
        self.same(
            lambda: self.model.set_capacity(capacity),
            actions.set_capacity(self.code, self.olga, capacity),
        )

    @rule(
        asked=st.lists(
            st.one_of(
                st.tuples(st.sampled_from(VERBS), WHO, GUESTS),
                st.tuples(st.just("capacity"), st.just(0), st.integers(1, 7)),
            ),
            min_size=2,
            max_size=6,
        )
    )
    def many_at_once(self, asked: list[tuple[str, int, int]]) -> None:
        """A list settled in one transaction answers as if each had been alone, in that order (HOUSE 4b)."""
        requests = [(self.instance_id, self.request(*one)) for one in asked]
        said = self.wait(desk.settle(0, requests))
        heard = [one.outcome if isinstance(one, Refusal) else (one.kind, one.place) for one in said]
        assert heard == [self.expected(*one) for one in asked]

    def request(self, verb: str, who: int, guests: int) -> Request:
        if verb == "capacity":
            return Request(Verb.CAPACITY, Via.DASHBOARD, by=self.olga.id, capacity=guests)
        name = {"declined": "DECLINE"}.get(verb, verb.upper())
        user_id = self.members[who].id
        asked = guests if verb in ("book", "set_guests") else 0
        return Request(Verb[name], Via.MINIAPP, by=user_id, user_id=user_id, guests=asked)

    def expected(self, verb: str, who: int, guests: int) -> Said | str:
        if verb == "capacity":
            return self.model.set_capacity(guests)
        ask: tuple[Any, ...] = (self.ids[who], self.members[who].id, "miniapp")
        if verb in ("maybe", "declined"):
            verb, ask = "leave", (*ask, verb)
        elif verb in ("book", "set_guests"):
            ask = (*ask, guests)
        try:
            said: Said = getattr(self.model, verb)(*ask)
        except No as no:
            return str(no)
        return said

    @invariant()
    def every_seat_place_and_row_agree(self) -> None:
        if hasattr(self, "model"):
            self.wait(self.compare())

    async def compare(self) -> None:
        model, instance_id = self.model, self.instance_id
        rows = await db.rows("SELECT * FROM bookings WHERE instance_id = $1", instance_id)
        there = {r["membership_id"]: (r["seats"], r["waiting"], r["answer"]) for r in rows}
        assert there == {
            who: (model.seats[who], model.waits[who], model.answer[who]) for who in model.answer
        }
        waiting = await line(instance_id)
        assert [comer.membership_id for comer in waiting] == model.line
        assert [comer.place for comer in waiting] == list(range(1, len(model.line) + 1))
        log = await db.rows(
            "SELECT membership_id, by_user_id, via, seats_before, waiting_before, seats_after, waiting_after"
            " FROM event_participation_log WHERE instance_id = $1 ORDER BY id",
            instance_id,
        )
        assert [tuple(row) for row in log] == model.log
        [seats] = await db.rows("SELECT * FROM instance_seats WHERE instance_id = $1", instance_id)
        booked = sum(model.seats.values())
        over = 0 if model.capacity is None else max(0, booked - model.capacity)
        assert (seats["capacity"], seats["booked"], seats["over"], seats["waiting"]) == (
            model.capacity,
            booked,
            over,
            len(model.line),
        )

    def teardown(self) -> None:
        if hasattr(self, "model"):
            assert self.wait(check_invariants()) == []


@pytest.fixture
async def loop(database: None) -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@pytest.fixture
async def six(crowd: Callable[[int], Coroutine[Any, Any, list[Person]]]) -> list[Person]:
    return await crowd(6)


def test_the_desk_does_what_the_rules_say(
    loop: asyncio.AbstractEventLoop,
    six: list[Person],
    olga: Person,
    club: Any,
    instance: Callable[..., Coroutine[Any, Any, str]],
) -> None:
    Bookings.loop, Bookings.make, Bookings.members, Bookings.olga = loop, instance, six, olga
    Bookings.ids = [
        loop.run_until_complete(authorise(person, club.id, Act.BOOK)).membership_id
        for person in six
    ]
    run_state_machine_as_test(
        Bookings, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )
    assert Bookings.ran >= 100
