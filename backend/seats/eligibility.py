"""Which party may have what is free (`B4`, `P4`, `W1`–`W3`): `availability` says how much, this module for whom. Pure."""

from backend.seats.availability import Availability, Room, room, up_for_grabs
from backend.seats.promotion import Stage
from backend.seats.state import Party, SeatState


def availability_of(state: SeatState, party: Party) -> Availability:
    """What this party, which may be a newcomer's, can have of a state that has been brought up to date (`advance`)."""
    seats = room_for(state, party).seats
    # Far from the start seats move by themselves: only the head of the line may take what its party does not fit into.
    may_take = party.waiting and (state.stage is not Stage.AUTOMATIC or goes_first(state, party))
    if state.capacity is None:
        # Nobody counts the seats, so what a tap takes is what the party waits for.
        return Availability(None, seats, takeable=min(seats, party.waiting) if may_take else 0)
    return Availability(
        free=state.free,
        room=seats,
        takeable=seats if may_take else 0,
        up_for_grabs=0
        if state.is_claim_period
        else up_for_grabs(state.stage, state.free, state.replaceable, state.waiting),
    )


def room_for(state: SeatState, party: Party) -> Room:
    """The room for a party that asks now."""
    return room(
        state.stage,
        state.free,
        state.replaceable,
        has_claim=has_claim(state, party),
        must_wait=must_wait(state, party),
        is_behind_waitlist=state.is_behind_waitlist(party),
    )


def has_claim(state: SeatState, party: Party) -> bool:
    """Whether the party may have seats now as far as claims go (`P4`)."""
    return party.has_claim or not state.is_claim_period


def is_eligible(state: SeatState, party: Party) -> bool:
    """Whether seats may go to this waiting party now: not while it is skipped for having let an offer go by."""
    return has_claim(state, party) and not (state.stage is Stage.OFFER and state.was_skipped(party))


def must_wait(state: SeatState, party: Party) -> bool:
    """Whether the party has to wait for others to be seated first (`B4`).

    In strict order everybody before it in line goes first, unless they could not even fit into the empty room, or let an
    offer go by; with "fill gaps" every party that fitted has been given seats already. While claims hold, a party without
    one waits.
    """
    if not has_claim(state, party):
        return True
    if state.instance.fill_gaps or not state.free + state.replaceable:
        return False
    return not goes_first(state, party)


def goes_first(state: SeatState, party: Party) -> bool:
    """Whether no party stands before this one on the waitlist that could be given seats some time."""
    return not state.waiting or not any(
        other.waiting
        and other is not party
        and (not party.waiting or other.order < party.order)
        and is_eligible(state, other)
        and not never_fits(state, other)
        for other in state.parties.values()
    )


def never_fits(state: SeatState, party: Party) -> bool:
    """Whether the party is larger than the empty room."""
    return state.capacity is not None and party.size > state.capacity
