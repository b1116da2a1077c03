"""What the allocator answers to each request (`B1`–`B13`, `W1`–`W5`): pure functions over a `SeatState`."""

from collections.abc import Callable

from backend.seats import replies
from backend.seats.decisions import booking, guests, leaving, organisers
from backend.seats.decisions.checks import current_outcome, is_leaving_free
from backend.seats.requests import Answer, Outcome, OutcomeKind, Request, Verb
from backend.seats.state import SeatState

DECISIONS: dict[Verb, Callable[[SeatState, Request], Outcome]] = {
    Verb.BOOK: booking.book,
    Verb.RETURN: booking.rejoin,
    Verb.ADD_GUEST: guests.add_guest,
    Verb.SET_GUESTS: guests.set_guests,
    Verb.NAMES: guests.name_guests,
    Verb.LEAVE: leaving.leave,
    Verb.STOP_WAITING: leaving.stop_waiting,
    Verb.MAYBE: leaving.answer_maybe,
    Verb.DECLINE: leaving.answer_declined,
    Verb.TAKE_FREE: booking.take_free,
    Verb.TAKE: booking.take,
    Verb.DECLINE_OFFER: booking.decline_offer,
    Verb.REPLACE: leaving.find_replacement,
    Verb.KEEP: leaving.keep_seat,
    Verb.STAY: leaving.confirm_move,
    Verb.REGULAR: booking.seat_regular,
    Verb.SEAT: organisers.seat,
    Verb.BRING: organisers.seat,
    Verb.REMOVE: organisers.remove,
    Verb.TO_WAITLIST: organisers.move_to_waitlist,
    Verb.CAPACITY: organisers.set_capacity,
    Verb.FILL: organisers.fill_free,
}


def decide(state: SeatState, request: Request) -> Outcome:
    """Answer one request. Raises a `Refusal`, and then nothing has changed."""
    outcome = DECISIONS[request.verb](state, request)
    if request.audited and outcome.kind is not OutcomeKind.ALREADY:
        state.audited.append(request)
    return outcome


def replay(state: SeatState, request: Request) -> Outcome:
    """The answer to a request that the log shows to be done already, as if it were done now."""
    party = state.find_party(request)
    if party is None:
        return Outcome(OutcomeKind.DONE, replies.capacity_set(state))
    if request.verb is Verb.REMOVE:
        return Outcome(OutcomeKind.LEFT, replies.removed())
    if request.verb is Verb.DECLINE_OFFER and party.waiting and not party.offered:
        return booking.offer_declined(state, party)
    if request.verb is Verb.REPLACE and party.releasing_since is not None:
        return Outcome(OutcomeKind.REPLACING, replies.replacing(party), party.seats)
    if request.verb is Verb.REPLACE and not party.size and not is_leaving_free(state, party):
        return Outcome(OutcomeKind.LEFT, replies.replaced_at_once())
    if party.size:
        return current_outcome(state, party)
    if party.answer in (Answer.MAYBE, Answer.DECLINED):
        return Outcome(OutcomeKind(party.answer), replies.answered(party.answer))
    return Outcome(OutcomeKind.LEFT, replies.left(state, party, went_on=False))
