"""How seats are given out: the pure rules of the allocator, sentence by sentence (docs/RULES.md, B and W)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Invalid, Refusal
from backend.i18n import Voice
from backend.seats import refusals
from backend.seats.decisions import decide, replay
from backend.seats.decisions.checks import NotAMemberHere
from backend.seats.promotion import PromotionWindows
from backend.seats.requests import Outcome, Request, Verb, Via
from backend.seats.state import InstanceFacts, InstanceState, Party, SeatState, fit_names
from backend.seats.windows import Windows

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
STARTS = NOW + timedelta(days=3)
OLGA, ALICE, BOB, CARLA, DAN, ERIN = 1, 2, 3, 4, 5, 6


def state_of(
    capacity: int | None = 3,
    *,
    state: InstanceState = InstanceState.SCHEDULED,
    guests_max: int = 3,
    now: datetime = NOW,
    fill_gaps: bool = False,
    opens_at: datetime | None = None,
) -> SeatState:
    """An empty date with Alice to Erin as members. It closes an hour before its start; leaving is free until noon before."""
    facts = InstanceFacts(
        instance_id=7,
        account_id=1,
        title="Yoga",
        zone="Europe/Helsinki",
        state=state,
        cancel_reason="A pipe burst.",
        starts_at=STARTS,
        ends_at=STARTS + timedelta(hours=1),
        windows=Windows(opens_at, STARTS - timedelta(hours=1), STARTS - timedelta(hours=24)),
        promotion=PromotionWindows.around(
            STARTS, "Europe/Helsinki", offers_before=1440, offer_minutes=30, first_tap_before=120
        ),
        guests_max=guests_max,
        fill_gaps=fill_gaps,
    )
    made = SeatState(facts, now, capacity, 0, 0, 0, 0, datetime.fromtimestamp(0, UTC))
    for who in (ALICE, BOB, CARLA, DAN, ERIN):
        made.add_party(Party(membership_id=100 + who, user_id=who))
    return made


def ask(
    at: SeatState, who: int, verb: Verb, guests: int = 0, *, names: tuple[str, ...] | None = None
) -> Outcome:
    return decide(at, Request(verb, Via.MINIAPP, by=who, user_id=who, guests=guests, names=names))


def book(at: SeatState, who: int, guests: int = 0) -> Outcome:
    return ask(at, who, Verb.BOOK, guests)


def leave(at: SeatState, who: int) -> Outcome:
    return ask(at, who, Verb.LEAVE)


def organiser(at: SeatState, who: int, verb: Verb, guests: int = 0, over: bool = False) -> Outcome:
    return decide(
        at,
        Request(verb, Via.DASHBOARD, by=OLGA, membership_id=100 + who, guests=guests, over=over),
    )


def capacity(at: SeatState, seats: int | None) -> Outcome:
    return decide(at, Request(Verb.CAPACITY, Via.DASHBOARD, by=OLGA, capacity=seats))


def seats(at: SeatState) -> dict[int, int]:
    return {p.user_id: p.seats for p in at.parties.values() if p.seats and p.user_id}


def line(at: SeatState) -> list[int | None]:
    return [party.user_id for party in at.waitlist]


def text_of(outcome: Outcome | Refusal) -> str:
    return Voice("en").translate(outcome.words)


# --- B1, B2: a party is booked whole or not at all, once ---


def test_a_party_is_booked_whole() -> None:
    """B1."""
    at = state_of(3)
    assert book(at, ALICE, 2).kind == "booked"
    assert seats(at) == {ALICE: 3}


NAMES = st.lists(st.sampled_from(("", "Carla", "Dan", "Erin")), max_size=9)


@given(NAMES, st.integers(0, 9))
def test_the_names_that_are_left_are_those_of_the_guests_in_their_order(
    names: list[str], guests: int
) -> None:
    """B1: nobody is renamed; while there are guests without a name, it is they who stay away."""
    left = fit_names(names, guests)
    assert len(left) <= guests
    assert fit_names(left, guests) == left
    names_before, kept = [name for name in names if name], [name for name in left if name]
    assert kept == names_before[: len(kept)]
    assert len(kept) == min(len(names_before), guests)
    assert not left or left[-1]


class Looked(str):
    """A name that counts how often anybody looks at it."""

    looks = 0

    def __eq__(self, other: object) -> bool:
        Looked.looks += 1
        return str.__eq__(self, other)

    def __len__(self) -> int:
        Looked.looks += 1
        return str.__len__(self)

    __hash__ = str.__hash__


@pytest.mark.parametrize("pattern", [("",), ("A",), ("", "A"), ("A", "")])
def test_each_name_is_looked_at_a_few_times_however_many_there_are(pattern: tuple[str, ...]) -> None:
    """X8."""
    for size in (100, 1_000, 10_000):
        Looked.looks = 0
        fit_names([Looked(pattern[n % len(pattern)]) for n in range(size)], 9)
        assert Looked.looks <= 3 * size


def test_guests_may_have_names_when_they_are_booked_and_later() -> None:
    """B1: named or not; and what they are called is no change of anybody's seat."""
    at = state_of(4)
    ask(at, ALICE, Verb.BOOK, 2, names=("", "Bob"))
    assert at.by_user[ALICE].names == ("", "Bob")
    rows = len(at.log)
    named = ask(at, ALICE, Verb.SET_GUESTS, 2, names=("Anna", "Bob"))
    assert (named.kind, at.by_user[ALICE].names) == ("named", ("Anna", "Bob"))
    assert text_of(named) == "Saved. Only you and the organisers see the names of your guests."
    assert [(x.change, x.seats_before, x.seats_after) for x in at.log[rows:]] == [("names", 3, 3)]
    again = ask(at, ALICE, Verb.SET_GUESTS, 2, names=("Anna", "Bob"))
    assert (again.kind, len(at.log)) == ("already", rows + 1)


def test_names_stay_when_the_number_of_guests_changes() -> None:
    """B1, B7: by whatever hand; only who stays away loses theirs."""
    at = state_of(5)
    ask(at, ALICE, Verb.BOOK, 2, names=("", "Bob"))
    ask(at, ALICE, Verb.ADD_GUEST)
    assert at.by_user[ALICE].names == ("", "Bob")
    organiser(at, ALICE, Verb.SET_GUESTS, 1)
    assert at.by_user[ALICE].names == ("Bob",)
    ask(at, ALICE, Verb.SET_GUESTS, 2, names=("Bob", "Carla"))
    leave(at, ALICE)
    assert at.by_user[ALICE].names == (), "guests never outlive the member’s seat"


def test_a_party_that_waits_keeps_its_names() -> None:
    """B1, W2."""
    at = state_of(2)
    book(at, BOB)
    ask(at, ALICE, Verb.BOOK, 1, names=("Dan",))
    leave(at, BOB)
    assert (seats(at), at.by_user[ALICE].names) == ({ALICE: 2}, ("Dan",))


def test_a_name_has_its_limit() -> None:
    """X5: and then nothing is booked."""
    at = state_of(3)
    with pytest.raises(Invalid) as no:
        ask(at, ALICE, Verb.BOOK, 1, names=("x" * 81,))
    assert (no.value.field, seats(at)) == ("name", {})


def test_a_party_that_does_not_fit_whole_waits_whole() -> None:
    """B1: not two seats of three."""
    at = state_of(3)
    book(at, ALICE, 1)
    outcome = book(at, BOB, 1)
    assert (outcome.kind, outcome.seats, outcome.waiting, outcome.place) == ("waiting", 0, 2, 1)


def test_booking_again_changes_nothing_and_says_so() -> None:
    """B2."""
    at = state_of(3)
    book(at, ALICE, 1)
    rows = len(at.log)
    again = book(at, ALICE, 2)
    assert (again.kind, again.seats) == ("already", 2)
    assert text_of(again) == "You’re in already, with 1 guest. Nothing has changed."
    assert len(at.log) == rows


def test_waiting_again_shows_the_place() -> None:
    """B2, W5."""
    at = state_of(1)
    for who in (ALICE, BOB, CARLA):
        book(at, who)
    assert text_of(book(at, CARLA)) == "You’re in line already, 2nd. Nothing has changed."


def test_a_party_bigger_than_the_room_learns_that_it_never_fits() -> None:
    """B9: why, and what next."""
    with pytest.raises(refusals.TooBig) as no:
        book(state_of(2), ALICE, 2)
    assert text_of(no.value) == "There are only 2 seats in all, so 3 together will never fit."


@pytest.mark.parametrize("guests", [-1, 4])
def test_guests_are_bounded_by_the_series(guests: int) -> None:
    """S1, B1."""
    with pytest.raises(Invalid):
        book(state_of(9), ALICE, guests)


def test_a_stranger_is_refused() -> None:
    """A1: and who left the club is a stranger."""
    at = state_of()
    at.parties[100 + BOB].is_member = False
    for who in (77, BOB):
        with pytest.raises(NotAMemberHere):
            book(at, who)


# --- B3: no oversell ---


def test_no_seat_is_names_beforetwice() -> None:
    """B3."""
    at = state_of(2)
    assert [book(at, who).kind for who in (ALICE, BOB, CARLA)] == ["booked", "booked", "waiting"]
    assert at.booked == 2


def test_an_offered_seat_is_not_free() -> None:
    """B3: seats under a live offer count."""
    at = state_of(2)
    at.offered = 1
    assert at.free == 1
    assert book(at, ALICE, 1).kind == "waiting"


def test_only_an_owners_word_goes_over() -> None:
    """B3: without it the organiser's hand stops at the last seat."""
    at = state_of(1)
    book(at, ALICE)
    with pytest.raises(refusals.NoRoomLeft):
        organiser(at, BOB, Verb.SEAT)
    assert organiser(at, BOB, Verb.SEAT, over=True).kind == "booked"
    assert (at.booked, at.over) == (2, 1)


def test_the_allowance_shrinks_as_people_leave_and_never_grows_by_itself() -> None:
    """B3."""
    at = state_of(1)
    book(at, ALICE)
    organiser(at, BOB, Verb.SEAT, over=True)
    leave(at, ALICE)
    assert (at.booked, at.over) == (1, 0)
    assert book(at, CARLA).kind == "waiting"


def test_without_a_limit_everybody_is_in() -> None:
    at = state_of(None)
    assert [book(at, who, 3).kind for who in (ALICE, BOB, CARLA)] == ["booked"] * 3


# --- B4: newcomers never overtake the queue ---


def test_a_newcomer_waits_behind_a_bigger_party() -> None:
    """B4: one seat is free, but it is the next party's turn."""
    at = state_of(2)
    book(at, ALICE)
    book(at, BOB, 1)
    outcome = book(at, CARLA)
    assert (outcome.kind, outcome.place) == ("waiting", 2)
    assert text_of(outcome).startswith("Others are ahead of you.")


def test_a_newcomer_is_not_held_back_by_a_party_that_can_never_fit() -> None:
    """B4: they wait only while someone waits who could be seated."""
    at = state_of(3)
    book(at, ALICE)
    book(at, BOB, 2)
    capacity(at, 2)
    assert book(at, CARLA).kind == "booked"
    assert line(at) == [BOB]


def test_a_guest_does_not_overtake_the_queue_either() -> None:
    """B4, B7."""
    at = state_of(2)
    book(at, ALICE)
    book(at, BOB, 1)
    with pytest.raises(refusals.NoRoomForGuest):
        ask(at, ALICE, Verb.ADD_GUEST)


def test_with_fill_gaps_a_small_party_takes_the_gap() -> None:
    """W1: the earliest party that fits."""
    at = state_of(2, fill_gaps=True)
    book(at, ALICE)
    book(at, BOB, 1)
    assert book(at, CARLA).kind == "booked"


# --- B5: the booking window ---


def test_before_it_opens_the_answer_says_when(noon: datetime) -> None:
    """B5."""
    with pytest.raises(refusals.NotOpen) as no:
        book(state_of(opens_at=NOW + timedelta(hours=1)), ALICE)
    assert text_of(no.value) == "Booking opens today at 15:00."


def test_from_the_very_moment_it_opens_one_can_book() -> None:
    assert book(state_of(opens_at=NOW), ALICE).kind == "booked"


def test_once_closed_the_answer_says_that_it_did() -> None:
    """B5."""
    at = state_of(now=STARTS - timedelta(hours=1))
    with pytest.raises(refusals.Closed) as no:
        book(at, ALICE)
    assert "An organiser can still add you by hand." in text_of(no.value)
    assert organiser(at, ALICE, Verb.SEAT).kind == "booked"


def test_guests_come_within_the_window_too() -> None:
    """B5, B7."""
    at = state_of()
    book(at, ALICE)
    at.now = STARTS - timedelta(minutes=1)
    with pytest.raises(refusals.Closed):
        ask(at, ALICE, Verb.ADD_GUEST)
    assert organiser(at, ALICE, Verb.SET_GUESTS, 1).kind == "booked"


@pytest.mark.parametrize("verb", [Verb.BOOK, Verb.ADD_GUEST, Verb.MAYBE, Verb.TAKE_FREE])
def test_a_cancelled_date_takes_no_answers_and_shows_why(verb: Verb) -> None:
    """S8, B9."""
    with pytest.raises(refusals.Cancelled) as no:
        ask(state_of(state=InstanceState.CANCELLED), ALICE, verb)
    assert text_of(no.value) == "Cancelled: “A pipe burst.” Nothing counts against you."


@pytest.mark.parametrize("how", ["completed", "past"])
def test_a_date_that_is_over_takes_no_bookings(how: str) -> None:
    """S8: whether or not anyone has written down that it ended."""
    at = (
        state_of(state=InstanceState.COMPLETED)
        if how == "completed"
        else state_of(now=STARTS + timedelta(hours=2))
    )
    with pytest.raises(refusals.Ended):
        book(at, ALICE)
    with pytest.raises(refusals.Ended):
        organiser(at, ALICE, Verb.SEAT)


@pytest.mark.parametrize("state", [InstanceState.CANCELLED, InstanceState.COMPLETED])
def test_not_even_an_organiser_adds_guests_to_what_is_over(state: InstanceState) -> None:
    """S8."""
    at = state_of()
    book(at, ALICE)
    at.instance = replace(at.instance, state=state)
    with pytest.raises(Refusal):
        organiser(at, ALICE, Verb.SET_GUESTS, 1)
    assert organiser(at, ALICE, Verb.REMOVE).kind == "left"


# --- B6: leaving ---


def test_leaving_frees_the_seat_at_once_and_shows_where_it_goes() -> None:
    """B6, W2: with the same requests, in the same breath."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    outcome = leave(at, ALICE)
    assert text_of(outcome) == "You’ve left. Your seat went to someone who was waiting."
    assert seats(at) == {BOB: 1}
    assert [(n.user_id, n.kind) for n in at.notifications] == [(BOB, "promoted")]


def test_leaving_seats_is_free_until_the_deadline() -> None:
    """B6."""
    at = state_of()
    book(at, ALICE)
    at.now = STARTS - timedelta(hours=24)
    with pytest.raises(refusals.TooLate) as no:
        leave(at, ALICE)
    assert text_of(no.value).startswith("It’s too late to leave freely")
    for verb in (Verb.DECLINE, Verb.MAYBE):
        with pytest.raises(refusals.TooLate):
            ask(at, ALICE, verb)
    assert organiser(at, ALICE, Verb.REMOVE).kind == "left"


def overfull(*, seats: int) -> SeatState:
    """Three with a seat each, of fewer than that, after the deadline."""
    at = state_of(3)
    for who in (ALICE, BOB, CARLA):
        book(at, who)
    at.now = STARTS - timedelta(hours=5)
    capacity(at, seats)
    return at


def test_leaving_is_free_after_the_deadline_while_there_are_too_few_seats() -> None:
    """B6, W4: over by 1, so one may go; nobody could take a seat over meanwhile. Then it fits, and it is too late again."""
    at = overfull(seats=2)
    assert leave(at, ALICE).kind == "left"
    assert (at.over, seats(at)) == (0, {BOB: 1, CARLA: 1})
    for verb in (Verb.LEAVE, Verb.DECLINE, Verb.MAYBE):
        with pytest.raises(refusals.TooLate):
            ask(at, BOB, verb)


def test_a_party_that_looked_for_a_replacement_may_leave_when_there_are_too_few_seats() -> None:
    """B6, W4: their seat could not be taken over any more."""
    at = state_of(3)
    for who in (ALICE, BOB, CARLA):
        book(at, who)
    at.now = STARTS - timedelta(hours=5)
    assert ask(at, ALICE, Verb.REPLACE).kind == "replacing"
    capacity(at, 1)
    assert ask(at, BOB, Verb.REPLACE).kind == "left", "it is free, so there is nothing to look for"
    assert leave(at, ALICE).kind == "left"
    assert (at.releasing, seats(at)) == (0, {CARLA: 1})


def test_too_few_seats_are_no_reason_once_it_has_begun() -> None:
    """B6, W4."""
    at = overfull(seats=2)
    at.now = STARTS
    with pytest.raises(refusals.TooLate):
        leave(at, ALICE)


def seated_in_part(*, now: datetime = NOW) -> SeatState:
    """Alice has a seat, Bob one of the two he wants, and Carla waits."""
    at = state_of(2)
    book(at, ALICE)
    book(at, BOB, 1)
    assert ask(at, BOB, Verb.TAKE_FREE).seats == 1
    book(at, CARLA)
    at.now = now
    return at


def test_a_party_that_waits_for_more_may_stop_at_any_time_and_keeps_their_seat() -> None:
    """B6: the line can always be left; the seat stays, though it is too late to leave that."""
    at = seated_in_part(now=STARTS - timedelta(minutes=5))
    outcome = ask(at, BOB, Verb.STOP_WAITING)
    assert (outcome.kind, outcome.seats, outcome.waiting) == ("booked", 1, 0)
    assert text_of(outcome) == "You’re no longer waiting for more seats. Your seat stays yours."
    assert (seats(at), line(at)) == ({ALICE: 1, BOB: 1}, [CARLA])
    assert ask(at, BOB, Verb.STOP_WAITING).kind == "already"
    with pytest.raises(refusals.TooLate):
        leave(at, BOB)


def test_a_seat_held_for_a_party_that_stops_waiting_goes_to_the_next() -> None:
    """B6, W3."""
    at = seated_in_part(now=STARTS - timedelta(hours=20))
    organiser(at, ALICE, Verb.REMOVE)
    assert at.by_user[BOB].offered == 1
    assert ask(at, BOB, Verb.STOP_WAITING).seats == 1
    assert at.by_user[CARLA].offered == 1, "offered at once to who is next"


def test_a_party_without_a_seat_leaves_the_line_by_it() -> None:
    """B6."""
    at = seated_in_part()
    assert text_of(ask(at, CARLA, Verb.STOP_WAITING)) == "You’ve left the line."


def test_the_queue_can_always_be_left() -> None:
    """B6."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    at.now = STARTS - timedelta(minutes=1)
    assert text_of(leave(at, BOB)) == "You’ve left the line."


def test_leaving_what_one_is_not_in_changes_nothing() -> None:
    """B2."""
    at = state_of()
    assert leave(at, ALICE).kind == "already"
    assert not at.log


def test_a_party_that_returns_joins_at_the_end() -> None:
    """W1: the moment of joining is the new one."""
    at = state_of(1)
    for who in (ALICE, BOB, CARLA):
        book(at, who)
    leave(at, BOB)
    assert book(at, BOB).place == 2
    assert line(at) == [CARLA, BOB]


# --- B7: guests ---


def test_a_guest_can_be_added_and_taken_back() -> None:
    """B7."""
    at = state_of(3)
    book(at, ALICE)
    assert ask(at, ALICE, Verb.ADD_GUEST).seats == 2
    assert ask(at, ALICE, Verb.SET_GUESTS, 0).seats == 1
    assert at.booked == 1


def test_plus_one_of_a_member_who_is_not_in_brings_both() -> None:
    """B1: a party is the member and the guest."""
    at = state_of(3)
    assert ask(at, ALICE, Verb.ADD_GUEST).seats == 2


def test_a_guest_without_a_member_is_no_party() -> None:
    """B7: a guest's seat never outlives the member's."""
    at = state_of(4)
    with pytest.raises(refusals.NotIn):
        ask(at, ALICE, Verb.SET_GUESTS, 1)
    book(at, ALICE, 2)
    leave(at, ALICE)
    assert (at.booked, seats(at)) == (0, {})


def test_a_guests_seat_names_beforeback_goes_to_the_line() -> None:
    """B7, W2."""
    at = state_of(2)
    book(at, ALICE, 1)
    book(at, BOB)
    ask(at, ALICE, Verb.SET_GUESTS, 0)
    assert seats(at) == {ALICE: 1, BOB: 1}


def test_a_party_in_line_grows_in_its_place_and_shrinks_into_a_seat() -> None:
    """B7, W1."""
    at = state_of(2)
    book(at, ALICE)
    book(at, BOB, 1)
    book(at, CARLA)
    assert ask(at, CARLA, Verb.ADD_GUEST).place == 2
    outcome = ask(at, BOB, Verb.SET_GUESTS, 0)
    assert (outcome.kind, seats(at)) == ("booked", {ALICE: 1, BOB: 1})
    assert not at.notifications, "who asks is answered on the spot"


def test_after_the_deadline_a_guests_seat_is_not_names_beforeback_freely() -> None:
    """B6, B7."""
    at = state_of()
    book(at, ALICE, 1)
    at.now = STARTS - timedelta(hours=2)
    with pytest.raises(refusals.TooLate):
        ask(at, ALICE, Verb.SET_GUESTS, 0)


def test_lowering_the_guests_of_a_series_takes_nobody_away() -> None:
    at = state_of(5, guests_max=3)
    book(at, ALICE, 3)
    at.instance = replace(at.instance, guests_max=1)
    assert ask(at, ALICE, Verb.SET_GUESTS, 3).kind == "already"
    assert ask(at, ALICE, Verb.SET_GUESTS, 2).seats == 3


# --- B8: the log ---


def test_each_change_is_one_row_with_its_author_its_channel_and_its_seats() -> None:
    """B8."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    organiser(at, ALICE, Verb.REMOVE)
    rows = [(x.membership_id - 100, x.by, x.via, x.change, x.seats_before, x.seats_after) for x in at.log]
    assert rows == [
        (ALICE, ALICE, Via.MINIAPP, "book", 0, 1),
        (BOB, BOB, Via.MINIAPP, "wait", 0, 0),
        (ALICE, OLGA, Via.DASHBOARD, "remove", 1, 0),
        (BOB, None, Via.PROMOTION, "promote", 0, 1),
    ]


# --- B13: maybe and can't ---


@pytest.mark.parametrize(("verb", "kind"), [(Verb.MAYBE, "maybe"), (Verb.DECLINE, "declined")])
def test_maybe_and_cannot_hold_no_seat(verb: Verb, kind: str) -> None:
    """B13."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    assert ask(at, ALICE, verb).kind == kind
    assert seats(at) == {BOB: 1}
    assert ask(at, ALICE, verb).kind == "already"
    assert book(at, ALICE).kind == "waiting"


# --- W1, W2: the queue ---


def test_the_line_is_in_order_of_priority_then_of_joining() -> None:
    """W1."""
    at = state_of(1)
    for who in (ALICE, BOB, CARLA, DAN):
        book(at, who)
    at.parties[100 + DAN].priority = 1
    assert line(at) == [DAN, BOB, CARLA]
    leave(at, ALICE)
    assert seats(at) == {DAN: 1}


def test_two_members_who_join_in_the_same_instant_keep_the_order_of_the_lock() -> None:
    """W1: whatever the clocks of several servers say."""
    at = state_of(1)
    for who in (ALICE, BOB):
        book(at, who)
    at.now -= timedelta(minutes=5)
    book(at, CARLA)
    assert line(at) == [BOB, CARLA]


def test_in_strict_order_the_first_party_that_does_not_fit_holds_back_the_rest() -> None:
    """W1."""
    at = state_of(3)
    book(at, ALICE)
    book(at, BOB, 1)
    book(at, CARLA, 2)
    book(at, DAN)
    leave(at, ALICE)
    assert (seats(at), line(at)) == ({BOB: 2}, [CARLA, DAN])


def test_with_fill_gaps_the_earliest_that_fits_is_seated() -> None:
    """W1."""
    at = state_of(3, fill_gaps=True)
    book(at, ALICE)
    book(at, BOB, 1)
    book(at, CARLA, 2)
    book(at, DAN)
    book(at, ERIN)
    leave(at, ALICE)
    assert (seats(at), line(at)) == ({BOB: 2, DAN: 1}, [CARLA, ERIN])


def test_a_waiting_party_takes_what_is_free_and_waits_for_the_rest() -> None:
    """W1."""
    at = state_of(3)
    book(at, ALICE, 1)
    book(at, BOB, 2)
    outcome = ask(at, BOB, Verb.TAKE_FREE)
    assert (outcome.kind, outcome.seats, outcome.waiting, outcome.place) == ("waiting", 1, 2, 1)
    assert text_of(outcome) == "1 seat is yours; you’re 1st in line for 2 more."
    leave(at, ALICE)
    assert seats(at) == {BOB: 3}


def test_only_the_first_in_line_may_take_what_is_free() -> None:
    """W1, B4."""
    at = state_of(4)
    book(at, ALICE, 1)
    book(at, BOB, 2)
    book(at, CARLA, 3)
    with pytest.raises(refusals.NothingToTake):
        ask(at, CARLA, Verb.TAKE_FREE)


def test_filling_twice_changes_nothing() -> None:
    """W2: one idempotent function."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    at.parties[100 + ALICE].seats = at.booked = 0  # a seat freed by some other way
    for _ in range(2):
        decide(at, Request(Verb.FILL, Via.SYSTEM))
        assert (seats(at), at.waiting) == ({BOB: 1}, 0)
    assert [x.change for x in at.log] == ["book", "wait", "promote"]


@pytest.mark.parametrize("when", ["cancelled", "begun"])
def test_nobody_is_promoted_into_what_is_cancelled_or_has_begun(when: str) -> None:
    """S5, W2."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    if when == "cancelled":
        at.instance = replace(at.instance, state=InstanceState.CANCELLED)
    else:
        at.now = STARTS
    organiser(at, ALICE, Verb.REMOVE)
    assert (seats(at), line(at)) == ({}, [BOB])


# --- W4: the number of seats ---


def test_more_seats_are_filled_from_the_line() -> None:
    """W4."""
    at = state_of(1)
    for who in (ALICE, BOB, CARLA):
        book(at, who)
    capacity(at, 2)
    assert (seats(at), line(at)) == ({ALICE: 1, BOB: 1}, [CARLA])
    capacity(at, None)
    assert not line(at)


def test_fewer_seats_remove_nobody_and_promote_nobody_until_it_fits() -> None:
    """W4: "14/12, over by 2"."""
    at = state_of(3)
    for who in (ALICE, BOB, CARLA, DAN):
        book(at, who)
    outcome = capacity(at, 1)
    assert text_of(outcome) == "3/1, over by 2. Nobody is removed."
    assert at.over == 2
    for who, left in ((ALICE, 2), (BOB, 1)):
        leave(at, who)
        assert (at.booked, line(at)) == (left, [DAN])
    leave(at, CARLA)
    assert seats(at) == {DAN: 1}


@pytest.mark.parametrize("left", [timedelta(days=2), timedelta(hours=20), timedelta(hours=1)])
def test_a_seat_too_many_goes_to_nobody(left: timedelta) -> None:
    """W4, B6: over by one, the line gets no seat of a party that looks for a replacement, near or far; once it fits, it does."""
    at = state_of(3)
    at.instance = replace(at.instance, windows=Windows(None, STARTS, STARTS - timedelta(days=3)))
    for who in (ALICE, BOB, DAN, CARLA):
        book(at, who)
    leave(at, CARLA)
    at.now = STARTS - left
    assert ask(at, ALICE, Verb.REPLACE).kind == "replacing"
    capacity(at, 2)
    assert book(at, CARLA).kind == "waiting"
    assert seats(at) == {ALICE: 1, BOB: 1, DAN: 1} and at.over == 1
    organiser(at, BOB, Verb.REMOVE)
    book(at, CARLA)
    assert seats(at) == {CARLA: 1, DAN: 1} and not at.over


def test_a_party_that_no_longer_fits_at_all_holds_nobody_back_when_the_room_shrinks() -> None:
    """W4, W1: the same function fills, and skips who could not even fit into the empty room."""
    at = state_of(4)
    book(at, ALICE)
    book(at, BOB, 3)
    book(at, CARLA, 1)
    capacity(at, 3)
    assert (seats(at), line(at)) == ({ALICE: 1, CARLA: 2}, [BOB])


# --- W5: a waiting member sees their place and why ---


def test_each_waiting_party_learns_its_place_and_why() -> None:
    """W5, B9."""
    at = state_of(2)
    book(at, ALICE, 1)
    assert text_of(book(at, BOB)) == (
        "Both seats are taken. You’re 1st in line; we’ll tell you when a seat is yours."
    )
    at = state_of(2)
    book(at, ALICE)
    assert text_of(book(at, BOB, 1)) == (
        "1 seat is free, but you asked for 2. You’re 1st in line; come with fewer, or wait together."
    )
    at = state_of(1)
    book(at, ALICE)
    assert text_of(book(at, BOB)) == (
        "The only seat is taken. You’re 1st in line; we’ll tell you when it is yours."
    )


def test_places_are_exact_within_one_list_of_requests() -> None:
    """W5, decision 0001: as people go and come while the state_of is open, also when the queue was read before."""
    at = state_of(1)
    at.booked, at.waiting = 1, 3
    at.parties[100 + ALICE].seats = 1
    for place, who in enumerate((BOB, CARLA, DAN)):
        party = at.parties[100 + who]
        party.waiting, party.booking_id, party.ahead = 1, who, place
        party.queued_at = at.last_moment = NOW + timedelta(seconds=place)
        at.add_party(party)
    assert book(at, ERIN).place == 4
    leave(at, CARLA)
    assert book(at, DAN).place == 2
    assert book(at, ERIN).place == 3
    leave(at, ALICE)
    assert book(at, DAN).place == 1
    assert book(at, CARLA).place == 3


# --- when it was unknown whether a request was done ---


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (Request(Verb.MAYBE, Via.CARD, user_id=ALICE), "maybe"),
        (Request(Verb.DECLINE, Via.CARD, user_id=ALICE), "declined"),
        (Request(Verb.LEAVE, Via.CARD, user_id=ALICE), "left"),
        (Request(Verb.REMOVE, Via.DASHBOARD, membership_id=100 + ALICE), "left"),
        (Request(Verb.BOOK, Via.CARD, user_id=ALICE, guests=1), "booked"),
        (Request(Verb.CAPACITY, Via.DASHBOARD, capacity=2), "done"),
    ],
)
def test_a_request_done_already_is_answered_as_it_was(request_: Request, kind: str) -> None:
    """Decision 0001: answered as if for the first time."""
    at = state_of(3)
    if request_.verb is not Verb.BOOK:
        book(at, ALICE)
    first = decide(at, request_)
    again = replay(at, request_)
    assert (first.kind, again.kind) == (kind, kind)
    assert text_of(again) == text_of(first)


# --- answers that say what is so (B9) ---

AGAIN = (
    Verb.BOOK,
    Verb.ADD_GUEST,
    Verb.TAKE,
    Verb.TAKE_FREE,
    Verb.KEEP,
    Verb.DECLINE_OFFER,
    Verb.STAY,
)


@pytest.mark.parametrize("verb", AGAIN)
@pytest.mark.parametrize("who", [ALICE, BOB, CARLA], ids=["in", "in line", "neither"])
def test_what_is_cancelled_is_said_to_be_cancelled(verb: Verb, who: int) -> None:
    """S5, B2: also to who is in or in line already, and for whom nothing would have changed."""
    at = state_of(1)
    book(at, ALICE)
    book(at, BOB)
    at.instance = replace(at.instance, state=InstanceState.CANCELLED)
    with pytest.raises(refusals.Cancelled):
        ask(at, who, verb)


@pytest.mark.parametrize("verb", [Verb.KEEP, Verb.STAY])
def test_who_lost_the_seat_meanwhile_cannot_keep_it(verb: Verb) -> None:
    """B6, S6: an old button does not speak of leaving."""
    at = state_of(1)
    with pytest.raises(refusals.NothingToKeep):
        ask(at, ALICE, verb)


def test_nobody_is_told_to_come_to_what_has_begun() -> None:
    """B9: where booking stays open after the start."""
    at = state_of(5, now=STARTS + timedelta(minutes=4))
    at.instance = replace(at.instance, windows=Windows(None, STARTS + timedelta(minutes=30), STARTS))
    assert text_of(book(at, ALICE)) == "You’re in. It has begun."
    assert text_of(book(at, BOB, 1)) == "You’re in, with 1 guest. It has begun."


def test_an_organiser_reads_of_the_member_and_not_of_themselves() -> None:
    """B10"""
    at = state_of(5)
    for verb in (Verb.REMOVE, Verb.TO_WAITLIST):
        outcome = decide(at, Request(verb, Via.DASHBOARD, by=1, membership_id=100 + ALICE))
        assert text_of(outcome) == "They are no longer booked or in line. Nothing has changed."


# --- after the deadline (B6) ---

LATE = STARTS - timedelta(hours=6)


def test_who_books_after_the_deadline_reads_that_leaving_will_count() -> None:
    """B6: and has five minutes to undo it, guests too."""
    at = state_of(5, now=LATE)
    assert text_of(book(at, ALICE)).endswith("You can leave freely for 5 minutes; after that it counts.")
    assert text_of(book(at, BOB, 1)).startswith("You’re in, with 1 guest. See you")
    at.now = LATE + timedelta(minutes=4, seconds=59)
    assert ask(at, BOB, Verb.SET_GUESTS).seats == 1
    assert leave(at, ALICE).kind == "left"
    at.now = LATE + timedelta(minutes=5)
    with pytest.raises(refusals.TooLate):
        leave(at, BOB)
    assert "counts" not in text_of(book(at, BOB))


def test_before_the_deadline_nobody_reads_of_it() -> None:
    assert text_of(book(state_of(5), ALICE)).endswith("at 14:00.")


def test_who_had_the_seat_late_from_the_line_reads_no_warning() -> None:
    """B6, W3: it never counts for them."""
    at = state_of(1, now=LATE)
    book(at, ALICE)
    book(at, BOB)
    leave(at, ALICE)
    assert "counts" not in text_of(ask(at, BOB, Verb.TAKE))
