"""How seats that come free move to the waitlist (`W1`–`W3`, `B6`): the one place that does it, pure over a `SeatState`.

Far from the start the first in line is seated; nearer, it gets an offer; in the last hours all who wait are notified, and
the first to tap gets the seat. `advance` does it all whenever a state is loaded, so that the pace of any job is no matter.
"""

from backend.outbox.kinds import Kind
from backend.seats.eligibility import has_claim, is_eligible, never_fits
from backend.seats.promotion import Stage
from backend.seats.requests import Answer, Change
from backend.seats.state import Party, SeatState


def advance(state: SeatState) -> None:
    """Expire offers and give what is free: what the clock has brought about since the state was last written."""
    expire_offers(state)
    fill(state)


def expire_offers(state: SeatState) -> None:
    """End the offers whose time is up; their parties keep their place, but are skipped until another seat comes free.

    Where the instance is off or has begun, every offer ends, and nobody is skipped for it (`S5`).
    """
    is_off = state.instance.is_off(state.now)
    for party in list(state.parties.values()):
        if party.offer_until is None or not (is_off or party.offer_until <= state.now):
            continue
        mark_skipped(state, party)
        state.change(party, None, Change.EXPIRE, seats=party.seats, waiting=party.waiting + party.offered)
        if is_off:
            party.skipped_at = None
        else:
            state.notify(party, Kind.OFFER_EXPIRED)


def mark_skipped(state: SeatState, party: Party) -> None:
    """The party is skipped until another seat comes free."""
    party.skipped_at = state.next_moment()


def fill(state: SeatState, asking: Party | None = None) -> None:
    """Give free seats to the waitlist, in order, as far as they reach (`W1`–`W3`); doing it twice changes nothing.

    In strict order the first party that does not fit holds back those behind it, unless it could not even fit into the
    empty room; with "fill gaps" the earliest party that fits is seated. The party that is `asking` gets the answer on the
    spot and no message.
    """
    if state.instance.is_off(state.now):
        if state.has_freed:
            state.notified_at = None  # should the instance be on again, nobody has been notified of this seat
        return
    if state.free + state.replaceable:
        _give_free(state, asking)
    _notify_of_part(state, asking)


def _give_free(state: SeatState, asking: Party | None) -> None:
    stage = state.stage
    if stage is Stage.FIRST_TAP:
        _notify_of_free(state, asking)
        return
    for party in state.waitlist:
        if not is_eligible(state, party):
            continue
        from_others = state.replaceable if stage is Stage.AUTOMATIC else 0
        if party.waiting <= state.free + from_others:
            replace_releasing(state, party.waiting - state.free, asking)
            _give(state, party, asking, at_once=stage is Stage.AUTOMATIC)
        elif not (state.instance.fill_gaps or never_fits(state, party)):
            break
    if stage is Stage.OFFER and state.replaceable and (state.has_releasing or not _was_notified(state)):
        _notify_waitlist(state, asking)


def _give(state: SeatState, party: Party, asking: Party | None, *, at_once: bool) -> None:
    """Seat the party, or make it an offer; an offer it has already grows, and then all of it has the new time."""
    wanted, held = party.waiting, party.offered
    if at_once or (party is asking and not held):
        state.change(party, None, Change.PROMOTE, seats=party.seats + wanted, waiting=0, offered=held)
        party.promoted_at = state.now
        if party is not asking:
            state.notify(party, Kind.PROMOTED)
        return
    state.change(party, None, Change.OFFER, seats=party.seats, waiting=0, offered=held + wanted)
    party.offer_until = state.instance.promotion.offer_ends(state.now)
    if party is not asking:
        state.notify(party, Kind.OFFER)


def replace_releasing(state: SeatState, seats: int, asking: Party | None = None) -> None:
    """Take this many seats from parties that look for a replacement, the longest-looking first; they are notified (`B6`),
    but a party that is `asking` and has none left gets that as the answer."""
    if seats <= 0:
        return
    givers = [p for p in state.parties.values() if p.releasing_since is not None]
    for giver in sorted(givers, key=lambda p: (p.releasing_since, p.membership_id)):
        taken = min(seats, giver.seats)
        if taken <= 0:
            return
        left = giver.seats - taken
        answer = Answer.IN if left else Answer.LEFT
        state.change(giver, None, Change.REPLACED, seats=left, waiting=0, answer=answer)
        if left or giver is not asking:
            state.notify(giver, Kind.REPLACED, taken)
        seats -= taken


def _notify_of_part(state: SeatState, asking: Party | None) -> None:
    """Notify the party that goes first of seats that are fewer than it waits for: it may take them and keep waiting for the
    rest (`W1`). It is notified again when there are more of them; in the last hours all who wait are notified anyhow."""
    first, seats = _first_for_part(state)
    notified_to = first.membership_id if first else None
    if (notified_to, seats) == (state.part_notified_to, state.part_seats):
        return
    are_more = notified_to != state.part_notified_to or seats > state.part_seats
    state.part_notified_to, state.part_seats, state.is_dirty = notified_to, seats, True
    if first and first is not asking and are_more:
        state.notify(first, Kind.PART_FREE, seats)


def _first_for_part(state: SeatState) -> tuple[Party | None, int]:
    if state.stage is Stage.FIRST_TAP:
        return None, 0
    seats = state.free + (state.replaceable if state.stage is Stage.AUTOMATIC else 0)
    able = (party for party in state.waitlist if is_eligible(state, party) and not never_fits(state, party))
    first = next(able, None) if seats else None
    return first, seats if first else 0


def _notify_of_free(state: SeatState, asking: Party | None) -> None:
    """In the last hours: notify the waitlist of a seat nobody was notified of yet."""
    if state.has_freed or state.has_releasing or not _was_notified(state):
        _notify_waitlist(state, asking)


def _was_notified(state: SeatState) -> bool:
    """Whether all who may tap now were notified before, at this stage and since the claims ended."""
    notified_at, claims_end = state.notified_at, state.instance.claim_until
    if notified_at is None or (claims_end is not None and notified_at < claims_end <= state.now):
        return False
    return state.stage is not Stage.FIRST_TAP or state.instance.promotion.stage(notified_at) is state.stage


def _notify_waitlist(state: SeatState, asking: Party | None) -> None:
    waiting = [party for party in state.waitlist if has_claim(state, party)]
    state.has_freed = state.has_releasing = False
    if waiting:
        state.notified_at, state.is_dirty = state.next_moment(), True
    for party in waiting:
        if party is not asking:
            state.notify(party, Kind.FIRST_TAP, state.free + state.replaceable)
