"""Leaving, answers that hold no seat, and looking for a replacement (`B6`, `B13`, `S6`)."""

from backend.outbox.kinds import Kind
from backend.seats import refusals, replies
from backend.seats.decisions.checks import (
    already,
    current_outcome,
    is_leaving_free,
    party_of,
    require_free_to_leave,
    require_not_over,
)
from backend.seats.requests import Answer, Change, Outcome, OutcomeKind, Request
from backend.seats.state import Party, SeatState
from backend.seats.waitlist import fill


def leave(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request, or_former=True)
    if not party.size:
        return Outcome(OutcomeKind.ALREADY, replies.nothing_to_leave())
    return _give_up_seats(state, request, party)


def stop_waiting(state: SeatState, request: Request) -> Outcome:
    """Out of the line, with the seats that are theirs: free at any time (`B6`). A party that has none yet leaves."""
    party = party_of(state, request, or_former=True)
    if not party.seats:
        return leave(state, request)
    if not party.is_in_line:
        return already(state, party)
    state.change(party, request, Change.STOP_WAITING, seats=party.seats, waiting=0)
    fill(state)
    return Outcome(OutcomeKind.BOOKED, replies.waits_no_more(party), party.seats)


def answer_maybe(state: SeatState, request: Request) -> Outcome:
    return _answer_with(state, request, Answer.MAYBE, Change.MAYBE)


def answer_declined(state: SeatState, request: Request) -> Outcome:
    return _answer_with(state, request, Answer.DECLINED, Change.DECLINED)


def _answer_with(state: SeatState, request: Request, answer: Answer, change: Change) -> Outcome:
    """An answer that holds no seat (`B13`); what the party had is given back by the rules of leaving."""
    party = party_of(state, request)
    require_not_over(state)
    if party.answer == answer:
        return Outcome(OutcomeKind.ALREADY, replies.answered(answer))
    if party.size:
        require_free_to_leave(state, party)
    state.change(party, request, change, seats=0, waiting=0, answer=answer)
    fill(state)
    return Outcome(OutcomeKind(answer), replies.answered(answer))


def find_replacement(state: SeatState, request: Request) -> Outcome:
    """Too late to leave freely: the seats are theirs until the waitlist takes them (`B6`)."""
    party = party_of(state, request, or_former=True)
    if not party.seats:
        return leave(state, request)
    require_not_over(state)
    if is_leaving_free(state, party):
        return _give_up_seats(state, request, party)
    if state.now >= state.instance.starts_at:
        raise refusals.Begun()
    if party.releasing_since is None:
        state.change(party, request, Change.REPLACE, seats=party.seats, waiting=0)
        party.releasing_since = state.next_moment()
        state.releasing += party.seats
        state.has_releasing = True
        fill(state, asking=party)
    if not party.seats:
        return Outcome(OutcomeKind.LEFT, replies.replaced_at_once())
    return Outcome(OutcomeKind.REPLACING, replies.replacing(party), party.seats)


def keep_seat(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    require_not_over(state)
    if not party.size:
        raise refusals.NothingToKeep()
    if party.releasing_since is None:
        return already(state, party)
    state.change(party, request, Change.KEEP, seats=party.seats, waiting=party.waiting)
    state.releasing -= party.seats
    party.releasing_since = None
    return current_outcome(state, party)


def confirm_move(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    require_not_over(state)
    if not party.size:
        raise refusals.NothingToKeep()
    if not party.needs_move_answer:
        return already(state, party)
    state.change(
        party,
        request,
        Change.STAY,
        seats=party.seats,
        waiting=party.waiting,
        offered=party.offered,
    )
    party.move_confirmed_at = state.now
    return Outcome(OutcomeKind.BOOKED, replies.stays(state), party.seats, party.waiting)


def _give_up_seats(state: SeatState, request: Request, party: Party) -> Outcome:
    """Take a party off at its own wish: always from the line, from seats until the deadline (`B6`)."""
    had_seats, names = party.seats, party.names
    given_back = 0 if party.is_in_line else had_seats
    require_free_to_leave(state, party)
    state.change(party, request, Change.LEAVE, seats=0, waiting=0, answer=Answer.LEFT)
    notified = len(state.notifications)
    fill(state)
    went_on = bool(had_seats) and any(n.kind is Kind.PROMOTED for n in state.notifications[notified:])
    words = replies.left(state, party, went_on=went_on, had_seats=bool(had_seats))
    return Outcome(OutcomeKind.LEFT, words, given_back=given_back, names=names)
