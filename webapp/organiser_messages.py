"""What the desk says of somebody else, to the organiser whose hand it was (`B10`)."""

from backend.i18n import N_, Words
from backend.seats.state import Outcome


def told_of(name: str, outcome: Outcome) -> tuple[Words, str]:
    """What became of the party of somebody of this name, and the tone it is told in: `yes`, `wait` or `plain`."""
    values = {"name": name}
    if outcome.kind == "already":
        return Words(N_("%(name)s is on the list already. Nothing has changed."), values), "plain"
    if outcome.kind == "waiting":
        words = Words(
            N_("%(name)s waits in line, for %(n)s seat."),
            values,
            N_("%(name)s waits in line, for %(n)s seats."),
            outcome.waiting,
        )
        return words, "wait"
    if outcome.kind == "booked":
        words = Words(N_("%(name)s has %(n)s seat."), values, N_("%(name)s has %(n)s seats."), outcome.seats)
        return words, "yes"
    return outcome.words, "plain"


def taken_off(name: str, *, went_on: bool) -> Words:
    """They were removed; when it `went_on`, somebody who waited has what they had."""
    if went_on:
        return Words(N_("%(name)s is off the list. The seat went to who was next in line."), {"name": name})
    return Words(N_("%(name)s is off the list."), {"name": name})
