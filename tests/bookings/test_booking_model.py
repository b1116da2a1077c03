"""The allocator beside a model written from docs/RULES.md: whatever is asked, in whatever order, at whatever
time, both agree on every seat, place, offer, message and row of the log (`B1`–`B8`, `B10`, `B11`, `B13`,
`W1`–`W4`, `P4`, `S5`). Real PostgreSQL, real verbs, a driven clock."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.bookings import actions
from backend.bookings.queries.event import event
from backend.bookings.queries.people import waitlist, waitlist_around
from backend.errors import Refusal
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.seats import allocator, store
from backend.seats.requests import Outcome, Request, Verb, Via
from emerald.doctor import check_invariants
from tests.bookings.booking_model import AccountView, Message, No, Result, minutes

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# Every step takes a moment of its own; an odd one, so that no two things happen at the same instant.
STEP = timedelta(seconds=7, milliseconds=13)
WHO = st.integers(0, 5)
GUESTS = st.integers(0, 4)
CAPACITY = st.sampled_from((1, 2, 2, 3, 3, 4, 5, 7, None))
FEW = st.sampled_from((1, 2, 2, 3, 3, 4, None))
# When it starts in Helsinki, three days on: in the evening, or in the morning after a night without offers.
STARTS = st.sampled_from((datetime(2026, 11, 26, 18, 0), datetime(2026, 11, 26, 8, 15)))
# How long before the start the story begins, in minutes: any stage, and the nights between.
BEGINS = st.sampled_from((60 * 60, 25 * 60, 23 * 60, 20 * 60, 11 * 60, 5 * 60, 3 * 60, 130, 100))
PASSES = st.sampled_from((1, 3, 6, 6, 10, 31, 31, 60, 3 * 60, 10 * 60))
VERBS = (
    "book",
    "add_guest",
    "set_guests",
    "leave",
    "maybe",
    "declined",
    "take_free",
    "take",
    "decline_offer",
    "replace",
    "keep",
    "regular",
)
MEMBERS: dict[str, Any] = {
    "add_guest": actions.add_guest,
    "leave": actions.leave,
    "stop_waiting": actions.stop_waiting,
    "take_free": actions.take_free,
    "take": actions.take,
    "decline_offer": actions.decline_offer,
    "replace": actions.find_replacement,
    "keep": actions.keep_seat,
}
# Kinds of messages whose number of seats is compared.
COUNTED = ("offer", "promoted", "first-tap", "part-free", "replaced")


class Undone(Exception):
    """Rolls a dry run back."""


class Bookings(RuleBasedStateMachine):
    """Six members and an organiser of one instance; the model and the allocator get the same requests."""

    loop: ClassVar[asyncio.AbstractEventLoop]
    make: ClassVar[Callable[..., Coroutine[Any, Any, str]]]
    members: ClassVar[list[Person]]
    ids: ClassVar[list[int]]
    olga: ClassVar[Person]
    ran: ClassVar[int] = 0
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    def wait(self, asked: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(asked)

    @initialize(
        capacity=FEW,
        gaps=st.booleans(),
        guests_max=st.integers(0, 3),
        starts=STARTS,
        begins=BEGINS,
        deadline=st.sampled_from((None, None, 48 * 60, 12 * 60)),
        claim=st.sampled_from((None, None, 60, 4 * 60, 20 * 60)),
        claimers=st.frozensets(WHO, min_size=1, max_size=4),
        comers=st.lists(st.sampled_from((0, 0, 0, 1, 2)), min_size=3, max_size=6),
    )
    def opening(
        self,
        capacity: int | None,
        gaps: bool,
        guests_max: int,
        starts: datetime,
        begins: int,
        deadline: int | None,
        claim: int | None,
        claimers: frozenset[int],
        comers: list[int],
    ) -> None:
        type(self).ran += 1
        self.stack.enter_context(clock.stopped(NOON))
        self.code = self.wait(
            type(self).make(
                capacity=capacity,
                fill_gaps=gaps,
                guests_max=guests_max,
                starts_local=starts,
                cancel_before_minutes=deadline,
            )
        )
        self.instance_id = self.wait(find_instance(self.code)).id
        at = starts.replace(tzinfo=UTC) - timedelta(hours=2)
        self.model = AccountView(
            capacity, guests_max, gaps, at, at + minutes(75), at - minutes(deadline or 0)
        )
        if claim is not None:
            self.model.claim_until = at - minutes(begins - claim)
            self.model.claimers = frozenset(self.ids[who] for who in claimers)
            self.wait(self.give_claims())
        for who, guests in enumerate(comers):
            self.book(who, min(guests, guests_max))
        clock.advance(at - minutes(begins) - clock.now())

    async def give_claims(self) -> None:
        async with db.transaction():
            await db.execute(
                "UPDATE event_instances SET claim_until = $2 WHERE id = $1",
                self.instance_id,
                self.model.claim_until,
            )
            await db.execute(
                "INSERT INTO seat_claims (account_id, instance_id, membership_id)"
                " SELECT account_id, $1, id FROM memberships WHERE id = ANY($2::bigint[])",
                self.instance_id,
                list(self.model.claimers),
            )

    def same(self, expected: Callable[[], Result], asked: Coroutine[Any, Any, Outcome]) -> None:
        """Both say the same, or refuse with the same word."""
        clock.advance(STEP)
        wanted = self.expect(expected)
        try:
            outcome = self.wait(asked)
            heard: Result | str = outcome.kind, outcome.place
        except Refusal as refusal:
            heard = refusal.outcome
        assert heard == wanted

    def expect(self, expected: Callable[[], Result]) -> Result | str:
        self.model.open()
        try:
            return expected()
        except No as no:
            return str(no)

    # --- members ---

    @rule(who=WHO, guests=GUESTS)
    def book(self, who: int, guests: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.book(party, person.id, "miniapp", guests),
            actions.book(self.code, person, guests=guests, via=Via.MINIAPP),
        )

    @rule(who=WHO, guests=st.sampled_from((0, 0, 1)))
    def joins(self, who: int, guests: int = 0) -> None:
        self.book(who, guests)

    @rule(who=WHO, verb=st.sampled_from(sorted(MEMBERS)))
    def does(self, who: int, verb: str) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: getattr(self.model, verb)(party, person.id, "card"),
            MEMBERS[verb](self.code, person, via=Via.CARD),
        )

    @rule(which=st.integers(0, 5))
    def who_has_a_seat_gives_it_up(self, which: int) -> None:
        if some := [who for who in self.ids if self.model.seats.get(who)]:
            party = some[which % len(some)]
            self.does(self.ids.index(party), "leave" if self.model.leaving_is_free(party) else "replace")

    @rule(which=st.integers(0, 5), guests=st.integers(0, 2))
    def who_is_in_or_waits_brings_more_or_fewer(self, which: int, guests: int) -> None:
        if some := [who for who in self.ids if self.model.size(who)]:
            self.set_guests(self.ids.index(some[which % len(some)]), guests)

    @rule(which=st.integers(0, 5), verb=st.sampled_from(("take", "decline_offer", "joins", "add_guest")))
    def answers_an_offer(self, which: int, verb: str) -> None:
        """A member who has one, or waits, rather than anybody."""
        some = [who for who in self.model.joined if self.model.held[who]] or self.model.joined
        if some:
            who = self.ids.index(some[which % len(some)])
            self.joins(who) if verb == "joins" else self.does(who, verb)

    @rule(which=st.integers(0, 5))
    def an_offer_grows_and_another_seat_comes_free(self, which: int) -> None:
        booked = [who for who in self.ids if self.model.seats.get(who)]
        if some := [who for who in self.model.joined if self.model.held[who]]:
            self.does(self.ids.index(some[which % len(some)]), "add_guest")
            if booked:
                self.organiser_removes(self.ids.index(booked[which % len(booked)]))

    @rule(who=WHO, guests=GUESTS)
    def set_guests(self, who: int, guests: int) -> None:
        person, party = self.members[who], self.ids[who]
        self.same(
            lambda: self.model.set_guests(party, person.id, "miniapp", guests),
            actions.set_guests(self.code, person, guests=guests, via=Via.MINIAPP),
        )

    @rule(who=WHO, maybe=st.booleans())
    def answer(self, who: int, maybe: bool) -> None:
        person, party = self.members[who], self.ids[who]
        word = "maybe" if maybe else "declined"
        self.same(
            lambda: self.model.answer_with(party, person.id, "miniapp", word),
            actions.answer(self.code, person, maybe=maybe, via=Via.MINIAPP),
        )

    # --- organisers ---

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
            lambda: self.model.remove(party, self.olga.id, "dashboard"),
            actions.remove(self.code, self.olga, party),
        )

    @rule(capacity=CAPACITY)
    def organiser_changes_the_seats(self, capacity: int | None) -> None:
        self.same(
            lambda: self.model.set_capacity(capacity),
            actions.set_capacity(self.code, self.olga, capacity),
        )

    @rule(who=WHO, guests=GUESTS)
    def organiser_brings(self, who: int, guests: int) -> None:
        party = self.ids[who]
        self.same(
            lambda: self.model.seat(party, self.olga.id, "dashboard", guests, False, "brought"),
            self.by_hand(Verb.BRING, party, guests),
        )

    @rule(which=st.integers(0, 5), lower=st.booleans())
    def organiser_moves_the_last_to_the_line(self, which: int, lower: bool) -> None:
        """W4: after lowering the seats, where there are so many."""
        if lower and self.model.given() > 1:
            self.organiser_changes_the_seats(self.model.given() - 1)
        booked = [who for who, seats in self.model.seats.items() if seats] or self.ids
        party = booked[which % len(booked)]
        self.same(
            lambda: self.model.to_line(party, self.olga.id, "dashboard"),
            self.by_hand(Verb.TO_WAITLIST, party),
        )

    def by_hand(self, verb: Verb, party: int, guests: int = 0) -> Coroutine[Any, Any, Outcome]:
        asked = Request(verb, Via.DASHBOARD, by=self.olga.id, membership_id=party, guests=guests)
        return allocator.submit((self.instance_id, asked))

    @rule(back=st.sampled_from((True, True, True, False)))
    def organiser_cancels(self, back: bool) -> None:
        """S5: now and then for good."""
        self.switch(cancel_instance(self.code, self.olga, "A pipe burst"), self.model.cancel)
        if back:
            self.switch(restore_instance(self.code, self.olga), self.model.restore)

    @precondition(lambda self: self.model.cancelled)
    @rule()
    def organiser_restores(self) -> None:
        self.switch(restore_instance(self.code, self.olga), self.model.restore)

    def switch(self, asked: Coroutine[Any, Any, None], expected: Callable[[], None]) -> None:
        clock.advance(STEP)
        wanted = heard = ""
        try:
            expected()
        except No as no:
            wanted = str(no)
        try:
            self.wait(asked)
        except Refusal as refusal:
            heard = refusal.outcome
        assert heard == wanted

    # --- the clock ---

    @rule(passes=PASSES, job=st.booleans())
    def time_passes(self, passes: int, job: bool) -> None:
        """W3: the job's pace is no matter; W2: it is a net."""
        clock.advance(minutes(passes))
        if job:
            clock.advance(STEP)
            self.model.open()
            self.wait(actions.fill_all())

    # --- together ---

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
        """A list settled in one transaction answers as if each had been alone, in that order (decision
        0001)."""
        clock.advance(STEP)
        requests = [(self.instance_id, self.request(*one)) for one in asked]
        results = self.wait(allocator.process_batch(0, requests))
        heard = [one.outcome if isinstance(one, Refusal) else (one.kind, one.place) for one in results]
        assert heard == [self.expected(*one) for one in asked]

    def request(self, verb: str, who: int, guests: int) -> Request:
        if verb == "capacity":
            return Request(Verb.CAPACITY, Via.DASHBOARD, by=self.olga.id, capacity=guests)
        name = {"declined": "DECLINE"}.get(verb, verb.upper())
        user_id = self.members[who].id
        asked = guests if verb in ("book", "set_guests") else 0
        return Request(Verb[name], Via.MINIAPP, by=user_id, user_id=user_id, guests=asked)

    def expected(self, verb: str, who: int, guests: int) -> Result | str:
        if verb == "capacity":
            return self.expect(lambda: self.model.set_capacity(guests))
        ask: tuple[Any, ...] = (self.ids[who], self.members[who].id, "miniapp")
        if verb in ("maybe", "declined"):
            verb, ask = "answer_with", (*ask, verb)
        elif verb in ("book", "set_guests"):
            ask = (*ask, guests)
        return self.expect(lambda: getattr(self.model, verb)(*ask))

    # --- what must agree ---

    @invariant()
    def every_seat_place_offer_message_and_row_agree(self) -> None:
        if hasattr(self, "model"):
            self.wait(self.compare())

    @invariant()
    def what_a_view_offers_is_what_the_allocator_gives(self) -> None:
        """W6: for one member after the other, whatever has come about and whatever the clock has done
        since."""
        if hasattr(self, "model"):
            self.steps += 1
            self.wait(self.compare_view(self.members[self.steps % 6], guests=self.steps % 3))

    async def compare_view(self, person: Person, guests: int) -> None:
        view = await event(self.code, person)
        mine = view.mine
        if mine is None or not mine.seats + mine.waiting + mine.offered:
            outcome = await self.dry_run(Verb.BOOK, person, guests)
            if view.phase != "open":
                assert outcome in ("closed", "cancelled"), (view, outcome)
            elif guests <= view.guests_max and (view.capacity is None or guests < view.capacity):
                is_seated = view.availability.seats_party(1 + guests)
                assert outcome == ("booked" if is_seated else "waiting"), (view, outcome)
                assert guests or is_seated is not view.joins_waitlist
        elif mine.waiting and not mine.offered and view.phase in ("open", "closed", "not-open"):
            taken = min(view.takeable, mine.waiting)
            outcome = await self.dry_run(Verb.TAKE_FREE, person)
            nothing = "already" if mine.seats else "full"
            expected = "booked" if taken == mine.waiting else "waiting" if taken else nothing
            assert outcome == expected, view

    async def dry_run(self, verb: Verb, person: Person, guests: int = 0) -> str:
        """What the allocator would answer now; nothing of it stays."""
        request = Request(verb, Via.MINIAPP, by=person.id, user_id=person.id, guests=guests)
        with contextlib.suppress(Undone):
            async with db.transaction(store.lock(self.instance_id)):
                [result] = await allocator.process_locked([(self.instance_id, request)])
                raise Undone
        return result.outcome if isinstance(result, Refusal) else getattr(result, "kind", repr(result))

    async def compare(self) -> None:
        model, instance_id = self.model, self.instance_id
        rows = await db.rows("SELECT * FROM bookings WHERE instance_id = $1", instance_id)
        there = {
            r["membership_id"]: (
                r["answer"],
                r["seats"],
                r["waiting"],
                r["offered"],
                r["offer_until"],
                r["replace_since"] is not None,
            )
            for r in rows
        }
        assert there == {
            who: (
                model.answer[who],
                model.seats[who],
                model.waits[who],
                model.held[who],
                model.until.get(who),
                who in model.looking,
            )
            for who in model.answer
        }
        in_line = await waitlist(instance_id)
        assert [comer.membership_id for comer in in_line] == model.in_line()
        assert [comer.place for comer in in_line] == list(range(1, len(in_line) + 1))
        for at, comer in enumerate(in_line):
            [reader] = [person for person in self.members if person.id == comer.user_id]
            around = [one.membership_id for one in await waitlist_around(instance_id, reader)]
            assert around == [one.membership_id for one in in_line[:5]] + [
                one.membership_id for one in in_line[max(at, 5) : at + 2]
            ]
        log = await db.rows(
            "SELECT membership_id, by_user_id, via, seats_before, waiting_before, offered_before,"
            " seats_after, waiting_after, offered_after"
            " FROM event_participation_log WHERE instance_id = $1 ORDER BY id",
            instance_id,
        )
        for who in self.ids:
            assert [tuple(r)[1:] for r in log if r["membership_id"] == who] == model.log[who]
        [seats] = await db.rows("SELECT * FROM instance_seats WHERE instance_id = $1", instance_id)
        names = ("capacity", "booked", "offered", "over", "waiting", "releasing")
        assert tuple(seats[name] for name in names) == (
            model.capacity,
            sum(model.seats.values()),
            sum(model.held.values()),
            model.over(),
            len(model.line()),
            model.releasing(),
        )
        messages = await db.rows(
            "SELECT user_id, kind, (detail ->> 'seats')::int AS seats, (detail ->> 'until')::timestamptz AS until"
            " FROM messages WHERE instance_id = $1 ORDER BY id",
            instance_id,
        )
        for who, person in zip(self.ids, self.members, strict=True):
            messages_to: list[Message] = [
                (m["kind"], m["seats"] if m["kind"] in COUNTED else None, m["until"])
                for m in messages
                if m["user_id"] == person.id
            ]
            assert messages_to == model.messages[who]

    def teardown(self) -> None:
        try:
            if hasattr(self, "model"):
                assert self.wait(check_invariants()) == []
        finally:
            self.wait(self.close())
            self.stack.close()

    async def close(self) -> None:
        """The next story begins at an earlier hour: this date is none of its matter."""
        await db.execute("UPDATE event_instances SET state = 'COMPLETED'")


@pytest.fixture
async def loop(database: None) -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@pytest.fixture
async def six(crowd: Callable[[int], Coroutine[Any, Any, list[Person]]]) -> list[Person]:
    return await crowd(6)


def test_the_allocator_does_what_the_rules_say(
    loop: asyncio.AbstractEventLoop,
    six: list[Person],
    olga: Person,
    account: Any,
    instance: Callable[..., Coroutine[Any, Any, str]],
) -> None:
    Bookings.loop, Bookings.make, Bookings.members, Bookings.olga = loop, instance, six, olga
    Bookings.ids = [
        loop.run_until_complete(authorize(person, account.id, Permission.BOOK)).membership_id
        for person in six
    ]
    run_state_machine_as_test(
        Bookings, settings=settings(max_examples=80, stateful_step_count=30, deadline=None)
    )
    assert Bookings.ran >= 80
