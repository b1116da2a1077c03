"""Every refusal of a booking, as a whole sentence (`B9`)."""

from backend.errors import Invalid, Refusal
from backend.i18n import N_


class NotOpen(Refusal):
    outcome = "not-open"
    message = N_("Booking opens %(opens)s.")


class Closed(Refusal):
    outcome = "closed"
    message = N_("Booking closed %(closed)s. An organiser can still add you by hand.")


class Ended(Refusal):
    outcome = "closed"
    message = N_("This date is over.")


class Cancelled(Refusal):
    outcome = "cancelled"
    message = N_("This date is cancelled. Nothing counts against you.")


class Begun(Refusal):
    outcome = "closed"
    message = N_("This date has begun.")


class TooLate(Refusal):
    outcome = "too-late"
    message = N_(
        "It’s too late to leave freely. Your seat stays yours until someone takes it; if you look for a "
        "replacement and nobody does, it counts as a late cancellation."
    )


class NobodyHasToMove(Refusal):
    outcome = "refused"
    message = N_("Everyone who is booked has room. Nobody has to move.")


class NoRoomForGuest(Refusal):
    outcome = "full"
    message = N_("No seat is left for a guest. Your own seat is safe.")


class NoRoomLeft(Refusal):
    outcome = "full"
    message = N_(
        "There are not enough seats for this party. It can wait in line, or an owner can add it "
        "over the limit."
    )


class GoneMeanwhile(Refusal):
    outcome = "full"


def gone_meanwhile(size: int) -> GoneMeanwhile:
    return GoneMeanwhile(
        N_("Your seat went to somebody else in the meantime. You can join the line."),
        plural=N_("Your %(n)s seats went to others in the meantime. You can join the line."),
        n=size,
    )


class NothingToTake(Refusal):
    outcome = "full"
    message = N_("No seat can be taken right now. You keep your place in line.")


class NotIn(Refusal):
    outcome = "not-in"
    message = N_("You are not in yet. Join first, then bring guests.")


class NothingToKeep(NotIn):
    message = N_("You’re no longer in, so there is no seat to keep. Join again if you’d like to come.")


def cancelled(reason: str) -> Cancelled:
    if reason:
        return Cancelled(N_("Cancelled: “%(reason)s” Nothing counts against you."), reason=reason)
    return Cancelled()


def too_many_guests(most: int) -> Invalid:
    if not most:
        return Invalid(N_("Guests can’t be brought to this one."), field="guests")
    return Invalid(
        N_("You can bring %(n)s guest at most."),
        plural=N_("You can bring %(n)s guests at most."),
        n=most,
        field="guests",
    )


def name_too_long(most: int) -> Invalid:
    return Invalid(N_("At most %(most)s characters, please."), field="name", most=most)


class TooBig(Refusal):
    outcome = "full"


class OfferOver(Refusal):
    outcome = "offer-over"
