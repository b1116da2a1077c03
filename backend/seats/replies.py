"""Every outcome of a booking as a whole sentence (`B9`, `W5`)."""

from typing import TYPE_CHECKING

from backend.i18n import N_, Ordinal, Words
from backend.seats.eligibility import goes_first
from backend.seats.refusals import OfferOver, TooBig
from backend.seats.windows import UNDO_MINUTES

if TYPE_CHECKING:
    from backend.seats.state import Party, SeatState


def named() -> Words:
    return Words(N_("Saved. Only you and the organisers see the names of your guests."))


def too_big(state: "SeatState", size: int) -> TooBig:
    return TooBig(
        N_("There is only %(n)s seat in all, so %(asked)s together will never fit."),
        plural=N_("There are only %(n)s seats in all, so %(asked)s together will never fit."),
        n=state.capacity or 0,
        asked=size,
    )


def booked(state: "SeatState", party: "Party") -> Words:
    values, zone = {"when": state.instance.starts_at}, state.instance.zone
    if state.now >= state.instance.starts_at:
        if not party.guests:
            return Words(N_("You’re in. It has begun."))
        return Words(
            N_("You’re in, with %(n)s guest. It has begun."),
            plural=N_("You’re in, with %(n)s guests. It has begun."),
            n=party.guests,
        )
    if has_just_committed(state, party):
        late_values = {**values, "minutes": UNDO_MINUTES}
        if not party.guests:
            return Words(
                N_(
                    "You’re in. See you %(when)s. You can leave freely for %(minutes)s minutes; after that it counts."
                ),
                late_values,
                zone=zone,
            )
        return Words(
            N_(
                "You’re in, with %(n)s guest. See you %(when)s. You can "
                "leave freely for %(minutes)s minutes; after that it counts."
            ),
            late_values,
            N_(
                "You’re in, with %(n)s guests. See you %(when)s. You can "
                "leave freely for %(minutes)s minutes; after that it counts."
            ),
            party.guests,
            zone,
        )
    if not party.guests:
        return Words(N_("You’re in. See you %(when)s."), values, zone=zone)
    return Words(
        N_("You’re in, with %(n)s guest. See you %(when)s."),
        values,
        N_("You’re in, with %(n)s guests. See you %(when)s."),
        party.guests,
        zone,
    )


def has_just_committed(state: "SeatState", party: "Party") -> bool:
    """Whether the party has booked now, after the deadline of leaving; those whom the waitlist seats may leave (`B6`)."""
    is_late = not state.instance.windows.leaving_is_free(state.now)
    return is_late and party.seated_at == state.now and party.promoted_at is None


def already(state: "SeatState", party: "Party", place: int | None) -> Words:
    if party.offered:
        return held(state, party)
    if place is not None:
        return Words(N_("You’re in line already, %(place)s. Nothing has changed."), {"place": Ordinal(place)})
    if not party.guests:
        return Words(N_("You’re in already. Nothing has changed."))
    return Words(
        N_("You’re in already, with %(n)s guest. Nothing has changed."),
        {},
        N_("You’re in already, with %(n)s guests. Nothing has changed."),
        party.guests,
    )


def waiting(state: "SeatState", party: "Party", place: int) -> Words:
    """Why they wait and what comes next (`W5`)."""
    values: dict[str, object] = {"place": Ordinal(place), "asked": party.waiting}
    if party.seats:
        return Words(
            N_("%(n)s seat is yours; you’re %(place)s in line for %(asked)s more."),
            values,
            N_("%(n)s seats are yours; you’re %(place)s in line for %(asked)s more."),
            party.seats,
        )
    if state.is_claim_period and not party.has_claim:
        return Words(
            N_(
                "Reserved until %(until)s for those who said yes to this date. You’re %(place)s in line; "
                "we’ll tell you when a seat is yours."
            ),
            {**values, "until": state.instance.claim_until},
            zone=state.instance.zone,
        )
    if state.is_behind_waitlist(party) and state.free:
        return Words(
            N_(
                "For a few minutes the free seat is for those who waited before you. You’re %(place)s in "
                "line; tap again in a moment."
            ),
            values,
        )
    if state.free and goes_first(state, party):
        return Words(
            N_(
                "%(n)s seat is free, but you asked for %(asked)s. You’re %(place)s in line; come with fewer, or wait together."
            ),
            values,
            N_(
                "%(n)s seats are free, but you asked for %(asked)s. You’re %(place)s in line; come with fewer, or wait together."
            ),
            state.free,
        )
    if state.free:
        return Words(
            N_("Others are ahead of you. You’re %(place)s in line; we’ll tell you when a seat is yours."),
            values,
        )
    if state.offered:
        return Words(
            N_(
                "No seat is free: %(n)s is held for someone ahead of you. You’re %(place)s in line; we’ll "
                "tell you when a seat is yours."
            ),
            values,
            N_(
                "No seat is free: %(n)s are held for others ahead of you. You’re %(place)s in line; we’ll "
                "tell you when a seat is yours."
            ),
            state.offered,
        )
    if state.capacity == 2:
        return Words(
            N_("Both seats are taken. You’re %(place)s in line; we’ll tell you when a seat is yours."), values
        )
    return Words(
        N_("The only seat is taken. You’re %(place)s in line; we’ll tell you when it is yours."),
        values,
        N_("All %(n)s seats are taken. You’re %(place)s in line; we’ll tell you when a seat is yours."),
        state.capacity or 0,
    )


def held(state: "SeatState", party: "Party") -> Words:
    """An offer, and until when (`W3`)."""
    return Words(
        N_("%(n)s seat is held for you until %(until)s. After that it goes to the next in line."),
        {"until": party.offer_until},
        N_("%(n)s seats are held for you until %(until)s. After that they go to the next in line."),
        party.offered,
        state.instance.zone,
    )


def offer_declined(state: "SeatState", place: int) -> Words:
    if state.free:
        return Words(
            N_(
                "No one else is in line, so anyone can take the seat. You’re still %(place)s for the next one."
            ),
            {"place": Ordinal(place)},
        )
    return Words(
        N_("The seat goes to the next in line. You’re still %(place)s for the next one."),
        {"place": Ordinal(place)},
    )


def nothing_offered() -> Words:
    return Words(N_("No seat is held for you, so there is nothing to pass on."))


def offer_over(state: "SeatState", party: "Party") -> OfferOver:
    """Why nothing can be taken: the time was up, others were faster, or others come first (`W3`)."""
    place = Ordinal(state.place_of(party))
    if state.was_skipped(party):
        return OfferOver(
            N_(
                "The time is up, and the seat went to the next in line. You’re still %(place)s for the next one."
            ),
            place=place,
        )
    if state.free:
        no = OfferOver()
        no.words = waiting(state, party, state.place_of(party))
        return no
    return OfferOver(
        N_("Someone was faster: no seat is free now. You’re still %(place)s in line."),
        place=place,
    )


def too_few(state: "SeatState", party: "Party", free: int) -> TooBig:
    return TooBig(
        N_(
            "%(n)s seat is free, but you asked for %(asked)s. Take what is free and keep waiting for the rest, or wait together."
        ),
        plural=N_(
            "%(n)s seats are free, but you asked for %(asked)s. Take what is free and keep waiting for "
            "the rest, or wait together."
        ),
        n=free,
        asked=party.waiting,
    )


def replacing(party: "Party") -> Words:
    return Words(
        N_("Your seat stays yours until someone takes it. If no one does, it counts as a late cancellation."),
        {},
        N_(
            "Your %(n)s seats stay yours until someone takes them. Seats that no one takes count as "
            "late cancellations."
        ),
        party.seats,
    )


def stays(state: "SeatState") -> Words:
    if state.now >= state.instance.starts_at:
        return Words(N_("Good: your seat stays yours. It has begun."))
    return Words(
        N_("Good: your seat stays yours. See you %(when)s."),
        {"when": state.instance.starts_at},
        zone=state.instance.zone,
    )


def replaced_at_once() -> Words:
    return Words(N_("Someone was waiting and has your seat now. Nothing counts against you."))


def left(state: "SeatState", party: "Party", *, went_on: bool, had_seats: bool = True) -> Words:
    if not had_seats:
        return Words(N_("You’ve left the line."))
    if went_on:
        return Words(N_("You’ve left. Your seat went to someone who was waiting."))
    return Words(N_("You’ve left."))


def waits_no_more(party: "Party") -> Words:
    return Words(
        N_("You’re no longer waiting for more seats. Your seat stays yours."),
        {},
        N_("You’re no longer waiting for more seats. Your %(n)s seats stay yours."),
        party.seats,
    )


def nothing_to_leave() -> Words:
    return Words(N_("You’re not in, so there is nothing to leave."))


def not_in_any_more() -> Words:
    """To an organiser."""
    return Words(N_("They are no longer booked or in line. Nothing has changed."))


def removed() -> Words:
    return Words(N_("Removed from the list."))


def answered(answer: str) -> Words:
    if answer == "in":
        return Words(N_("You have answered this one already. Nothing has changed."))
    if answer == "left":
        return Words(N_("You’ve left."))
    if answer == "maybe":
        return Words(N_("Maybe, then. No seat is held for you."))
    return Words(N_("Noted: you can’t come this time."))


def capacity_set(state: "SeatState") -> Words:
    if state.capacity is None:
        return Words(N_("There is room for everyone."))
    if state.over:
        return Words(
            N_("%(booked)s/%(capacity)s, over by %(over)s. Nobody is removed."),
            {"booked": state.booked, "capacity": state.capacity, "over": state.over},
        )
    return Words(
        N_("%(booked)s of %(n)s seat is taken."),
        {"booked": state.booked},
        N_("%(booked)s of %(n)s seats are taken."),
        state.capacity,
    )
