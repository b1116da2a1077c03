"""Booking, waiting in line, and taking what is free or offered (`B2`–`B5`, `B11`, `W1`, `W3`)."""

from dataclasses import replace

from backend.seats import refusals, replies
from backend.seats.decisions.checks import (
    already,
    check_guests,
    check_names,
    current_outcome,
    nothing_changed,
    party_of,
    require_fits_at_all,
    require_not_over,
    require_open,
)
from backend.seats.eligibility import goes_first, room_for
from backend.seats.promotion import Stage
from backend.seats.requests import Change, Outcome, OutcomeKind, Request
from backend.seats.state import Party, SeatState
from backend.seats.waitlist import fill, mark_skipped, replace_releasing


def book(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    if party.is_in_line and _could_take(state, party):
        return take(state, request)
    if party.size:
        return already(state, party)
    require_open(state)
    return _enter(state, request, party, 1 + check_guests(state, request.guests))


def rejoin(state: SeatState, request: Request) -> Outcome:
    """Take back having left, where that is still true: there are seats for the same party, or it does not come again."""
    party = party_of(state, request)
    if party.size:
        return already(state, party)
    require_open(state)
    size = 1 + check_guests(state, request.guests)
    if size > room_for(state, party).seats:
        raise refusals.gone_meanwhile(size)
    return _enter(state, request, party, size)


def _enter(state: SeatState, request: Request, party: Party, size: int) -> Outcome:
    """Seat a new party, or put it at the end of the line (`B4`)."""
    require_fits_at_all(state, size)
    names = check_names(state, request, size - 1, party)
    free, replaceable = room_for(state, party)
    if size <= free + replaceable:
        replace_releasing(state, size - free)
        state.change(party, request, Change.BOOK, seats=size, waiting=0)
    else:
        join_waitlist(state, request, party, Change.WAIT, size)
    party.names = names
    return current_outcome(state, party)


def join_waitlist(state: SeatState, request: Request, party: Party, change: Change, size: int) -> None:
    """Put a new party at the end of the line, or of the parties with a claim (`P4`)."""
    party.priority = int(state.is_claim_period and party.has_claim)
    state.change(party, request, change, seats=0, waiting=size)
    fill(state, asking=party)


def take_free(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    if party.offered:
        return take(state, request)
    if not party.waiting:
        return already(state, party) if party.size else book(state, request)
    require_not_over(state)
    free, replaceable = room_for(state, party)
    seats = min(party.waiting, free + replaceable)
    # Nearer the start a party that was skipped stands before others without being first.
    if not seats or (state.stage is Stage.AUTOMATIC and not goes_first(state, party)):
        if party.seats:  # a second tap on what gave them these (B2)
            return replace(current_outcome(state, party), kind=OutcomeKind.ALREADY)
        raise refusals.NothingToTake(zone=state.instance.zone)
    replace_releasing(state, seats - free)
    _take_seats(state, request, party, seats)
    fill(state, asking=party)
    return current_outcome(state, party)


def take(state: SeatState, request: Request) -> Outcome:
    """Take what is offered; or, when the first tap has it, the whole party's seats (`W3`)."""
    party = party_of(state, request)
    if not party.is_in_line:
        return already(state, party) if party.size else book(state, request)
    require_not_over(state)
    if party.offered:
        state.change(
            party,
            request,
            Change.TAKE,
            seats=party.seats + party.offered,
            waiting=party.waiting,
        )
        party.promoted_at = state.now
        return current_outcome(state, party)
    free, replaceable = room_for(state, party)
    if state.stage is Stage.AUTOMATIC or not free + replaceable:
        raise replies.offer_over(state, party)
    if party.waiting > free + replaceable:
        raise replies.too_few(state, party, free + replaceable)
    replace_releasing(state, party.waiting - free)
    _take_seats(state, request, party, party.waiting)
    fill(state, asking=party)
    return current_outcome(state, party)


def _could_take(state: SeatState, party: Party) -> bool:
    """Whether joining again means taking: an offer, or a seat that the first tap has."""
    if party.offered:
        return True
    return state.stage is not Stage.AUTOMATIC and room_for(state, party).seats >= party.waiting


def _take_seats(state: SeatState, request: Request, party: Party, seats: int) -> None:
    state.change(party, request, Change.TAKE, seats=party.seats + seats, waiting=party.waiting - seats)
    party.promoted_at = state.now


def decline_offer(state: SeatState, request: Request) -> Outcome:
    party = party_of(state, request)
    if not party.offered:
        return nothing_changed(state, party, replies.nothing_offered())
    mark_skipped(state, party)
    state.change(
        party, request, Change.DECLINE_OFFER, seats=party.seats, waiting=party.waiting + party.offered
    )
    fill(state)
    # An instance moved far away seats its waitlist, this party too.
    return offer_declined(state, party) if party.waiting else current_outcome(state, party)


def offer_declined(state: SeatState, party: Party) -> Outcome:
    place = state.place_of(party)
    return Outcome(
        OutcomeKind.OFFER_DECLINED, replies.offer_declined(state, place), party.seats, party.waiting, place
    )


def seat_regular(state: SeatState, request: Request) -> Outcome:
    """A standing seat: taken when the instance is made, or in line like everybody's (`B11`). Any answer given stands."""
    party = party_of(state, request)
    if party.booking_id is not None or party.answer:
        return Outcome(OutcomeKind.ALREADY, replies.answered(party.answer))
    require_not_over(state)
    if room_for(state, party).free:
        state.change(party, request, Change.REGULAR, seats=1, waiting=0)
    else:
        join_waitlist(state, request, party, Change.REGULAR, 1)
    return current_outcome(state, party)
