"""What can be asked of an instance's seats, and what the answer is (`B1`–`B13`)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from backend.causes import new_request_id
from backend.i18n import Words

GUEST_NAME_MAX = 80  # characters


class Via(StrEnum):
    """Through what a seat changed (`B8`)."""

    MINIAPP = "miniapp"
    CARD = "card"
    COMMAND = "command"
    DASHBOARD = "dashboard"
    PROMOTION = "promotion"
    SYSTEM = "system"


class Verb(StrEnum):
    """What a request asks the allocator for. The values are stored: in the audit log, and some in the participation log."""

    BOOK = "book"  # a party of 1 + guests; already in or waiting: nothing changes (B2)
    RETURN = "return"  # after leaving: the same party again, seated or not at all
    ADD_GUEST = "add guest"  # one more; someone who is not in yet comes with one guest
    SET_GUESTS = "set guests"
    NAMES = "names"  # of the guests, however many there are by now
    LEAVE = "leave"
    STOP_WAITING = "stop waiting"  # for more; the seats they have stay theirs (B6)
    MAYBE = "maybe"
    DECLINE = "decline"
    TAKE_FREE = "take free"  # a waitlisted party takes what is free and keeps the rest waiting (W1)
    TAKE = "take"  # an offer, or in the last hours a seat for the first tap (W3)
    DECLINE_OFFER = "hand on"  # the offer goes to the next in line; one's own place stays
    REPLACE = "replace"  # too late to leave freely: theirs until the waitlist takes it (B6)
    KEEP = "keep"  # no longer looking for a replacement
    STAY = "stay"  # the instance has moved, and they still come (S6)
    REGULAR = "regular"  # a standing seat (B11)
    SEAT = "seat"  # by an organiser: windows and the waitlist do not bind it, capacity does
    BRING = "bring"  # the same, from another instance (B10)
    REMOVE = "remove"  # by an organiser
    TO_WAITLIST = "to line"  # by an organiser: from a seat to the head of the waitlist (W4)
    CAPACITY = "capacity"  # W4
    FILL = "fill"  # W2, as a net


# Requests that can free a seat, or give one to somebody other than the one who asks.
FREEING = frozenset(Verb) - {Verb.BOOK, Verb.RETURN, Verb.ADD_GUEST, Verb.NAMES}


class Change(StrEnum):
    """What a row of the participation log says has happened (`B8`). The values are stored."""

    BOOK = "book"
    WAIT = "wait"
    GUESTS = "guests"
    NAMES = "names"
    LEAVE = "leave"
    STOP_WAITING = "stop waiting"
    MAYBE = "maybe"
    DECLINED = "declined"
    TAKE = "take"
    DECLINE_OFFER = "hand on"
    REPLACE = "replace"
    REPLACED = "replaced"
    KEEP = "keep"
    STAY = "stay"
    REGULAR = "regular"
    SEAT = "seat"
    BRING = "bring"
    REMOVE = "remove"
    TO_WAITLIST = "to line"
    PROMOTE = "promote"
    OFFER = "offer"
    EXPIRE = "lapse"


class Answer(StrEnum):
    """What a member has answered to an instance (`B13`); NONE is nobody's answer yet. The values are stored."""

    NONE = ""
    IN = "in"
    MAYBE = "maybe"
    DECLINED = "declined"
    LEFT = "left"


class OutcomeKind(StrEnum):
    """How a request ended when it was not refused. Screens and tests know an outcome by it (`data-outcome`)."""

    BOOKED = "booked"
    WAITING = "waiting"
    OFFERED = "offered"
    ALREADY = "already"  # nothing has changed (B2)
    NAMED = "named"
    LEFT = "left"
    MAYBE = "maybe"
    DECLINED = "declined"
    OFFER_DECLINED = "offer-declined"
    REPLACING = "replacing"
    GIVEN_BACK = "given-back"  # a standing seat (B11)
    DONE = "done"  # what is no party's: capacity, filling


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of an instance's seats, by someone, for someone."""

    verb: Verb
    via: Via
    by: int | None = None  # the acting person's id; None is the system
    user_id: int | None = None  # of the person whose party it is about
    membership_id: int | None = None  # of the member, when an organiser asks
    guests: int = 0
    names: tuple[str, ...] | None = None  # of the guests, in order; None leaves them as they are
    capacity: int | None = None
    over: bool = False  # an OWNER has confirmed going over (B3)
    notify: bool = True  # the person gets a message about it
    audited: bool = False  # an organiser's act: written to the audit log in the same transaction
    id: UUID = field(default_factory=new_request_id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a request, from inside the transaction (`B9`). `place` is the place in line, from 1."""

    kind: OutcomeKind
    words: Words
    seats: int = 0
    waiting: int = 0
    place: int | None = None
    offered: int = 0
    until: datetime | None = None  # of the offer
    given_back: int = 0  # seats given back by leaving, where those were all the party had
    names: tuple[str, ...] = ()  # of the guests who would have come with them

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.waiting + self.offered - 1)
