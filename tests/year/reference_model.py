"""A reference model of the product, written from `docs/RULES.md` alone: it uses none of its tables or code.

It is given what people do and what time it is, and keeps its own record of seats and waitlists. It returns
the answer that each action must have, and lists the messages that each person must get: their kind, instance,
and earliest and latest time.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFER_LIFE, FIRST_TAP_LIFE = 30 * MINUTE, 5 * MINUTE  # W3
UNLIMITED = 10**6
# How late a message may arrive: the limits of sending (M2) and the interval of the jobs take time.
ALLOWED_DELAY = 5 * MINUTE

MUTED_BY = {"reminder": "reminders", "unanswered": "nudges", "announcement": "announcements"}  # M5
POSTPONABLE = {
    "minimum",
    "decide",
    "reminder",
    "unanswered",
    "announcement",
}  # until the end of the quiet hours


# --- people and series ---


class State(StrEnum):
    SCHEDULED = "scheduled"
    CANCELLED = "cancelled"
    ENDED = "ended"


@dataclass(eq=False, repr=False)
class Member:
    """A person on Telegram. `leads` are minutes before the start; None: those of each series."""

    name: str
    zone: str | None = None
    leads: tuple[int, ...] | None = None
    chosen_at: datetime | None = None
    muted: set[str] = field(default_factory=set)
    blocked: bool = False


@dataclass(eq=False, repr=False)
class AccountView:
    """A club, its members and the organisers among them; all of them are in its one group."""

    name: str
    zone: str
    members: list[Member] = field(default_factory=list)
    organisers: list[Member] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Series:
    """The settings of a series; times are minutes."""

    account: AccountView
    title: str
    zone: str
    starts_local: datetime
    every: str  # week, fortnight, month, once
    length: int
    capacity: int | None
    guests_max: int = 0
    cancel_before: int = 0
    closes_before: int = 0
    announce_before: int = 2 * 24 * 60
    fill_gaps: bool = False
    leads: tuple[int, ...] = (24 * 60, 120)
    remind_unanswered: bool = False
    minimum: int | None = None
    decide_before: int = 24 * 60
    decide_by_itself: bool = False
    warn_before: int = 24 * 60
    updated_at: datetime | None = None
    regulars: list[Member] = field(default_factory=list)
    follows: "Series | None" = None  # the series it was split from (S4)

    @property
    def first(self) -> "Series":
        """The series whose rule it continues (S4)."""
        return self.follows.first if self.follows else self


@dataclass(eq=False, repr=False)
class Party:
    """The party of a member on an instance."""

    member: Member
    seats: int = 0
    waiting: int = 0
    offered: int = 0
    answer: str = ""
    priority: int = 0
    joined: int = 0  # the order of joining the waitlist
    skipped: int = 0  # the order of letting an offer go by
    until: datetime | None = None
    seated_at: datetime | None = None
    replacing: int = 0  # the order of asking for a replacement
    must_answer_move: bool = False  # was asked after a move whether they still come (S6)
    came: bool = False

    @property
    def size(self) -> int:
        return self.seats + self.waiting + self.offered


@dataclass(frozen=True)
class Announcement:
    """An announcement to a whole club."""

    number: int
    account: AccountView

    @property
    def title(self) -> str:
        return f"to {self.account.name}"

    @property
    def id(self) -> int:
        return self.number


@dataclass(eq=False, repr=False)
class Message:
    """A message that is not sent yet."""

    to: Member | AccountView
    kind: str
    about: "Instance | Announcement"
    due: datetime
    old_start: datetime | None = None  # of a move: the start that the reader knows
    start: datetime | None = None  # as it was when the message was written
    asks_to_stay: bool = False


@dataclass(frozen=True)
class ExpectedMessage:
    """A message that must have been sent between two instants."""

    to: Member | AccountView
    kind: str
    about: "Instance | Announcement"
    since: datetime
    until: datetime
    title: str


def instant(local: datetime, zone: str) -> datetime:
    """S3: of a time that exists twice the first; one that does not exist moves forward by the gap."""
    zoned = local.replace(tzinfo=ZoneInfo(zone), fold=0)
    return zoned.astimezone(ZoneInfo("UTC"))


def end_of_quiet_hours(at: datetime, zone: str) -> datetime | None:
    """The end of the quiet hours (22 to 8 in the zone) around an instant; None when it is not in them."""
    local = at.astimezone(ZoneInfo(zone))
    if time(8) <= local.time() < time(22):
        return None
    day = local.date() + (DAY if local.time() >= time(22) else timedelta(0))
    return instant(datetime.combine(day, time(8)), zone)


def offer_expiry(at: datetime, zone: str) -> datetime:
    """W3: the end of thirty minutes that do not run during quiet hours."""
    left = OFFER_LIFE
    while left > timedelta(0):
        at = end_of_quiet_hours(at, zone) or at
        local = at.astimezone(ZoneInfo(zone))
        quiet_from = instant(datetime.combine(local.date(), time(22)), zone)
        spent = min(left, quiet_from - at)
        at, left = at + spent, left - spent
    return at


# --- one instance and its waitlist ---


class Instance:
    """One instance: its seats, its waitlist, and what time does to them (W1–W4, B1–B7)."""

    def __init__(self, model: "ReferenceModel", id: int, code: str, series: Series, start: datetime) -> None:
        self.model, self.id, self.code, self.series = model, id, code, series
        self.original = self.start = start
        self.length = series.length * MINUTE
        self.capacity = series.capacity
        self.own_title: str | None = None
        self.state = State.SCHEDULED  # on, off, over
        self.made_at = model.now
        self.moved_at: datetime | None = None
        self.edited = False
        self.parties: dict[Member, Party] = {}
        self.claims: set[Member] = set()
        self.claim_until: datetime | None = None
        self.called_order: int = 0
        self.called_at: datetime | None = None
        self.part_notified: Party | None = None  # who was notified of a part of what they wait for
        self.part_seats: int = 0  # what is left of it
        self.freed_order = 0
        self.warned = self.decision_asked = self.decided = False
        self.reminded: set[tuple[Member, int, datetime]] = set()
        self.nudged: set[Member] = set()
        self.list_closed = False
        self._seat_freed = self._replacement_sought = False

    # the present state

    @property
    def title(self) -> str:
        return self.own_title or self.series.title

    @property
    def end(self) -> datetime:
        return self.start + self.length

    @property
    def booked(self) -> int:
        return sum(p.seats for p in self.parties.values())

    @property
    def came(self) -> int:
        """B12: the seats checked in once the list is closed; until then all that were booked."""
        return sum(p.seats for p in self.parties.values() if p.came or not self.list_closed)

    @property
    def offered(self) -> int:
        return sum(p.offered for p in self.parties.values())

    @property
    def free(self) -> int:
        if self.capacity is None:
            return UNLIMITED
        return max(0, self.capacity - self.booked - self.offered)

    @property
    def releasing(self) -> int:
        """Seats whose holders look for a replacement: none while more are booked than the capacity (W4)."""
        if self.capacity is not None and self.booked + self.offered > self.capacity:
            return 0
        return sum(p.seats for p in self.parties.values() if p.replacing)

    @property
    def waitlist(self) -> list[Party]:
        """W1: by priority, then by the order of joining."""
        waiting_parties = [p for p in self.parties.values() if p.waiting]
        return sorted(waiting_parties, key=lambda p: (-p.priority, p.joined))

    @property
    def participants(self) -> list[Party]:
        """Everyone who is booked, waits or said maybe (S5)."""
        return [p for p in self.parties.values() if p.answer in ("in", "maybe")]

    @property
    def deadline(self) -> datetime:
        return self.start - self.series.cancel_before * MINUTE

    @property
    def missing(self) -> int:
        return max(0, self.series.minimum - self.booked) if self.series.minimum else 0

    @property
    def decides_at(self) -> datetime:
        return self.start - self.series.decide_before * MINUTE

    @property
    def stage(self) -> str:
        return self.stage_at(self.model.now)

    def stage_at(self, now: datetime) -> str:
        """W3: "far", "near", or "last": the last two hours, or when quiet hours leave no time to offer."""
        if now < self.start - DAY:
            return "far"
        last = now >= self.start - 2 * HOUR or offer_expiry(now, self.series.zone) >= self.start
        return "last" if last else "near"

    @property
    def claims_hold(self) -> bool:
        return self.claim_until is not None and self.model.now < self.claim_until

    # every change of a party is made here

    def change(
        self,
        party: Party,
        seats: int,
        waiting: int,
        offered: int = 0,
        *,
        answer: str = "in",
        why: str = "",
    ) -> None:
        was_in_line = party.waiting + party.offered > 0
        before = self.releasing
        if seats + offered < party.seats + party.offered and why != "replaced":
            self._seat_freed = True
            if why != "skipped":
                self.freed_order = self.model.next_order()
        if not waiting + offered:
            party.skipped = party.priority = 0
        elif not was_in_line:
            party.joined = self.model.next_order()
        if not offered:
            party.until = None
        if not seats:
            party.seated_at, party.replacing = None, 0
        elif not party.seats:
            party.seated_at = self.model.now
            self.wake_for(party.member)
        if party.must_answer_move and not party.size and seats + waiting:
            party.must_answer_move = False
        party.seats, party.waiting, party.offered, party.answer = seats, waiting, offered, answer
        self.parties[party.member] = party
        if self.releasing and not before:
            self._replacement_sought = True  # it fits again: the seats offered up may be taken
        self.part_seats = min(self.part_seats, self.free + self.releasing)

    def wake_for(self, member: Member) -> None:
        """Wake at the moments of their own reminders."""
        for lead in member.leads or ():
            self.model.wake_at(self.start - lead * MINUTE)

    def advance(self) -> None:
        """Apply what time has done by now: offers expire, and free seats are given out."""
        self._seat_freed = self._replacement_sought = False
        over = self.state != State.SCHEDULED or self.model.now >= self.start
        for party in list(self.parties.values()):
            if party.until is not None and (over or party.until <= self.model.now):
                party.skipped = self.model.next_order()
                self.change(party, party.seats, party.waiting + party.offered, why="skipped")
                if over:
                    party.skipped = 0
                else:
                    self.notify(party, "lapsed")
        self.fill()

    def fill(self, asking: Party | None = None) -> None:
        """W1–W3. The party that is `asking` gets an answer and no message."""
        if self.state != State.SCHEDULED or self.model.now >= self.start:
            if self._seat_freed:
                self.called_at = None
            return
        if self.free + self.releasing:
            self._give_free(asking)
        self._notify_of_part(asking)

    def _notify_of_part(self, asking: Party | None) -> None:
        """W1: whoever goes first may take what is free, and wait for the rest."""
        stage = self.stage
        seats = 0 if stage == "last" else self.free + (self.releasing if stage == "far" else 0)
        able = [p for p in self.waitlist if self._has_turn(p, stage) and not self._never_fits(p)]
        first = able[0] if able and seats else None
        before, told = self.part_seats, self.part_notified
        self.part_notified, self.part_seats = first, seats if first else 0
        if first and first is not asking and (first is not told or seats > before):
            self.notify(first, "part-free")

    def _give_free(self, asking: Party | None) -> None:
        stage = self.stage
        if stage == "last":
            if self._seat_freed or self._replacement_sought or not self._all_called:
                self._call_first_taps(asking)
            return
        for party in self.waitlist:
            if not self._has_turn(party, stage):
                continue
            if party.waiting <= self.free + (self.releasing if stage == "far" else 0):
                self._release_replaced(party.waiting - self.free, asking)
                self._promote(party, asking, far=stage == "far")
            elif not (self.series.fill_gaps or self._never_fits(party)):
                break
        if stage == "near" and self.releasing and (self._replacement_sought or not self._all_called):
            self._call_first_taps(asking)

    def _promote(self, party: Party, asking: Party | None, *, far: bool) -> None:
        """Give a seat or an offer; an offer that is held already grows, and all of it gets the new expiry."""
        wanted, held = party.waiting, party.offered
        if far or (party is asking and not held):
            self.change(party, party.seats + wanted, 0, held)
        else:
            self.change(party, party.seats, 0, held + wanted)
            party.until = offer_expiry(self.model.now, self.series.zone)
            self.model.wake_at(party.until)
        if party is not asking:
            self.notify(party, "offer" if party.offered and not far else "promoted")

    def _release_replaced(self, seats: int, asking: Party | None = None) -> None:
        """B6: take seats from parties that look for a replacement, in the order in which they asked."""
        givers = [p for p in self.parties.values() if p.replacing]
        for giver in sorted(givers, key=lambda p: p.replacing):
            taken = min(seats, giver.seats)
            if taken > 0:
                left = giver.seats - taken
                self.change(giver, left, 0, answer="in" if left else "left", why="replaced")
                if left or giver is not asking:
                    self.notify(giver, "replaced")
                seats -= taken

    @property
    def _all_called(self) -> bool:
        """Whether all who may tap now were called already: in this stage, and since the claims ended."""
        called_order, claims_end = self.called_at, self.claim_until
        if called_order is None or (claims_end and called_order < claims_end <= self.model.now):
            return False
        return self.stage != "last" or self.stage_at(called_order) == "last"

    def _call_first_taps(self, asking: Party | None) -> None:
        """W3: notify all who wait; for five minutes only their taps count."""
        self._seat_freed = self._replacement_sought = False
        waiting = [p for p in self.waitlist if not self._is_held_back(p)]
        if waiting:
            self.called_order, self.called_at = self.model.next_order(), self.model.now
        for party in waiting:
            if party is not asking:
                self.notify(party, "first-tap")

    def _is_held_back(self, party: Party) -> bool:
        """P4: while claims hold, a party without one waits."""
        return self.claims_hold and party.member not in self.claims

    def _has_turn(self, party: Party, stage: str) -> bool:
        return not self._is_held_back(party) and not (stage == "near" and party.skipped > self.freed_order)

    def _never_fits(self, party: Party) -> bool:
        return self.capacity is not None and party.size > self.capacity

    def room_for(self, party: Party) -> int:
        """How many seats a party that asks now may have, seats to be replaced included."""
        stage = self.stage
        if self._is_held_back(party):
            return 0
        called_order = self.called_at is not None and self.model.now < self.called_at + FIRST_TAP_LIFE
        behind = called_order and (not party.waiting or party.joined > self.called_order)
        if stage == "last":
            return 0 if behind else self.free + self.releasing
        held = self._must_wait(party, stage)
        free = 0 if held else self.free
        more = held if stage == "far" else behind
        return free + (0 if more else self.releasing)

    def _must_wait(self, party: Party, stage: str) -> bool:
        """B4: newcomers never overtake the waitlist; in strict order nobody does."""
        if self._is_held_back(party):
            return True
        if self.series.fill_gaps or not self.free + self.releasing:
            return False
        before = (
            p for p in self.waitlist if p is not party and (not party.waiting or self._is_before(p, party))
        )
        return any(self._has_turn(p, stage) and not self._never_fits(p) for p in before)

    @staticmethod
    def _is_before(one: Party, other: Party) -> bool:
        return (-one.priority, one.joined) < (-other.priority, other.joined)

    def notify(self, party: Party, kind: str) -> None:
        self.model.notify(party.member, kind, self)

    # what people do: each method returns the answer they must get

    def party(self, member: Member) -> Party:
        return self.parties.get(member) or Party(member)

    def _refusal(self) -> str:
        if self.state == State.CANCELLED:
            return "cancelled"
        return "closed" if self.state == State.ENDED or self.model.now >= self.end else ""

    def _status(self, party: Party) -> str:
        return "offered" if party.offered else "waiting" if party.waiting else "booked"

    def _may_leave_freely(self, party: Party) -> bool:
        now = self.model.now
        overfull = self.capacity is not None and self.booked + self.offered > self.capacity
        undoes = party.seated_at is not None and now < party.seated_at + 5 * MINUTE
        return now < self.deadline or undoes or ((party.must_answer_move or overfull) and now < self.start)

    def book(self, member: Member, guests: int = 0) -> str:
        party = self.party(member)
        if party.waiting + party.offered and (
            party.offered or (self.stage != "far" and self.room_for(party) >= party.waiting)
        ):
            return self.take(member)
        if party.size:
            return "already"
        if off := self._refusal():
            return off
        if self.model.now >= self.start - self.series.closes_before * MINUTE:
            return "closed"
        size = 1 + guests
        if self.capacity is not None and size > self.capacity:
            return "full"
        if size <= self.room_for(party):
            free = self._free_seats_for(party)
            self._release_replaced(size - free)
            self.change(party, size, 0)
        else:
            self._join_waitlist(party, size)
        return self._status(party)

    def _join_waitlist(self, party: Party, size: int) -> None:
        party.priority = int(self.claims_hold and party.member in self.claims)
        self.change(party, 0, size)
        self.fill(asking=party)

    def _free_seats_for(self, party: Party) -> int:
        """The seats among `room_for` a party that nobody holds."""
        if self.stage == "last":
            return min(self.free, self.room_for(party))
        return 0 if self._must_wait(party, self.stage) else self.free

    def set_guests(self, member: Member, guests: int) -> str:
        party = self.party(member)
        if not party.size:
            return "not-in"
        more = 1 + guests - party.size
        if not more:
            return "already"
        if more > 0:
            if off := self._refusal():
                return off
            if self.model.now >= self.start - self.series.closes_before * MINUTE:
                return "closed"
            if party.waiting + party.offered:
                if self.capacity is not None and 1 + guests > self.capacity:
                    return "full"
                self.change(party, party.seats, party.waiting + more, party.offered)
                self.fill(asking=party)
            elif more > self._free_seats_for(party):
                return "full"
            else:
                self.change(party, party.seats + more, 0)
            return self._status(party)
        waiting = max(0, party.waiting + more)
        offered = max(0, min(party.offered, 1 + guests - party.seats - waiting))
        seats = 1 + guests - waiting - offered
        if seats < party.seats:
            if off := self._refusal():
                return off
            if not self._may_leave_freely(party):
                return "too-late"
        self.change(party, seats, waiting, offered)
        self.fill(asking=party)
        return self._status(party)

    def leave(self, member: Member) -> str:
        party = self.party(member)
        return self._give_up(party) if party.size else "already"

    def _give_up(self, party: Party) -> str:
        if party.seats:
            if off := self._refusal():
                return off
            if not self._may_leave_freely(party):
                return "too-late"
        self.change(party, 0, 0, answer="left")
        self.fill()
        return "left"

    def answer(self, member: Member, answer: str) -> str:
        """B13: "maybe" or "declined": no seat is held."""
        party = self.party(member)
        if off := self._refusal():
            return off
        if party.answer == answer:
            return "already"
        if party.seats and not self._may_leave_freely(party):
            return "too-late"
        self.change(party, 0, 0, answer=answer)
        self.fill()
        return answer

    def take(self, member: Member) -> str:
        party = self.party(member)
        if not party.waiting + party.offered:
            return "already" if party.size else self.book(member)
        if off := self._refusal():
            return off
        if party.offered:
            self.change(party, party.seats + party.offered, party.waiting)
            return self._status(party)
        room = self.room_for(party)
        if self.stage == "far" or not room:
            return "offer-over"
        if party.waiting > room:
            return "full"
        self._release_replaced(party.waiting - self._free_seats_for(party))
        self.change(party, party.seats + party.waiting, 0)
        self.fill(asking=party)
        return self._status(party)

    def decline_offer(self, member: Member) -> str:
        party = self.party(member)
        if not party.offered:
            return "already"
        party.skipped = self.model.next_order()
        self.change(party, party.seats, party.waiting + party.offered, why="skipped")
        self.fill()
        return "offer-declined" if party.waiting else self._status(party)

    def find_replacement(self, member: Member) -> str:
        """B6: too late to leave freely, so the seat stays theirs until somebody takes it."""
        party = self.party(member)
        if not party.seats:
            return self.leave(member)
        if off := self._refusal():
            return off
        if self._may_leave_freely(party):
            return self._give_up(party)
        if self.model.now >= self.start:
            return "closed"
        if not party.replacing:
            self.change(party, party.seats, 0)
            party.replacing = self.model.next_order()
            self._replacement_sought = True
            self.fill(asking=party)
        return "replacing" if party.seats else "left"

    def stay(self, member: Member) -> str:
        party = self.party(member)
        if not party.size:
            return "not-in"
        if off := self._refusal():
            return off
        if not party.must_answer_move:
            return "already"
        party.must_answer_move = False
        return "booked"

    # what organisers do

    def remove(self, member: Member) -> str:
        party = self.party(member)
        if not party.size:
            return "already"
        self.notify(party, "removed")
        self.change(party, 0, 0, answer="left")
        self.fill()
        return "left"

    def set_capacity(self, capacity: int | None) -> str:
        if capacity != self.capacity:
            before, released = self.free, self.releasing
            self.capacity = capacity
            self._replacement_sought = self._replacement_sought or bool(self.releasing and not released)
            if self.free > before:
                self._seat_freed, self.freed_order = True, self.model.next_order()
            self.fill()
        return "done"

    def cancel(self) -> str:
        if self.state == State.SCHEDULED:
            self.state = State.CANCELLED
            self.advance()
            for party in self.participants:
                self.notify(party, "cancelled")
        return "done"

    def restore(self) -> str:
        self.state = State.SCHEDULED
        for party in self.participants:
            self.notify(party, "restored")
        self.advance()
        return "done"

    def move(self, local: datetime) -> str:
        """S6: everything that depends on the start begins again; each booked person is asked once a move."""
        old_start, start = self.start, instant(local, self.series.zone)
        if start == old_start:
            return "done"
        unsent = self.model.withdraw_unsent_moves(self)
        self.start, self.edited, self.moved_at = start, True, self.model.now
        self.warned = self.decision_asked = False
        self.called_at = None
        for party in self.participants:
            first = unsent.get(party.member, old_start)
            if party.seats:
                party.must_answer_move = first != start
            if first != start:
                self.model.notify(party.member, "moved", self, old_start=first, asks_to_stay=party.seats > 0)
        self.model.schedule_wakes(self)
        self.advance()
        return "done"

    def seat_regular(self, member: Member) -> None:
        """B11: a seat or a place in the waitlist, unless they have answered before."""
        if member in self.parties or self.state != State.SCHEDULED:
            return
        party = Party(member)
        self.advance()
        if self._free_seats_for(party):
            self.change(party, 1, 0)
        else:
            self._join_waitlist(party, 1)

    def decide(self, *, run: bool) -> str:
        """S7: the decision, by an organiser or by time."""
        if self.state == State.CANCELLED or (run and self.decided):
            return "already"
        self.decided = True
        if not run:
            return self.cancel()
        if self.warned:
            for party in self.participants:
                self.notify(party, "confirmed")
        return "done"

    def close_list(self, present: list[Member]) -> int:
        """B12: how many parties stayed away, without those that had looked for a replacement."""
        self.list_closed = True
        for party in self.parties.values():
            party.came = party.seats > 0 and party.member in present
        return sum(1 for p in self.parties.values() if p.seats and not p.replacing and not p.came)

    # what time does

    def check_minimum(self) -> None:
        now = self.model.now
        if not self.series.minimum or self.decided or self.state != State.SCHEDULED or now >= self.start:
            return
        if now < self.decides_at:
            warn_from = self.decides_at - self.series.warn_before * MINUTE
            if now >= warn_from and self.missing and not self.warned:
                self.warned = True
                for party in self.participants:
                    self.model.notify(party.member, "minimum", self)
        elif not self.missing:
            self.decide(run=True)
        elif self.series.decide_by_itself and self._is_foreseeable:
            self.decide(run=False)
            for organiser in self.series.account.organisers:
                self.model.notify(organiser, "called-off", self)
        elif not self.decision_asked:
            self.decision_asked = True
            for organiser in self.series.account.organisers:
                self.model.notify(organiser, "decide", self)

    @property
    def _is_foreseeable(self) -> bool:
        """Whether people could know of the decision before it was due."""
        changes = (self.made_at, self.moved_at, self.series.updated_at)
        return all(at is None or self.decides_at > at for at in changes)

    def remind(self) -> None:
        """M4: remind everyone who is booked at the leads they chose, once each.

        Of several that have passed only the nearest counts, and none that is late by more than half its lead,
        or half a day.
        """
        now = self.model.now
        if self.state != State.SCHEDULED or now >= self.start:
            return
        for party in self.parties.values():
            if not party.seats or party.member.blocked:
                continue
            assert party.seated_at is not None
            member = party.member
            leads = self.series.leads if member.leads is None else member.leads
            not_before = max(at for at in (party.seated_at, self.moved_at, member.chosen_at) if at)
            passed = [
                m
                for m in leads
                if max(not_before, now - min(m * MINUTE / 2, DAY / 2)) <= self.start - m * MINUTE <= now
            ]
            key = (member, min(passed, default=0), self.start)
            if passed and key not in self.reminded:
                self.reminded.add(key)
                self.model.notify(member, "reminder", self, due=self._due_at(self.start - key[1] * MINUTE))

    def _due_at(self, moment: datetime) -> datetime:
        """When the message was due: at its moment, or now if it could not be sent then."""
        return moment if moment > self.model.jobs_ran_at else self.model.now

    def nudge(self) -> None:
        """M4, P5: ask members who have not answered, once each, from the longest lead to the deadline."""
        now = self.model.now
        if not self.series.remind_unanswered or self.state != State.SCHEDULED:
            return
        moment = self.start - max(self.series.leads) * MINUTE
        if moment <= now < self.deadline:
            for member in self.series.account.members:
                if member not in self.parties and member not in self.nudged and not member.blocked:
                    self.nudged.add(member)
                    self.model.notify(member, "unanswered", self, due=self._due_at(moment))


# --- the whole model ---


class ReferenceModel:
    """All instances and messages, and a clock that only the driver sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.jobs_ran_at = now  # the last run of the jobs
        self.instances: dict[int, Instance] = {}
        self.upcoming: list[Instance] = []
        self.expected: list[ExpectedMessage] = []
        self._pending: list[Message] = []
        self._wakes: list[datetime] = []
        self._last_order = 0
        self._scheduled_announcements: list[tuple[datetime, Announcement]] = []

    def next_order(self) -> int:
        """A strictly rising number for what happens one after the other."""
        self._last_order += 1
        return self._last_order

    # moments at which something happens by time alone

    def wake_at(self, at: datetime) -> None:
        heapq.heappush(self._wakes, at)

    def next_wake(self) -> datetime | None:
        while self._wakes and self._wakes[0] <= self.jobs_ran_at:
            heapq.heappop(self._wakes)
        return self._wakes[0] if self._wakes else None

    def schedule_wakes(self, instance: Instance) -> None:
        """Wake at every moment around this start at which something is due."""
        series, start = instance.series, instance.start
        # Not at its start nor its deadlines: nobody is notified then, and cards are compared only when they
        # are fresh.
        minutes = {2 * 60, 24 * 60, series.announce_before, *series.leads}
        if series.minimum:
            minutes |= {series.decide_before, series.decide_before + series.warn_before}
        for before in minutes:
            self.wake_at(start - before * MINUTE)
        for party in instance.parties.values():
            instance.wake_for(party.member)
        self.wake_at(instance.end)
        if instance.claim_until:
            self.wake_at(instance.claim_until)

    def add(self, instance: Instance) -> None:
        self.instances[instance.id] = instance
        self.upcoming.append(instance)
        self.schedule_wakes(instance)

    def run_jobs(self, *, regulars: bool) -> None:
        """What the jobs do now, in their order: instances that have ended first."""
        for instance in self.upcoming:
            if instance.state == State.SCHEDULED and instance.end <= self.now:
                instance.state = State.ENDED
        self.upcoming = [instance for instance in self.upcoming if instance.end > self.now]
        if regulars:
            for instance in self.upcoming:
                for member in instance.series.regulars if instance.start > self.now else ():
                    instance.seat_regular(member)
        near = [instance for instance in self.upcoming if instance.start <= self.now + 15 * DAY]
        for instance in self.upcoming:
            if instance.state == State.SCHEDULED and any(
                p.waiting + p.offered for p in instance.parties.values()
            ):
                instance.advance()
        for instance in near:
            instance.check_minimum()
        for instance in near:
            instance.remind()
            instance.nudge()
        for at, announcement in self._scheduled_announcements:
            if at <= self.now:
                self.send_announcement(announcement)
        self._scheduled_announcements = [one for one in self._scheduled_announcements if one[0] > self.now]
        self.jobs_ran_at = self.now

    def send_announcement(self, announcement: Announcement) -> None:
        self.notify(announcement.account, "announcement", announcement)
        for member in announcement.account.members:
            if not member.blocked and "announcements" not in member.muted:
                self.notify(member, "announcement", announcement)

    def announce(self, announcement: Announcement, at: datetime) -> None:
        self._scheduled_announcements.append((at, announcement))
        self.wake_at(at)

    # messages

    def notify(
        self,
        to: Member | AccountView,
        kind: str,
        about: Instance | Announcement,
        *,
        due: datetime | None = None,
        old_start: datetime | None = None,
        asks_to_stay: bool = False,
    ) -> None:
        start = about.start if isinstance(about, Instance) else None
        self._pending.append(
            Message(
                to, kind, about, due or self.now, old_start=old_start, start=start, asks_to_stay=asks_to_stay
            )
        )

    def withdraw_unsent_moves(self, instance: Instance) -> dict[Member, datetime]:
        """Take back messages about moves that were not sent: the next one covers both moves."""
        waiting_parties = [one for one in self._pending if one.kind == "moved" and one.about is instance]
        self._pending = [one for one in self._pending if one not in waiting_parties]
        return {
            one.to: one.old_start for one in waiting_parties if isinstance(one.to, Member) and one.old_start
        }

    def deliver_due(self) -> list[Message]:
        """Send and return the due messages; postpone those that can wait, drop those no longer true."""
        kept, delivered = [], []
        for message in self._pending:
            if message.due > self.now:
                kept.append(message)
            elif self._is_still_true(message):
                morning = self._postponed_until(message)
                if morning is None:
                    delivered.append(message)
                    title = message.about.title if isinstance(message.about, Instance) else ""
                    since = message.due
                    self.expected.append(
                        ExpectedMessage(
                            message.to, message.kind, message.about, since, since + ALLOWED_DELAY, title
                        )
                    )
                else:
                    kept.append(replace(message, due=morning))
                    self.wake_at(morning)
        self._pending = kept
        return delivered

    def _postponed_until(self, message: Message) -> datetime | None:
        """When it is sent instead of now: by the reader's own zone, or else the event's, or the club's."""
        if message.kind not in POSTPONABLE:
            return None
        about = message.about
        theirs = about.series.zone if isinstance(about, Instance) else about.account.zone
        morning = end_of_quiet_hours(self.now, message.to.zone or theirs)
        if morning is None:
            return None
        if isinstance(about, Instance):  # in the morning it must still be of use (M6)
            moments = {about.start}
            if message.kind in ("reminder", "unanswered", "minimum"):
                moments.add(about.deadline)
            if message.kind == "minimum":
                moments.add(about.decides_at)
            if any(self.now < moment < morning + HOUR for moment in moments):
                return None
        return morning

    def _is_still_true(self, message: Message) -> bool:
        """M3, M5, and whether its content is still true."""
        instance = message.about
        if not isinstance(message.to, Member):
            return True
        if message.to.blocked or MUTED_BY.get(message.kind) in message.to.muted:
            return False
        if not isinstance(instance, Instance):
            return True
        party = instance.party(message.to)
        on = instance.state == State.SCHEDULED and self.now < instance.end
        as_it_was = on and self.now < instance.start and instance.start == message.start
        match message.kind:
            case "reminder":
                return as_it_was and party.seats > 0
            case "unanswered":
                return as_it_was and not party.answer and self.now < instance.deadline
            case "moved":
                return on and not (message.asks_to_stay and not party.seats)
            case "minimum" | "decide":
                undecided = on and not instance.decided and instance.missing > 0
                return undecided and (message.kind == "decide" or self.now < instance.decides_at)
            case "cancelled" | "called-off":
                return instance.state == State.CANCELLED
            case "lapsed":
                return on and party.waiting > 0
            case "first-tap" | "part-free":
                return on and party.waiting > 0 and instance.free + instance.releasing > 0
        return True


Key = tuple[Member | AccountView, str, Instance | Announcement]


def group_by_key(expected: list[ExpectedMessage]) -> dict[Key, list[ExpectedMessage]]:
    """By recipient, kind and subject; each in the order of time."""
    found: dict[Key, list[ExpectedMessage]] = defaultdict(list)
    for one in sorted(expected, key=lambda e: e.since):
        found[one.to, one.kind, one.about].append(one)
    return found
