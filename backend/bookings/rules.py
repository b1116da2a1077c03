"""How seats are given out: pure functions over what the desk has read (`B1`–`B9`, `B13`, `W1`, `W2`, `W4`).

`decide` answers one request and changes the `Desk` it is given; `fill` seats who waits. Nothing here reads a clock, a
table or a setting: the same requests in the same order give the same outcomes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from backend.bookings import words
from backend.errors import NotFound
from backend.events.rules import Windows
from backend.i18n import Words

SOON = timedelta(microseconds=1)


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
    ADD_GUEST = "add guest"  # one more; who is not in yet comes with one guest
    SET_GUESTS = "set guests"
    LEAVE = "leave"
    MAYBE = "maybe"
    DECLINE = "decline"
    TAKE_FREE = "take free"  # a waiting party takes what is free and keeps the rest waiting (W1)
    SEAT = "seat"  # an organiser's hand: windows and the queue do not bind it, capacity does
    REMOVE = "remove"  # an organiser's hand
    CAPACITY = "capacity"  # W4
    FILL = "fill"  # W2, as a net


FREEING = frozenset(Verb) - {Verb.BOOK, Verb.ADD_GUEST}


@dataclass(frozen=True, slots=True)
class Request:
    """One thing asked of an instance's desk, by someone, for someone."""

    verb: Verb
    via: Via
    by: int | None = None  # the acting person's id; None is the system
    user_id: int | None = None  # for whom, as a person
    membership_id: int | None = None  # for whom, as an organiser names them
    guests: int = 0
    capacity: int | None = None
    over: bool = False  # an OWNER has confirmed going over (B3)
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
    guests_max: int
    fill_gaps: bool


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

    @property
    def size(self) -> int:
        return self.seats + self.waiting + self.offered

    @property
    def guests(self) -> int:
        return max(0, self.size - 1)

    @property
    def order(self) -> tuple[int, datetime, float]:
        """Its place in the queue: priority, then the moment of joining, then id (`W1`)."""
        assert self.queued_at is not None
        return (-self.priority, self.queued_at, self.booking_id or float("inf"))


@dataclass(frozen=True, slots=True)
class LogLine:
    """One change of one party's seats (`B8`)."""

    membership_id: int
    by: int | None
    via: Via
    verb: str
    seats_before: int
    seats_after: int
    waiting_before: int
    waiting_after: int
    request_id: UUID | None


@dataclass(frozen=True, slots=True)
class Notice:
    """Someone has to be told (`M1`)."""

    user_id: int
    kind: str
    seats: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a request, from inside the transaction (`B9`). `place` is the place in line, from 1."""

    kind: str
    words: Words
    seats: int = 0
    waiting: int = 0
    place: int | None = None

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.waiting - 1)


@dataclass(slots=True)
class Desk:
    """An instance's desk while its seats row is locked. `capacity` None is unlimited."""

    facts: Facts
    now: datetime
    capacity: int | None
    over: int
    booked: int
    offered: int
    waiting: int
    queued_at: datetime
    parties: dict[int, Party] = field(default_factory=dict)
    by_user: dict[int, Party] = field(default_factory=dict)
    touched: dict[int, Party] = field(default_factory=dict)
    log: list[LogLine] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    acts: list[Request] = field(default_factory=list)  # what the audit log is to say
    capacity_changed: bool = False
    before: tuple[int, int] = (0, 0)  # booked and waiting as they were read
    _queue_at_first: dict[int, Party] = field(default_factory=dict)

    def seat_party(self, party: Party) -> None:
        """Lay a party's record on the desk."""
        self.parties[party.membership_id] = party
        if party.user_id is not None:
            self.by_user[party.user_id] = party
        if party.waiting:
            self._queue_at_first[party.membership_id] = replace(party)

    @property
    def free(self) -> int:
        """Seats that can be given now; a large number when there is no limit, never negative."""
        if self.capacity is None:
            return 1_000_000
        return max(0, self.capacity - self.booked - self.offered)

    @property
    def queue(self) -> list[Party]:
        """Those of the queue that are on the desk, in order."""
        return sorted((p for p in self.parties.values() if p.waiting), key=lambda p: p.order)

    def place(self, party: Party) -> int:
        """The party's place in line, from 1, exact at this moment of the list of requests."""
        first = self._queue_at_first.get(party.membership_id)
        if first is None or first.queued_at != party.queued_at:
            # It joined while the desk was open: behind everybody who still waits but those who came after it.
            later = sum(1 for p in self.parties.values() if p.waiting and p.order > party.order)
            return self.waiting - later
        gone = sum(
            1
            for was in self._queue_at_first.values()
            if was.order < first.order
            and self.parties[was.membership_id].queued_at != was.queued_at
        )
        return party.ahead - gone + 1

    def change(
        self,
        party: Party,
        request: Request | None,
        verb: str,
        *,
        seats: int,
        waiting: int,
        answer: str = "in",
    ) -> None:
        """Set a party's seats and waiting seats, keep the counters, and write the log line."""
        line = LogLine(
            membership_id=party.membership_id,
            by=request.by if request else None,
            via=request.via if request else Via.PROMOTION,
            verb=verb,
            seats_before=party.seats,
            seats_after=seats,
            waiting_before=party.waiting,
            waiting_after=waiting,
            request_id=request.id if request else None,
        )
        self.log.append(line)
        self.booked += seats - party.seats
        self.waiting += bool(waiting) - bool(party.waiting)
        if waiting and not party.waiting:
            # Strictly later than everyone before, whatever the clocks of several servers say.
            party.queued_at = self.queued_at = max(self.now, self.queued_at + SOON)
        elif not waiting:
            party.queued_at, party.priority = None, 0
        if seats and not party.seats:
            party.seated_at = self.now
        elif not seats:
            party.seated_at = None
        party.seats, party.waiting, party.answer = seats, waiting, answer
        self.touched[party.membership_id] = party
        if self.capacity is not None:
            # An allowance only ever shrinks by itself; `go_over` and a lowered capacity are what make it grow.
            self.over = min(self.over, max(0, self.booked + self.offered - self.capacity))

    def go_over(self) -> None:
        """Allow what is booked although it is more than there is: an owner's word, or a lowered capacity (`B3`, `W4`)."""
        if self.capacity is not None:
            self.over = max(0, self.booked + self.offered - self.capacity)

    def tell(self, party: Party, kind: str) -> None:
        if party.user_id is not None:
            self.notices.append(Notice(party.user_id, kind, party.seats or party.waiting))


def decide(desk: Desk, request: Request) -> Outcome:
    """Answer one request. Raises a `Refusal`, and then nothing has changed."""
    outcome = _DECIDERS[request.verb](desk, request)
    if request.audited and outcome.kind != "already":
        desk.acts.append(request)
    return outcome


def fill(desk: Desk, asking: Party | None = None) -> None:
    """Seat who waits, in order, as far as seats reach (`W1`, `W2`); doing it twice changes nothing.

    In strict order the first party that does not fit holds back those behind it, unless it could not even fit into
    the empty room; with "fill gaps" the earliest party that fits is seated. Who is `asking` gets the answer on the spot
    and no message.
    """
    facts = desk.facts
    if facts.state != "SCHEDULED" or desk.now >= facts.starts_at:
        return
    for party in desk.queue:
        if party.waiting <= desk.free:
            desk.change(party, None, "promote", seats=party.seats + party.waiting, waiting=0)
            if party is not asking:
                desk.tell(party, "promoted")
        elif not (facts.fill_gaps or _never_fits(desk, party)):
            return


def replay(desk: Desk, request: Request) -> Outcome:
    """The answer to a request that the log shows to be done already, told as if for the first time."""
    party = desk.parties.get(request.membership_id or 0) or desk.by_user.get(request.user_id or 0)
    if party is None:
        return Outcome("done", words.capacity_set(desk))
    if request.verb is Verb.REMOVE:
        return Outcome("left", words.removed())
    if party.size:
        return _standing(desk, party)
    if party.answer in ("maybe", "declined"):
        return Outcome(party.answer, words.answered(party.answer))
    return Outcome("left", words.left(desk, party, went_on=False))


# --- the verbs ---


def _book(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request)
    if party.size:
        return _already(desk, party)
    _open_for_booking(desk)
    return _enter(desk, request, party, 1 + _guests(desk, request.guests))


def _add_guest(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.size:
        return _book(desk, replace(request, guests=1))
    return _set_guests(desk, replace(request, guests=party.guests + 1))


def _set_guests(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.size:
        raise words.NotIn()
    organiser = request.via is Via.DASHBOARD
    size = 1 + _guests(desk, request.guests, was=party.guests)
    more = size - party.size
    if not more:
        return _already(desk, party)
    if more > 0 and organiser:
        _not_over(desk)
    elif more > 0:
        _open_for_booking(desk)
    if more > 0 and party.waiting:
        # Still in line: a bigger party keeps its place and waits for more.
        _fits_at_all(desk, size)
        desk.change(party, request, "guests", seats=party.seats, waiting=party.waiting + more)
    elif more > 0:
        if more > desk.free or (_someone_first(desk) and not organiser):
            raise words.NoRoomForGuest(zone=desk.facts.zone)
        desk.change(party, request, "guests", seats=party.seats + more, waiting=0)
    else:
        waiting = max(0, party.waiting + more)
        seats = size - waiting - party.offered
        if seats < party.seats and not organiser:
            _free_to_leave(desk, party)
        desk.change(party, request, "guests", seats=seats, waiting=waiting)
        fill(desk, asking=party)
    return _standing(desk, party)


def _leave(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request, gone_too=True)
    if not party.size:
        return Outcome("already", words.nothing_to_leave())
    return _go(desk, request, party, "left")


def _answer(answer: str) -> Callable[[Desk, Request], Outcome]:
    def answer_so(desk: Desk, request: Request) -> Outcome:
        party = _member(desk, request)
        _not_over(desk)
        if party.answer == answer:
            return Outcome("already", words.answered(answer))
        if party.size:
            _free_to_leave(desk, party)
        desk.change(party, request, answer, seats=0, waiting=0, answer=answer)
        fill(desk)
        return Outcome(answer, words.answered(answer))

    return answer_so


def _take_free(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request)
    if not party.waiting:
        return _already(desk, party) if party.size else _book(desk, request)
    _not_over(desk)
    take = min(party.waiting, desk.free)
    if not take or desk.place(party) != 1:
        raise words.NothingToTake(zone=desk.facts.zone)
    desk.change(party, request, "take", seats=party.seats + take, waiting=party.waiting - take)
    fill(desk, asking=party)
    return _standing(desk, party)


def _seat(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request)
    _not_over(desk)
    if party.seats and not party.waiting:
        return _already(desk, party)
    wanted = party.waiting or 1 + _guests(desk, request.guests)
    if wanted > desk.free and not request.over:
        raise words.NoRoomLeft(zone=desk.facts.zone)
    desk.change(party, request, "seat", seats=party.seats + wanted, waiting=0)
    if request.over:
        desk.go_over()
    desk.tell(party, "seated")
    return _standing(desk, party)


def _remove(desk: Desk, request: Request) -> Outcome:
    party = _member(desk, request, gone_too=True)
    if not party.size:
        return Outcome("already", words.nothing_to_leave())
    desk.tell(party, "removed")
    desk.change(party, request, "remove", seats=0, waiting=0, answer="left")
    fill(desk)
    return Outcome("left", words.removed())


def _set_capacity(desk: Desk, request: Request) -> Outcome:
    if request.capacity != desk.capacity:
        desk.capacity, desk.capacity_changed = request.capacity, True
        desk.over = 0
        desk.go_over()
        fill(desk)
    return Outcome("done", words.capacity_set(desk))


def _fill(desk: Desk, request: Request) -> Outcome:
    fill(desk)
    return Outcome("done", words.capacity_set(desk))


_DECIDERS: dict[Verb, Callable[[Desk, Request], Outcome]] = {
    Verb.BOOK: _book,
    Verb.ADD_GUEST: _add_guest,
    Verb.SET_GUESTS: _set_guests,
    Verb.LEAVE: _leave,
    Verb.MAYBE: _answer("maybe"),
    Verb.DECLINE: _answer("declined"),
    Verb.TAKE_FREE: _take_free,
    Verb.SEAT: _seat,
    Verb.REMOVE: _remove,
    Verb.CAPACITY: _set_capacity,
    Verb.FILL: _fill,
}


# --- what the verbs lean on ---


def _member(desk: Desk, request: Request, *, gone_too: bool = False) -> Party:
    """The party the request is for. Raises `NotHere` for who is not a member of the club (any more)."""
    if request.membership_id is not None:
        party = desk.parties.get(request.membership_id)
    else:
        party = desk.by_user.get(request.user_id or 0)
    if party is None or not (party.live or gone_too):
        raise NotHere()
    return party


class NotHere(NotFound):
    """The person is not a member of the instance's club; `book` may let them in and ask again (`A4`)."""


def _enter(desk: Desk, request: Request, party: Party, size: int) -> Outcome:
    """Seat a new party, or put it at the end of the line (`B4`)."""
    _fits_at_all(desk, size)
    if size <= desk.free and not _someone_first(desk):
        desk.change(party, request, "book", seats=size, waiting=0)
    else:
        desk.change(party, request, "wait", seats=0, waiting=size)
    return _standing(desk, party)


def _go(desk: Desk, request: Request, party: Party, answer: str) -> Outcome:
    """Take a party off by its own will: always from the line, from seats until the deadline (`B6`)."""
    had_seats = party.seats
    _free_to_leave(desk, party)
    desk.change(party, request, "leave", seats=0, waiting=0, answer=answer)
    before = len(desk.notices)
    fill(desk)
    went_on = bool(had_seats) and len(desk.notices) > before
    return Outcome("left", words.left(desk, party, went_on=went_on, had_seats=bool(had_seats)))


def _someone_first(desk: Desk) -> bool:
    """Whether a newcomer has to wait behind the line (`B4`).

    In strict order everybody who waits goes first, unless they could not even fit into the empty room; with "fill gaps"
    whoever fitted has been seated already.
    """
    if desk.facts.fill_gaps or not desk.free:
        return False
    return any(party.waiting and not _never_fits(desk, party) for party in desk.parties.values())


def _never_fits(desk: Desk, party: Party) -> bool:
    return desk.capacity is not None and party.size > desk.capacity


def _fits_at_all(desk: Desk, size: int) -> None:
    if desk.capacity is not None and size > desk.capacity:
        raise words.too_big(desk, size)


def _guests(desk: Desk, guests: int, *, was: int = 0) -> int:
    if guests < 0 or guests > max(desk.facts.guests_max, was):
        raise words.too_many_guests(desk.facts.guests_max)
    return guests


def _not_over(desk: Desk) -> None:
    facts = desk.facts
    if facts.state == "CANCELLED":
        raise words.cancelled(facts.cancel_reason)
    if facts.state == "COMPLETED" or desk.now >= facts.ends_at:
        raise words.Ended()


def _open_for_booking(desk: Desk) -> None:
    """Raises the refusal that says when booking opens, or that it closed (`B5`, `S8`)."""
    facts = desk.facts
    _not_over(desk)
    windows = facts.windows
    state = windows.booking(desk.now)
    if state == "not-open" and windows.opens_at is not None:
        raise words.NotOpen(opens=windows.opens_at, zone=facts.zone)
    if state == "closed":
        raise words.Closed(closed=windows.closes_at, zone=facts.zone)


def _free_to_leave(desk: Desk, party: Party) -> None:
    """Raises when seats can no longer be given back freely (`B6`); the line can always be left."""
    if not party.seats:
        return
    _not_over(desk)
    windows = desk.facts.windows
    if not windows.leaving_is_free(desk.now):
        raise words.TooLate(until=windows.cancel_until, zone=desk.facts.zone)


def _already(desk: Desk, party: Party) -> Outcome:
    place = desk.place(party) if party.waiting else None
    return Outcome("already", words.already(desk, party, place), party.seats, party.waiting, place)


def _standing(desk: Desk, party: Party) -> Outcome:
    """Where the party stands now, in words."""
    if party.waiting:
        place = desk.place(party)
        return Outcome(
            "waiting", words.waiting(desk, party, place), party.seats, party.waiting, place
        )
    return Outcome("booked", words.booked(desk, party), party.seats)
