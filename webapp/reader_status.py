"""Where the reader stands with a date, in one word that rows, badges, the status and the buttons all go by."""

from backend.bookings.views import InstanceView


def reader_status(view: InstanceView) -> str:
    """The filter that says how things are for the reader now; what the clock has ended counts no more, swept or not.

    `cancelled`, `ended` · `offer` (seats held for them), `time-up` (held no longer) · `replacing`, `moved` (and they were
    asked), `call` (they wait, and a tap has their seats), `part` (some seats, waiting for more), `waiting`, `in` ·
    `not-open`, `closed` · `maybe`, `declined` · `claims` (others come first), `open`.
    """
    phase = view.phase
    if phase in ("cancelled", "ended"):
        return phase
    return _of_booking(view) or (phase if phase != "open" else _of_answer(view))


def _of_booking(view: InstanceView) -> str:
    mine = view.mine
    if mine is None:
        return ""
    if mine.offered:
        return "offer" if mine.held else "time-up"
    if mine.waiting:
        if view.takeable >= mine.waiting:
            return "call"
        return "part" if mine.seats else "waiting"
    if not mine.seats:
        return ""
    if mine.is_releasing:
        return "replacing"
    return "moved" if is_asked_to_stay(view) else "in"


def _of_answer(view: InstanceView) -> str:
    if view.mine and view.mine.answer in ("maybe", "declined"):
        return view.mine.answer
    return "claims" if view.is_claim_period and not view.has_claim else "open"


def is_asked_to_stay(view: InstanceView) -> bool:
    """The date has moved, and they may still say that they do not come (`S6`)."""
    return bool(view.mine and view.mine.needs_move_answer and view.now < view.starts_at)


def can_leave_freely(view: InstanceView) -> bool:
    """The filter that says whether the reader's seats can be given back freely now (`B6`, `S6`)."""
    return view.can_leave_freely or is_asked_to_stay(view)


def can_seek_replacement(view: InstanceView) -> bool:
    """The filter that says whether it is too late to leave, but not to look for a replacement (`B6`)."""
    return not can_leave_freely(view) and view.now < view.starts_at
