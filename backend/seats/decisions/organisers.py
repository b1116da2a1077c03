"""What organisers do for people, and with the number of seats (`B3`, `B10`, `W2`, `W4`)."""

from backend.outbox.kinds import Kind
from backend.seats import refusals, replies
from backend.seats.decisions.checks import (
    already,
    check_guests,
    check_names,
    current_outcome,
    nothing_changed,
    party_of,
    require_not_over,
)
from backend.seats.requests import Answer, Change, Outcome, OutcomeKind, Request, Verb
from backend.seats.state import SeatState
from backend.seats.waitlist import fill


def seat(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    require_not_over(state)
    if party.seats and not party.is_in_line:
        return already(state, party)
    wanted = party.waiting + party.offered or 1 + check_guests(state, request.guests)
    names = check_names(state, request, party.seats + wanted - 1, party)
    if wanted > state.free + party.offered and not request.over:
        raise refusals.NoRoomLeft(zone=state.instance.zone)
    change = Change.BRING if request.verb is Verb.BRING else Change.SEAT
    state.change(party, request, change, seats=party.seats + wanted, waiting=0)
    party.names = names
    if request.over:
        state.allow_overbooking()
    state.notify(party, Kind.TRANSFERRED if request.verb is Verb.BRING else Kind.SEATED)
    return current_outcome(state, party)


def move_to_waitlist(state: SeatState, request: Request) -> Outcome:
    """From a seat to the head of the line, where more are booked than there is room for (`W4`)."""
    party = party_of(state, request)
    require_not_over(state)
    if not party.seats:
        return nothing_changed(state, party, replies.not_in_any_more())
    if not state.over:
        raise refusals.NobodyHasToMove()
    waiting, party.priority = party.size, 1
    state.change(party, request, Change.TO_WAITLIST, seats=0, waiting=waiting)
    state.notify(party, Kind.WAITLISTED)
    fill(state)
    return current_outcome(state, party)


def remove(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request, or_former=True)
    if not party.size:
        return Outcome(OutcomeKind.ALREADY, replies.not_in_any_more())
    if request.notify:
        state.notify(party, Kind.REMOVED)
    state.change(party, request, Change.REMOVE, seats=0, waiting=0, answer=Answer.LEFT)
    fill(state)
    return Outcome(OutcomeKind.LEFT, replies.removed())


def set_capacity(state: SeatState, request: Request) -> Outcome:
    if request.capacity != state.capacity:
        before, replaceable = state.free, state.replaceable
        state.capacity, state.is_dirty = request.capacity, True
        state.over = 0
        state.allow_overbooking()
        if state.free > before:
            state.has_freed, state.freed_at = True, state.next_moment()
        state.has_releasing = state.has_releasing or bool(state.replaceable and not replaceable)
        fill(state)
    return Outcome(OutcomeKind.DONE, replies.capacity_set(state))


def fill_free(state: SeatState, request: Request) -> Outcome:
    fill(state)
    return Outcome(OutcomeKind.DONE, replies.capacity_set(state))
