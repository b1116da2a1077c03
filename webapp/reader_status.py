"""The reader's status on an instance: rows, badges, the status block and the buttons all follow it."""

from enum import StrEnum

from backend.bookings.views import InstanceView


class ReaderStatus(StrEnum):
    """The one status of the reader, at the instant the view was made."""

    CANCELLED = "cancelled"
    ENDED = "ended"
    OFFER = "offer"  # seats are held for them
    OFFER_EXPIRED = "time-up"  # they were, until the offer expired
    REPLACING = "replacing"  # booked, and looking for a replacement
    MOVED = "moved"  # booked, and asked whether they still come
    CALLED = "call"  # waiting, and a tap gets all they wait for
    PART = "part"  # booked, and waiting for more seats
    WAITING = "waiting"
    BOOKED = "in"
    NOT_OPEN = "not-open"
    CLOSED = "closed"
    MAYBE = "maybe"
    DECLINED = "declined"
    CLAIMS_FIRST = "claims"  # only those with a claim can book now
    OPEN = "open"


def reader_status(view: InstanceView) -> ReaderStatus:
    """The template filter; an offer or a window that has ended by now no longer counts, whether the jobs have
    run or not."""
    phase = view.phase
    if phase in ("cancelled", "ended"):
        return ReaderStatus(phase)
    booked = _booking_status(view)
    if booked is not None:
        return booked
    return _answer_status(view) if phase == "open" else ReaderStatus(phase)


def _booking_status(view: InstanceView) -> ReaderStatus | None:
    mine = view.mine
    if mine is None:
        return None
    if mine.offered:
        return ReaderStatus.OFFER if mine.held else ReaderStatus.OFFER_EXPIRED
    if mine.waiting:
        if view.takeable >= mine.waiting:
            return ReaderStatus.CALLED
        return ReaderStatus.PART if mine.seats else ReaderStatus.WAITING
    if not mine.seats:
        return None
    if mine.is_releasing:
        return ReaderStatus.REPLACING
    return ReaderStatus.MOVED if is_asked_to_stay(view) else ReaderStatus.BOOKED


def _answer_status(view: InstanceView) -> ReaderStatus:
    if view.mine and view.mine.answer in ("maybe", "declined"):
        return ReaderStatus(view.mine.answer)
    return ReaderStatus.CLAIMS_FIRST if view.is_claim_period and not view.has_claim else ReaderStatus.OPEN


def is_asked_to_stay(view: InstanceView) -> bool:
    """Whether the instance has moved and the reader can still say that they do not come (`S6`)."""
    return bool(view.mine and view.mine.needs_move_answer and view.now < view.starts_at)


def can_seek_replacement(view: InstanceView) -> bool:
    """The template filter: whether it is too late to leave, but not to look for a replacement (`B6`)."""
    return not view.can_leave_freely and view.now < view.starts_at
