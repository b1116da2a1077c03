"""A party's guests: how many, and their names (`B1`, `B7`)."""

from dataclasses import replace

from backend.seats import refusals, replies
from backend.seats.decisions.booking import book
from backend.seats.decisions.checks import (
    already,
    check_guests,
    check_names,
    current_outcome,
    party_of,
    require_fits_at_all,
    require_free_to_leave,
    require_not_over,
    require_open,
)
from backend.seats.eligibility import room_for
from backend.seats.requests import Change, Outcome, OutcomeKind, Request
from backend.seats.state import SeatState, fit_names
from backend.seats.waitlist import fill


def add_guest(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    if not party.size:
        return book(state, replace(request, guests=1))
    return set_guests(state, replace(request, guests=party.guests + 1))


def set_guests(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    if not party.size:
        raise refusals.NotIn()
    by_organiser = request.membership_id is not None
    size = 1 + check_guests(state, request.guests, was=party.guests)
    more = size - party.size
    names = check_names(state, request, size - 1, party)
    if not more:
        return name_guests(state, request)
    if more > 0 and by_organiser:
        require_not_over(state)
    elif more > 0:
        require_open(state)
    if more > 0 and party.is_in_line:
        # Still in line: a bigger party keeps its place, and what it is offered, and waits for more.
        require_fits_at_all(state, size)
        waiting = party.waiting + more
        state.change(party, request, Change.GUESTS, seats=party.seats, waiting=waiting, offered=party.offered)
        fill(state, asking=party)
    elif more > 0:
        if more > (state.free if by_organiser else room_for(state, party).free):
            raise refusals.NoRoomForGuest(zone=state.instance.zone)
        state.change(party, request, Change.GUESTS, seats=party.seats + more, waiting=0)
    else:
        waiting = max(0, party.waiting + more)
        offered = max(0, min(party.offered, size - party.seats - waiting))
        seats = size - waiting - offered
        if seats < party.seats and not by_organiser:
            require_free_to_leave(state, party)
        state.change(party, request, Change.GUESTS, seats=seats, waiting=waiting, offered=offered)
        fill(state, asking=party)
    party.names = fit_names(names, party.guests)
    return current_outcome(state, party)


def name_guests(state: SeatState, request: Request) -> Outcome:
    """Name the guests, until it is over (`B1`). The log has who did, and no names: it is never rewritten."""
    party = party_of(state, request)
    if not party.size:
        raise refusals.NotIn()
    names = check_names(state, request, party.guests, party)
    if names == party.names:
        return already(state, party)
    require_not_over(state)
    state.change(
        party,
        request,
        Change.NAMES,
        seats=party.seats,
        waiting=party.waiting,
        offered=party.offered,
    )
    party.names = names
    return Outcome(OutcomeKind.NAMED, replies.named(), party.seats, party.waiting, None, party.offered)
