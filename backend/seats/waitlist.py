"""How seats that come free move to who waits (`W1`–`W3`, `B6`): the one place that does it, pure over a `Desk`.

Far from the start the first in line is seated; nearer, it gets an offer; in the last hours all who wait are told, and the
first tap has the seat. `tidy` does it all for whoever opens a desk, so that the pace of any job is no matter.
"""

from backend.outbox.kinds import Kind
from backend.seats.promotion import Stage
from backend.seats.state import Party, SeatState


def advance(desk: SeatState) -> None:
    """Let go what has expired and give what is free: what the clock has done since the desk was last opened."""
    expire_offers(desk)
    fill(desk)


def expire_offers(desk: SeatState) -> None:
    """Offers whose time is up end; their parties keep their place, but are passed over until another seat comes free.

    Where the date is off or has begun, every offer ends, and nobody is passed over for it (`S5`).
    """
    off = desk.facts.state != "SCHEDULED" or desk.now >= desk.facts.starts_at
    for party in list(desk.parties.values()):
        if party.offer_until is None or not (off or party.offer_until <= desk.now):
            continue
        mark_skipped(desk, party)
        desk.change(party, None, "lapse", seats=party.seats, waiting=party.waiting + party.offered)
        if off:
            party.lapsed_at = None
        else:
            desk.tell(party, Kind.OFFER_EXPIRED)


def mark_skipped(desk: SeatState, party: Party) -> None:
    """The party is passed over until another seat comes free."""
    party.lapsed_at = desk.moment()


def fill(desk: SeatState, asking: Party | None = None) -> None:
    """Give free seats to who waits, in order, as far as they reach (`W1`–`W3`); doing it twice changes nothing.

    In strict order the first party that does not fit holds back those behind it, unless it could not even fit into
    the empty room; with "fill gaps" the earliest party that fits is seated. Who is `asking` gets the answer on the spot
    and no message.
    """
    facts = desk.facts
    if facts.state != "SCHEDULED" or desk.now >= facts.starts_at:
        if desk.freed:
            desk.called_at = None  # should the date be on again, nobody has been told of this seat
        return
    if not desk.free + desk.replaceable:
        return
    stage = desk.stage
    if stage is Stage.FIRST_TAP:
        _notify_of_free(desk, asking)
        return
    for party in desk.queue:
        if not _eligible(desk, party, stage):
            continue
        from_others = desk.replaceable if stage is Stage.AUTOMATIC else 0
        if party.waiting <= desk.free + from_others:
            replace_releasing(desk, party.waiting - desk.free, asking)
            _give(desk, party, asking, at_once=stage is Stage.AUTOMATIC)
        elif not (facts.fill_gaps or never_fits(desk, party)):
            break
    if stage is Stage.OFFER and desk.replaceable and (desk.sought or not _was_notified(desk)):
        _notify_waiting(desk, asking)


def _eligible(desk: SeatState, party: Party, stage: Stage) -> bool:
    return _has_claim(desk, party) and not (stage is Stage.OFFER and desk.lapsed(party))


def _has_claim(desk: SeatState, party: Party) -> bool:
    """Whether the party may have seats now as far as claims go (`P4`)."""
    return party.claims or not desk.claiming


def _give(desk: SeatState, party: Party, asking: Party | None, *, at_once: bool) -> None:
    """Seat the party, or make it an offer; an offer it has already grows, and then all of it has the new time."""
    wanted, held = party.waiting, party.offered
    if at_once or (party is asking and not held):
        desk.change(party, None, "promote", seats=party.seats + wanted, waiting=0, offered=held)
        party.promoted_at = desk.now
        if party is not asking:
            desk.tell(party, Kind.PROMOTED)
        return
    desk.change(party, None, "offer", seats=party.seats, waiting=0, offered=held + wanted)
    party.offer_until = desk.facts.clockwork.offer_ends(desk.now)
    if party is not asking:
        desk.tell(party, Kind.OFFER)


def replace_releasing(desk: SeatState, seats: int, asking: Party | None = None) -> None:
    """Take so many seats from who looks for a replacement, the longest-looking first; they are told (`B6`), but who is
    `asking` and has none left gets that as the answer."""
    givers = [p for p in desk.parties.values() if p.replace_since is not None]
    for giver in sorted(givers, key=lambda p: (p.replace_since, p.membership_id)):
        taken = min(seats, giver.seats)
        if taken <= 0:
            return
        left = giver.seats - taken
        desk.change(giver, None, "replaced", seats=left, waiting=0, answer="in" if left else "left")
        if left or giver is not asking:
            desk.tell(giver, Kind.REPLACED, taken)
        seats -= taken


def _notify_of_free(desk: SeatState, asking: Party | None) -> None:
    """In the last hours: tell all who wait of a seat nobody was told of yet."""
    if desk.freed or desk.sought or not _was_notified(desk):
        _notify_waiting(desk, asking)


def _was_notified(desk: SeatState) -> bool:
    """Whether all who may tap now were called before, at this stage and since the claims ended."""
    called, claims_end = desk.called_at, desk.facts.claim_until
    if called is None or (claims_end is not None and called < claims_end <= desk.now):
        return False
    return desk.stage is not Stage.FIRST_TAP or desk.facts.clockwork.stage(called) is desk.stage


def _notify_waiting(desk: SeatState, asking: Party | None) -> None:
    waiting = [party for party in desk.queue if _has_claim(desk, party)]
    desk.freed = desk.sought = False
    if waiting:
        desk.called_at, desk.changed = desk.moment(), True
    for party in waiting:
        if party is not asking:
            desk.tell(party, Kind.FIRST_TAP, desk.free + desk.replaceable)


def room_for(desk: SeatState, party: Party) -> tuple[int, int]:
    """How many seats a party that asks now may have: of the free ones, and of those whose holders look for a replacement."""
    stage = desk.stage
    if not _has_claim(desk, party):
        return 0, 0
    if stage is Stage.FIRST_TAP:
        return (0, 0) if desk.comes_later(party) else (desk.free, desk.replaceable)
    held_back = must_wait(desk, party, stage)
    free = 0 if held_back else desk.free
    if stage is Stage.AUTOMATIC:
        return free, 0 if held_back else desk.replaceable
    return free, 0 if desk.comes_later(party) else desk.replaceable


def must_wait(desk: SeatState, party: Party, stage: Stage) -> bool:
    """Whether the party has to wait for others to be seated first (`B4`).

    In strict order everybody before it in line goes first, unless they could not even fit into the empty room, or let
    an offer go by; with "fill gaps" whoever fitted has been given seats already. While claims hold, who has none waits.
    """
    if not _has_claim(desk, party):
        return True
    if desk.facts.fill_gaps or not desk.free + desk.replaceable:
        return False
    return any(
        other.waiting
        and other is not party
        and (not party.waiting or other.order < party.order)
        and _eligible(desk, other, stage)
        and not never_fits(desk, other)
        for other in desk.parties.values()
    )


def never_fits(desk: SeatState, party: Party) -> bool:
    """Whether the party is larger than the empty room."""
    return desk.capacity is not None and party.size > desk.capacity
