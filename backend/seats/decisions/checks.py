"""What a request has to pass, and the answers that several decisions share (`B1`, `B5`, `B6`, `S8`)."""

from backend.errors import NotFound
from backend.i18n import Words
from backend.seats import refusals, replies, windows
from backend.seats.requests import GUEST_NAME_MAX, Outcome, OutcomeKind, Request
from backend.seats.state import InstanceState, Party, SeatState, fit_names
from backend.seats.windows import BookingPhase


class NotAMemberHere(NotFound):
    """The person is not a member of the instance's club; a door may let them in and ask again (`A4`)."""


def party_of(state: SeatState, request: Request, *, or_former: bool = False) -> Party:
    """The party the request is for. Raises `NotAMemberHere` for a person who is not a member of the club, or no longer one
    unless `or_former`."""
    party = state.find_party(request)
    if party is None or not (party.is_member or or_former):
        raise NotAMemberHere()
    return party


def check_guests(state: SeatState, guests: int, *, was: int = 0) -> int:
    if guests < 0 or guests > max(state.instance.guests_max, was):
        raise refusals.too_many_guests(state.instance.guests_max)
    return guests


def check_names(state: SeatState, request: Request, guests: int, party: Party) -> tuple[str, ...]:
    """The names of this many guests: the request's, else those the party has. When fewer guests come than before, the request
    may still name all of those."""
    if request.names is None:
        return fit_names(party.names, guests)
    names = request.names
    guests_max = state.instance.guests_max
    if len(names) > max(guests_max, party.guests, guests):
        raise refusals.too_many_guests(guests_max)
    if any(len(name) > GUEST_NAME_MAX for name in names):
        raise refusals.name_too_long(GUEST_NAME_MAX)
    return fit_names(names, guests)


def require_fits_at_all(state: SeatState, size: int) -> None:
    if state.capacity is not None and size > state.capacity:
        raise replies.too_big(state, size)


def require_not_over(state: SeatState) -> None:
    instance = state.instance
    if instance.state == InstanceState.CANCELLED:
        raise refusals.cancelled(instance.cancel_reason)
    if instance.state == InstanceState.COMPLETED or state.now >= instance.ends_at:
        raise refusals.Ended()


def require_open(state: SeatState) -> None:
    """Raises the refusal that says when booking opens, or that it closed (`B5`, `S8`)."""
    instance = state.instance
    require_not_over(state)
    phase = instance.windows.phase(state.now)
    if phase is BookingPhase.NOT_OPEN and instance.windows.opens_at is not None:
        raise refusals.NotOpen(opens=instance.windows.opens_at, zone=instance.zone)
    if phase is BookingPhase.CLOSED:
        raise refusals.Closed(closed=instance.windows.closes_at, zone=instance.zone)


def require_free_to_leave(state: SeatState, party: Party) -> None:
    """Raises when seats can no longer be given back freely (`B6`); the line can always be left."""
    if not party.seats:
        return
    require_not_over(state)
    if not is_leaving_free(state, party):
        raise refusals.TooLate(zone=state.instance.zone)


def is_leaving_free(state: SeatState, party: Party) -> bool:
    return windows.is_leaving_free(
        state.instance.windows,
        state.instance.starts_at,
        state.now,
        seated_at=party.seated_at,
        needs_move_answer=party.needs_move_answer,
        is_overfull=state.is_overfull,
    )


def already(state: SeatState, party: Party) -> Outcome:
    """Nothing has changed (`B2`). Raises when it is over or cancelled: then that is what there is to know."""
    require_not_over(state)
    place = state.place_of(party) if party.waiting else None
    return Outcome(
        OutcomeKind.ALREADY,
        replies.already(state, party, place),
        party.seats,
        party.waiting,
        place,
        party.offered,
        party.offer_until,
    )


def nothing_changed(state: SeatState, party: Party, words: Words) -> Outcome:
    """`already` for a party that is in or in line; to one that is not, these words."""
    if party.size:
        return already(state, party)
    require_not_over(state)
    return Outcome(OutcomeKind.ALREADY, words)


def current_outcome(state: SeatState, party: Party) -> Outcome:
    """Where the party stands now, in words."""
    if party.offered:
        return Outcome(
            OutcomeKind.OFFERED,
            replies.held(state, party),
            party.seats,
            party.waiting,
            None,
            party.offered,
            party.offer_until,
        )
    if party.waiting:
        place = state.place_of(party)
        return Outcome(
            OutcomeKind.WAITING, replies.waiting(state, party, place), party.seats, party.waiting, place
        )
    return Outcome(OutcomeKind.BOOKED, replies.booked(state, party), party.seats)
