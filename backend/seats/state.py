"""An instance's seats while the allocator decides: facts, counters, the parties concerned, and what has changed (`B3`, `B8`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from backend.outbox.kinds import Kind
from backend.seats import availability
from backend.seats.promotion import PromotionWindows, Stage
from backend.seats.requests import Answer, Change, Request, Via
from backend.seats.windows import Windows

TICK = timedelta(microseconds=1)
LONG_AGO = datetime.fromtimestamp(0, UTC)
SKIPPING = (Change.EXPIRE, Change.DECLINE_OFFER)  # a seat comes free, but not for the party that let it go by


class InstanceState(StrEnum):
    """The state of an instance (`S5`, `S8`), as `event_instances.state` stores it."""

    SCHEDULED = "SCHEDULED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """What does not change while the allocator decides. All times are aware instants."""

    instance_id: int
    account_id: int
    title: str
    zone: str
    state: InstanceState
    cancel_reason: str
    starts_at: datetime
    ends_at: datetime
    windows: Windows
    promotion: PromotionWindows
    guests_max: int
    fill_gaps: bool
    claim_until: datetime | None = None  # until then only parties with a claim may take seats (P4)

    def is_off(self, now: datetime) -> bool:
        """Whether seats move no more: it is cancelled, completed, or has begun."""
        return self.state is not InstanceState.SCHEDULED or now >= self.starts_at


@dataclass(slots=True)
class Party:
    """A member and their guests, with their booking as it stands, if there is one (`B1`)."""

    membership_id: int
    user_id: int | None
    is_member: bool = True  # still one of the club's
    booking_id: int | None = None
    answer: str = Answer.NONE
    seats: int = 0
    waiting: int = 0
    offered: int = 0
    priority: int = 0
    queued_at: datetime | None = None
    seated_at: datetime | None = None
    ahead: int = 0  # parties in line before this one when the state was loaded
    offer_until: datetime | None = None
    skipped_at: datetime | None = None  # let an offer go by
    releasing_since: datetime | None = None  # looks for a replacement
    promoted_at: datetime | None = None  # the waitlist gave them their seat
    move_asked_at: datetime | None = None  # whether they still come, because the instance has moved
    move_confirmed_at: datetime | None = None
    has_claim: bool = False  # to a seat (P4)
    names: tuple[str, ...] = ()  # of the guests, in order; "" is one without, as is everyone beyond

    @property
    def size(self) -> int:
        return self.seats + self.waiting + self.offered

    @property
    def guests(self) -> int:
        return max(0, self.size - 1)

    @property
    def is_in_line(self) -> bool:
        """Waits, or has an offer: both have a place."""
        return self.waiting + self.offered > 0

    @property
    def needs_move_answer(self) -> bool:
        """Was asked whether they still come, and has not answered (`S6`)."""
        return self.move_asked_at is not None and self.move_confirmed_at is None

    @property
    def order(self) -> tuple[int, datetime, float]:
        """Its place on the waitlist: priority, then the moment of joining, then id (`W1`)."""
        assert self.queued_at is not None
        return (-self.priority, self.queued_at, self.booking_id or float("inf"))


def fit_names(names: Sequence[str], guests: int) -> tuple[str, ...]:
    """The names of this many guests (`B1`). When fewer guests come than have a name here, guests without a name go first,
    then the last named one."""
    surplus = max(0, len(names) - guests)
    unnamed = [place for place, name in enumerate(names) if not name]
    dropped = set(unnamed[max(0, len(unnamed) - surplus) :])
    kept = [name for place, name in enumerate(names) if place not in dropped][:guests]
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change of one party's seats (`B8`)."""

    membership_id: int
    by: int | None
    via: Via
    change: Change
    seats_before: int
    seats_after: int
    waiting_before: int
    waiting_after: int
    offered_before: int
    offered_after: int
    request_id: UUID | None


@dataclass(frozen=True, slots=True)
class Notification:
    """A message that a party gets (`M1`); an offer says until when."""

    user_id: int
    kind: Kind
    seats: int
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counters:
    """The counters of a seats row as they were read: what is written back is the difference."""

    booked: int = 0
    offered: int = 0
    waiting: int = 0
    releasing: int = 0


@dataclass(slots=True)
class SeatState:
    """An instance's seats while its seats row is locked. `capacity` None is unlimited; `booked`, `offered` and `releasing`
    count seats, `waiting` counts parties."""

    instance: InstanceFacts
    now: datetime
    capacity: int | None
    over: int
    booked: int
    offered: int
    waiting: int
    last_moment: datetime  # the newest that was given out: see `next_moment`
    releasing: int = 0  # booked seats whose holders look for a replacement
    holding: int = 0  # parties with an offer that wait for nothing more
    freed_at: datetime = LONG_AGO
    notified_at: datetime | None = (
        None  # when the waitlist was last notified of a seat for the first tap (W3)
    )
    # The party that was last notified that it may take a part of what it waits for, and how many of those seats are left.
    part_notified_to: int | None = None
    part_seats: int = 0
    prioritized: int = 0  # parties in line of a higher priority when the state was loaded
    parties: dict[int, Party] = field(default_factory=dict)
    by_user: dict[int, Party] = field(default_factory=dict)
    changed: dict[int, Party] = field(default_factory=dict)
    log: list[LogEntry] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)
    audited: list[Request] = field(default_factory=list)  # for the audit log
    is_dirty: bool = False  # in what is no party's: capacity, or whom of the waitlist was notified
    has_freed: bool = False  # a seat came free that nobody has been notified of
    has_releasing: bool = False  # a replacement is looked for that nobody has been notified of
    before: Counters = Counters()
    _initial: dict[int, Party] = field(default_factory=dict)

    def add_party(self, party: Party) -> None:
        """Take a party's record into the state."""
        self.parties[party.membership_id] = party
        if party.user_id is not None:
            self.by_user[party.user_id] = party
        if party.is_in_line:
            self._initial[party.membership_id] = replace(party)

    def find_party(self, request: Request) -> Party | None:
        """The party the request is for, if it was loaded."""
        if request.membership_id is not None:
            return self.parties.get(request.membership_id)
        return self.by_user.get(request.user_id or 0)

    @property
    def free(self) -> int:
        """Seats that can be given now; a large number when there is no limit, never negative."""
        return availability.free_seats(self.capacity, self.booked, self.offered)

    @property
    def is_overfull(self) -> bool:
        """Whether more seats are given than there are (`W4`)."""
        return availability.is_overfull(self.capacity, self.booked, self.offered)

    @property
    def replaceable(self) -> int:
        """Seats that may be taken over from parties that look for a replacement; none while overfull (`W4`)."""
        return availability.replaceable_seats(self.capacity, self.booked, self.offered, self.releasing)

    @property
    def stage(self) -> Stage:
        """How a seat that comes free now moves (`W3`)."""
        return self.instance.promotion.stage(self.now)

    @property
    def is_claim_period(self) -> bool:
        """Whether only parties with a claim may take seats now (`P4`)."""
        until = self.instance.claim_until
        return until is not None and self.now < until

    def is_behind_waitlist(self, party: Party) -> bool:
        """Whether parties that waited when the waitlist was notified still come before this one (`W3`)."""
        if not availability.is_waitlist_first(self.notified_at, self.now):
            return False
        assert self.notified_at is not None
        return party.queued_at is None or party.queued_at > self.notified_at

    @property
    def waitlist(self) -> list[Party]:
        """The waiting parties that were loaded, in order."""
        return sorted((p for p in self.parties.values() if p.waiting), key=lambda p: p.order)

    def was_skipped(self, party: Party) -> bool:
        """Whether the party let an offer go by and no other seat came free since."""
        return party.skipped_at is not None and party.skipped_at > self.freed_at

    def next_moment(self) -> datetime:
        """Now, but strictly later than every moment before, whatever the clocks of several servers say."""
        self.last_moment = max(self.now, self.last_moment + TICK)
        return self.last_moment

    def place_of(self, party: Party) -> int:
        """The party's place in line, from 1, exact at this moment of the list of requests. Parties that have an offer are in
        line too: should they let it go by, they stand where they stood (`W1`)."""
        initial = self._initial.get(party.membership_id)
        has_stayed = initial is not None and (initial.queued_at, initial.priority) == (
            party.queued_at,
            party.priority,
        )
        if not has_stayed and not party.priority:
            # It joined after the state was loaded: behind everybody who is in line but those who came after it.
            later = sum(1 for p in self.parties.values() if p.is_in_line and p.order > party.order)
            return self.waiting + self.holding - later
        ahead = party.ahead if has_stayed else self.prioritized
        for other in self.parties.values():
            if other is party:
                continue
            was = self._initial.get(other.membership_id)
            if was is not None:
                ahead -= was.order < initial.order if has_stayed and initial else was.priority > 0
            ahead += other.is_in_line and other.order < party.order
        return ahead + 1

    def change(
        self,
        party: Party,
        request: Request | None,
        change: Change,
        *,
        seats: int,
        waiting: int,
        offered: int = 0,
        answer: Answer = Answer.IN,
    ) -> None:
        """Set a party's seats, waiting and offered seats, keep the counters, and write the log entry. Without a request it is
        the clock's or the waitlist's doing."""
        self._log(party, request, change, seats, waiting, offered)
        replaceable_before = self.replaceable
        self.booked += seats - party.seats
        self.offered += offered - party.offered
        self.waiting += bool(waiting) - bool(party.waiting)
        self.holding += bool(offered and not waiting) - bool(party.offered and not party.waiting)
        if party.releasing_since is not None:
            self.releasing += seats - party.seats
        if seats + offered < party.seats + party.offered and change is not Change.REPLACED:
            self.has_freed = True
            if change not in SKIPPING:
                self.freed_at = self.next_moment()
        if not waiting + offered:
            party.queued_at, party.skipped_at, party.priority = None, None, 0
        elif not party.is_in_line:
            party.queued_at = self.next_moment()
        if not offered:
            party.offer_until = None
        if not seats:
            party.seated_at = party.releasing_since = party.promoted_at = None
        elif not party.seats:
            party.seated_at = self.now
        if party.needs_move_answer and not party.size and seats + waiting:
            party.move_confirmed_at = self.now  # a party that comes anew after the move knows of it
        party.seats, party.waiting, party.offered, party.answer = seats, waiting, offered, answer
        party.names = fit_names(party.names, party.guests)
        self.changed[party.membership_id] = party
        if self.replaceable and not replaceable_before:
            self.has_releasing = True  # no longer overfull: seats of releasing parties may be taken over
        self.part_seats = min(self.part_seats, self.free + self.replaceable)
        if self.capacity is not None:
            # An allowance only ever shrinks by itself; `allow_overbooking` and a lowered capacity make it grow.
            self.over = min(self.over, max(0, self.booked + self.offered - self.capacity))

    def _log(
        self, party: Party, request: Request | None, change: Change, seats: int, waiting: int, offered: int
    ) -> None:
        via = Via.SYSTEM if change is Change.EXPIRE else Via.PROMOTION
        self.log.append(
            LogEntry(
                membership_id=party.membership_id,
                by=request.by if request else None,
                via=request.via if request else via,
                change=change,
                seats_before=party.seats,
                seats_after=seats,
                waiting_before=party.waiting,
                waiting_after=waiting,
                offered_before=party.offered,
                offered_after=offered,
                request_id=request.id if request else None,
            )
        )

    def allow_overbooking(self) -> None:
        """Allow what is booked although it is more than there is: by an owner, or by a lowered capacity (`B3`, `W4`)."""
        if self.capacity is not None:
            self.over = max(0, self.booked + self.offered - self.capacity)

    def notify(self, party: Party, kind: Kind, seats: int = 0) -> None:
        """Leave a message for the party; about this many seats, else about those it has, is offered, or waits for."""
        if party.user_id is not None:
            about = seats or party.offered or party.seats or party.waiting
            self.notifications.append(Notification(party.user_id, kind, about, party.offer_until))
