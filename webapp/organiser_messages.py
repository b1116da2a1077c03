"""What an organiser reads about a party they have changed, and the way back from a removal (`B10`); that they have kept
a drifted instance (`S4`)."""

from collections.abc import Mapping
from typing import Protocol

from backend.bookings.attendance import CheckedIn
from backend.bookings.views import InstanceView
from backend.i18n import N_, Voice, Words
from backend.seats.requests import Outcome
from webapp.notices import Method, Tone, Undo

KEPT = N_("Kept. It stays as it is, even if the rule changes.")


def cancelled_message(*, concerns_anybody: bool) -> Words:
    if not concerns_anybody:
        return Words(N_("Cancelled. Nobody was booked, so nobody has to be told."))
    return Words(N_("Cancelled. Everyone booked, in line or “maybe” will be told."))


def restored_message(*, concerns_anybody: bool) -> Words:
    if not concerns_anybody:
        return Words(N_("It takes place after all. Nobody was booked, so nobody has to be told."))
    return Words(N_("It takes place after all. Everyone gets their seat back and will be told."))


class Party(Protocol):
    """A party as it was before it was removed; `wanted` seats were waited for or offered."""

    @property
    def seats(self) -> int: ...
    @property
    def wanted(self) -> int: ...
    @property
    def guests(self) -> int: ...


def outcome_message(name: str, outcome: Outcome) -> tuple[Words, Tone]:
    """What happened to the party of the member with this name, and the tone of the notice."""
    values = {"name": name}
    if outcome.kind == "already":
        return Words(N_("%(name)s is on the list already. Nothing has changed."), values), "plain"
    if outcome.kind == "waiting":
        words = Words(
            N_("%(name)s is in line for %(n)s seat."),
            values,
            N_("%(name)s is in line for %(n)s seats."),
            outcome.waiting,
        )
        return words, "wait"
    if outcome.kind == "booked":
        words = Words(N_("%(name)s has %(n)s seat."), values, N_("%(name)s has %(n)s seats."), outcome.seats)
        return words, "yes"
    return outcome.words, "plain"


def check_in_message(checked_in: CheckedIn) -> Words:
    """`Alice is here.`, of a party how many; and whether it was checked in before."""
    values = {"name": checked_in.name, "came": checked_in.came, "all": checked_in.seats}
    if checked_in.already and checked_in.seats == 1:
        return Words(N_("%(name)s was checked in already."), values)
    if checked_in.already:
        return Words(N_("%(name)s was checked in already: %(came)s of %(all)s."), values)
    if checked_in.seats == 1:
        return Words(N_("%(name)s is here."), values)
    return Words(N_("%(name)s is here: %(came)s of %(all)s."), values)


def removal_message(name: str, *, seat_taken: bool) -> Words:
    """The party was removed; with `seat_taken` a waitlisted party has its seats by now."""
    if seat_taken:
        return Words(N_("%(name)s is off the list. The seat went to the next in line."), {"name": name})
    return Words(N_("%(name)s is off the list."), {"name": name})


def undo_removal(
    voice: Voice,
    party: Party,
    view: InstanceView,
    url: str,
    *,
    fields: Mapping[str, str] | None = None,
    method: Method = "post",
) -> Undo | None:
    """The way back for a removed party: its seats, or the end of the waitlist. None when its seats are gone.

    `view` is the instance after the removal. The fields are those given, `guests` and `how`.
    """
    sent = {**(fields or {}), "guests": str(party.guests)}
    if party.wanted and not party.seats:
        return Undo(
            url, voice.gettext(N_("Put back at the end of the line")), {**sent, "how": "line"}, method
        )
    if view.free is None or view.free >= party.seats:
        return Undo(url, voice.gettext(N_("Undo")), {**sent, "how": "seat"}, method)
    return None
