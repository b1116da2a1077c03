"""What lies on a desk: the parties of an instance, its counters, and how both change together (`B3`, `B8`, `W1`).

`verbs.decide` answers one request and changes the `Desk` it is given; `line.fill` gives seats to who waits. Nothing of
the three reads a clock, a table or a setting: the same requests in the same order give the same outcomes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from backend.i18n import Words
from backend.outbox.kinds import Kind
from backend.seats.promotion import FIRST_TAP_LIFE, PromotionWindows, Stage
from backend.seats.windows import Windows

SOON = timedelta(microseconds=1)
LONG_AGO = datetime.fromtimestamp(0, UTC)


class Via(StrEnum):
    """Through what a seat changed (`B8`)."""

    MINIAPP = "miniapp"
    CARD = "card"
    COMMAND = "command"
    DASHBOARD = "dashboard"
    PROMOTION = "promotion"
    SYSTEM = "system"


class Verb(StrEnum):
    """What a request asks the desk for."""

    BOOK = "book"  # a party of 1 + guests; already in or waiting: nothing changes (B2)
    RETURN = "return"  # after leaving: the same party again, seated or not at all
    ADD_GUEST = "add guest"  # one more; who is not in yet comes with one guest
    SET_GUESTS = "set guests"
    NAMES = "names"  # of the guests, however many they are by now
    LEAVE = "leave"
    STOP_WAITING = "stop waiting"  # for more; what is theirs stays theirs (B6)
    MAYBE = "maybe"
    DECLINE = "decline"
    TAKE_FREE = "take free"  # a waiting party takes what is free and keeps the rest waiting (W1)
    TAKE = "take"  # an offer, or in the last hours the seat that the first tap has (W3)
    HAND_ON = "hand on"  # an offer to the next in line, keeping one's own place
    REPLACE = "replace"  # too late to leave freely: theirs until the queue takes it (B6)
    KEEP = "keep"  # and no longer looking for a replacement
    STAY = "stay"  # the date has moved, and they still come (S6)
    REGULAR = "regular"  # a standing seat (B11)
    SEAT = "seat"  # an organiser's hand: windows and the queue do not bind it, capacity does
    BRING = "bring"  # the same, from another date (B10)
    REMOVE = "remove"  # an organiser's hand
    TO_LINE = "to line"  # an organiser's hand: from a seat to the head of the queue (W4)
    CAPACITY = "capacity"  # W4
    FILL = "fill"  # W2, as a net


FREEING = frozenset(Verb) - {Verb.BOOK, Verb.RETURN, Verb.ADD_GUEST, Verb.NAMES}
NAME_MAX = 80  # characters of a guest's name
PASSED_OVER = ("lapse", "hand on")  # a seat comes free, but not for who let it go


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of an instance's desk, by someone, for someone."""

    verb: Verb
    via: Via
    by: int | None = None  # the acting person's id; None is the system
    user_id: int | None = None  # for whom, as a person
    membership_id: int | None = None  # for whom, as an organiser names them
    guests: int = 0
    names: tuple[str, ...] | None = None  # of the guests, in order; None leaves them as they are
    capacity: int | None = None
    over: bool = False  # an OWNER has confirmed going over (B3)
    told: bool = True  # the person gets a message of it
    audited: bool = False  # an organiser's act: written to the audit log in the same transaction
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True, slots=True)
class Facts:
    """What does not change while the desk is open. All times are aware instants."""

    instance_id: int
    account_id: int
    title: str
    zone: str
    state: str
    cancel_reason: str
    starts_at: datetime
    ends_at: datetime
    windows: Windows
    clockwork: PromotionWindows
    guests_max: int
    fill_gaps: bool
    claim_until: datetime | None = None  # until then only who has a claim may take seats (P4)


@dataclass(slots=True)
class Party:
    """A member at the desk, with their booking as it stands, if there is one."""

    membership_id: int
    user_id: int | None
    live: bool = True  # still a member of the club
    booking_id: int | None = None
    answer: str = ""
    seats: int = 0
    waiting: int = 0
    offered: int = 0
    priority: int = 0
    queued_at: datetime | None = None
    seated_at: datetime | None = None
    ahead: int = 0  # waiting parties before this one when the desk was opened
    offer_until: datetime | None = None
    lapsed_at: datetime | None = None  # let an offer go by
    replace_since: datetime | None = None  # looks for a replacement
    promoted_at: datetime | None = None  # the line gave them their seat
    asked_at: datetime | None = None  # whether they still come, for the date has moved
    stays_at: datetime | None = None
    claims: bool = False  # has a claim to a seat (P4)
    names: tuple[str, ...] = ()  # of the guests, in order; "" is one without, as who is beyond

    @property
    def size(self) -> int:
        return self.seats + self.waiting + self.offered

    @property
    def guests(self) -> int:
        return max(0, self.size - 1)

    @property
    def in_line(self) -> bool:
        """Waits, or has an offer: both have a place."""
        return self.waiting + self.offered > 0

    @property
    def asked(self) -> bool:
        """Was asked whether they still come, and has not answered (`S6`)."""
        return self.asked_at is not None and self.stays_at is None

    @property
    def order(self) -> tuple[int, datetime, float]:
        """Its place in the queue: priority, then the moment of joining, then id (`W1`)."""
        assert self.queued_at is not None
        return (-self.priority, self.queued_at, self.booking_id or float("inf"))


def fit_names(names: Sequence[str], guests: int) -> tuple[str, ...]:
    """The names of so many guests (`B1`). When fewer come than have a place here, who has no name goes first, else the last."""
    kept = list(names)
    while len(kept) > guests:
        kept.pop(len(kept) - 1 - kept[::-1].index("") if "" in kept else -1)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of one party's seats (`B8`)."""

    membership_id: int
    by: int | None
    via: Via
    verb: str
    seats_before: int
    seats_after: int
    waiting_before: int
    waiting_after: int
    offered_before: int
    offered_after: int
    request_id: UUID | None


@dataclass(frozen=True, slots=True)
class Notification:
    """Someone has to be told (`M1`); an offer says until when."""

    user_id: int
    kind: Kind
    seats: int
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a request, from inside the transaction (`B9`). `place` is the place in line, from 1."""

    kind: str
    words: Words
    seats: int = 0
    waiting: int = 0
    place: int | None = None
    offered: int = 0
    until: datetime | None = None  # of the offer
    gave: int = 0  # seats given back by leaving, where those were all the party had
    names: tuple[str, ...] = ()  # of the guests who would have come with them

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.waiting + self.offered - 1)


@dataclass(slots=True)
class SeatState:
    """An instance's desk while its seats row is locked. `capacity` None is unlimited."""

    facts: Facts
    now: datetime
    capacity: int | None
    over: int
    booked: int
    offered: int
    waiting: int
    queued_at: datetime  # the newest moment: see `moment`
    releasing: int = 0  # booked seats whose holders look for a replacement
    freed_at: datetime = LONG_AGO
    called_at: datetime | None = None
    privileged: int = 0  # waiting parties of a higher priority when the desk was opened
    parties: dict[int, Party] = field(default_factory=dict)
    by_user: dict[int, Party] = field(default_factory=dict)
    touched: dict[int, Party] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    notices: list[Notification] = field(default_factory=list)
    acts: list[Request] = field(default_factory=list)  # what the audit log is to say
    changed: bool = False  # in what is no party's: capacity, or the call to all who wait
    freed: bool = False  # a seat came free that nobody has been told of
    sought: bool = False  # a replacement is looked for that nobody has been told of
    before: tuple[int, int, int, int] = (0, 0, 0, 0)  # booked, offered, waiting, releasing as read
    _at_first: dict[int, Party] = field(default_factory=dict)

    def seat_party(self, party: Party) -> None:
        """Lay a party's record on the desk."""
        self.parties[party.membership_id] = party
        if party.user_id is not None:
            self.by_user[party.user_id] = party
        if party.in_line:
            self._at_first[party.membership_id] = replace(party)

    @property
    def free(self) -> int:
        """Seats that can be given now; a large number when there is no limit, never negative."""
        if self.capacity is None:
            return 1_000_000
        return max(0, self.capacity - self.booked - self.offered)

    @property
    def overfull(self) -> bool:
        """Whether more seats are given than there are (`W4`)."""
        return self.capacity is not None and self.booked + self.offered > self.capacity

    @property
    def replaceable(self) -> int:
        """Seats that may be taken over from who looks for a replacement; none while more are given than there are (`W4`)."""
        return 0 if self.overfull else self.releasing

    @property
    def stage(self) -> Stage:
        """How a seat that comes free now moves (`W3`)."""
        return self.facts.clockwork.stage(self.now)

    @property
    def claiming(self) -> bool:
        """Whether only who has a claim may take seats now (`P4`)."""
        until = self.facts.claim_until
        return until is not None and self.now < until

    @property
    def calling(self) -> bool:
        """Whether only the taps of who was called count now (`W3`)."""
        return self.called_at is not None and self.now < self.called_at + FIRST_TAP_LIFE

    def comes_later(self, party: Party) -> bool:
        """Whether others, who waited when all were called, still come before this party (`W3`)."""
        if not self.calling:
            return False
        assert self.called_at is not None
        return party.queued_at is None or party.queued_at > self.called_at

    @property
    def queue(self) -> list[Party]:
        """Those of the queue that are on the desk, in order."""
        return sorted((p for p in self.parties.values() if p.waiting), key=lambda p: p.order)

    def lapsed(self, party: Party) -> bool:
        """Whether the party let an offer go by and no other seat came free since."""
        return party.lapsed_at is not None and party.lapsed_at > self.freed_at

    def moment(self) -> datetime:
        """Now, but strictly later than every moment before, whatever the clocks of several servers say."""
        self.queued_at = max(self.now, self.queued_at + SOON)
        return self.queued_at

    def place(self, party: Party) -> int:
        """The party's place in line, from 1, exact at this moment of the list of requests."""
        first = self._at_first.get(party.membership_id)
        stood = first is not None and (first.queued_at, first.priority) == (
            party.queued_at,
            party.priority,
        )
        if not stood and not party.priority:
            # It joined while the desk was open: behind everybody who still waits but those who came after it.
            later = sum(1 for p in self.parties.values() if p.waiting and p.order > party.order)
            return self.waiting - later
        ahead = party.ahead if stood else self.privileged
        for other in self.parties.values():
            if other is party:
                continue
            was = self._at_first.get(other.membership_id)
            if was is not None and was.waiting:
                ahead -= was.order < first.order if stood and first else was.priority > 0
            ahead += bool(other.waiting) and other.order < party.order
        return ahead + 1

    def change(
        self,
        party: Party,
        request: Request | None,
        verb: str,
        *,
        seats: int,
        waiting: int,
        offered: int = 0,
        answer: str = "in",
    ) -> None:
        """Set a party's seats, waiting and offered seats, keep the counters, and write the log line."""
        line = LogEntry(
            membership_id=party.membership_id,
            by=request.by if request else None,
            via=request.via if request else Via.SYSTEM if verb == "lapse" else Via.PROMOTION,
            verb=verb,
            seats_before=party.seats,
            seats_after=seats,
            waiting_before=party.waiting,
            waiting_after=waiting,
            offered_before=party.offered,
            offered_after=offered,
            request_id=request.id if request else None,
        )
        self.log.append(line)
        before = self.replaceable
        self.booked += seats - party.seats
        self.offered += offered - party.offered
        self.waiting += bool(waiting) - bool(party.waiting)
        if party.replace_since is not None:
            self.releasing += seats - party.seats
        if seats + offered < party.seats + party.offered and verb != "replaced":
            self.freed = True
            if verb not in PASSED_OVER:
                self.freed_at = self.moment()
        if not waiting + offered:
            party.queued_at, party.lapsed_at, party.priority = None, None, 0
        elif not party.in_line:
            party.queued_at = self.moment()
        if not offered:
            party.offer_until = None
        if not seats:
            party.seated_at = party.replace_since = party.promoted_at = None
        elif not party.seats:
            party.seated_at = self.now
        if party.asked and not party.size and seats + waiting:
            party.stays_at = self.now  # who comes anew after the move knows of it
        party.seats, party.waiting, party.offered, party.answer = seats, waiting, offered, answer
        party.names = fit_names(party.names, party.guests)
        self.touched[party.membership_id] = party
        if self.replaceable and not before:
            self.sought = True  # it fits again, and seats that were looked for may be taken over
        if self.capacity is not None:
            # An allowance only ever shrinks by itself; `go_over` and a lowered capacity are what make it grow.
            self.over = min(self.over, max(0, self.booked + self.offered - self.capacity))

    def go_over(self) -> None:
        """Allow what is booked although it is more than there is: an owner's word, or a lowered capacity (`B3`, `W4`)."""
        if self.capacity is not None:
            self.over = max(0, self.booked + self.offered - self.capacity)

    def tell(self, party: Party, kind: Kind, seats: int = 0) -> None:
        """Leave a message for the party; about so many seats, else about those it has, is offered, or waits for."""
        if party.user_id is not None:
            about = seats or party.offered or party.seats or party.waiting
            self.notices.append(Notification(party.user_id, kind, about, party.offer_until))
