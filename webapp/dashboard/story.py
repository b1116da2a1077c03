"""The changes of a party's seats in words (`B8`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.i18n import N_, Voice
from backend.reports.story import StoryEntry
from backend.seats.requests import Change, Via

WHAT: dict[str, str] = {
    Change.BOOK: N_("Booked"),
    Change.WAIT: N_("Joined the line"),
    Change.GUESTS: N_("Changed the number of guests"),
    Change.NAMES: N_("Named the guests"),
    Change.LEAVE: N_("Left"),
    Change.STOP_WAITING: N_("Stopped waiting for more seats"),
    Change.MAYBE: N_("Said maybe"),
    Change.DECLINED: N_("Said they can’t come"),
    Change.TAKE: N_("Took the seat that was offered"),
    Change.DECLINE_OFFER: N_("Passed the offer on"),
    Change.REPLACE: N_("Looked for somebody to take the seat"),
    Change.REPLACED: N_("Somebody took the seat over"),
    Change.KEEP: N_("Kept the seat after all"),
    Change.STAY: N_("Still comes after the move"),
    Change.REGULAR: N_("Got the standing seat"),
    Change.SEAT: N_("Got a seat from an organiser"),
    Change.BRING: N_("Moved here from another date"),
    Change.REMOVE: N_("Taken off the list"),
    Change.TO_WAITLIST: N_("Put back in line"),
    Change.PROMOTE: N_("Moved up from the line"),
    Change.OFFER: N_("Was offered a seat"),
    Change.EXPIRE: N_("The offer expired"),
}
THROUGH: dict[str, str] = {
    Via.MINIAPP: N_("Mini App"),
    Via.CARD: N_("card"),
    Via.COMMAND: N_("command"),
    Via.DASHBOARD: N_("dashboard"),
    Via.PROMOTION: N_("the line"),
    Via.SYSTEM: N_("by itself"),
}


@dataclass(frozen=True, slots=True)
class StoryLine:
    """What happened, through what and by whom, when, and what the party has since."""

    at: str
    what: str
    through: str
    by: str
    since: str


def story_lines(entries: Sequence[StoryEntry], voice: Voice, zone: str) -> list[StoryLine]:
    """The entries in the reader's language; a kind that another version wrote stands as it is."""
    return [
        StoryLine(
            voice.moment(entry.at, zone),
            voice.gettext(WHAT.get(entry.verb, entry.verb)),
            voice.gettext(THROUGH.get(entry.via, entry.via)),
            entry.by,
            _since(entry, voice),
        )
        for entry in entries
    ]


def _since(entry: StoryEntry, voice: Voice) -> str:
    parts = []
    if entry.seats:
        parts.append(voice.ngettext(N_("%(n)s seat"), N_("%(n)s seats"), entry.seats))
    if entry.offered:
        parts.append(voice.ngettext(N_("%(n)s offered"), N_("%(n)s offered"), entry.offered))
    if entry.waiting:
        parts.append(voice.ngettext(N_("in line for %(n)s"), N_("in line for %(n)s"), entry.waiting))
    return ", ".join(parts) or voice.gettext(N_("no seat"))
