"""What a club's year must come to, reckoned from the sentences of docs/RULES.md alone: it knows no table and no code of the product.

It is told what people do and what time it is, keeps its own books of who sits where and who waits, says what the answer to
each act must be, and lists which messages each person must get: of which kind, about which date, from when to when.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
OFFER_LIFE, FIRST_TAP_LIFE = 30 * MINUTE, 5 * MINUTE  # W3
ROOM_FOR_ALL = 10**6
# From the moment something is due to when it has arrived: what the limits of sending (M2) and a duty's minute may take.
PROMPT = 5 * MINUTE

SPARED_BY = {"reminder": "reminders", "unanswered": "nudges", "announcement": "announcements"}  # M5
CAN_WAIT = {
    "moved",
    "minimum",
    "decide",
    "reminder",
    "unanswered",
    "announcement",
}  # for the morning


# --- who and what there is ---


@dataclass(eq=False, repr=False)
class Member:
    """Somebody with Telegram. `leads` None: as each series has it."""

    name: str
    zone: str | None = None
    leads: tuple[int, ...] | None = None
    chosen_at: datetime | None = None
    muted: set[str] = field(default_factory=set)
    blocked: bool = False


@dataclass(eq=False, repr=False)
class Club:
    """A club, its people and those of them who organise; all are known to be in its one group."""

    name: str
    zone: str
    members: list[Member] = field(default_factory=list)
    organisers: list[Member] = field(default_factory=list)


@dataclass(eq=False, repr=False)
class Series:
    """What a series says; numbers are minutes."""

    club: Club
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
        """The series whose rhythm it goes on with."""
        return self.follows.first if self.follows else self


@dataclass(eq=False, repr=False)
class Party:
    """What a member has on a date."""

    member: Member
    seats: int = 0
    waiting: int = 0
    offered: int = 0
    answer: str = ""
    priority: int = 0
    joined: int = 0  # the line, in the order of joining
    lapsed: int = 0  # let an offer go by, then
    until: datetime | None = None
    seated_at: datetime | None = None
    replacing: int = 0  # looks for a replacement since
    asked: bool = False  # whether they still come, and has not said
    came: bool = False

    @property
    def size(self) -> int:
        return self.seats + self.waiting + self.offered


@dataclass(frozen=True)
class Announcement:
    """What organisers tell a whole club."""

    number: int
    club: Club

    @property
    def title(self) -> str:
        return f"to {self.club.name}"

    @property
    def id(self) -> int:
        return self.number


@dataclass(eq=False, repr=False)
class Letter:
    """Something somebody must be told."""

    to: Member | Club
    kind: str
    about: "Date | Announcement"
    due: datetime
    was: datetime | None = None  # of a move: when it would have been
    start: datetime | None = None  # as it was when the letter came to be
    asks: bool = False


@dataclass(frozen=True)
class Expected:
    """A message that must have been sent between two instants."""

    to: Member | Club
    kind: str
    about: "Date | Announcement"
    since: datetime
    until: datetime
    title: str


def instant(local: datetime, zone: str) -> datetime:
    """S3: the first of two; moved forward by the gap where there is none."""
    there = local.replace(tzinfo=ZoneInfo(zone), fold=0)
    return there.astimezone(ZoneInfo("UTC"))


def morning_after(at: datetime, zone: str) -> datetime | None:
    """When the quiet hours end that the instant is in: 22 to 8 on that zone's clocks. None: it is in none."""
    local = at.astimezone(ZoneInfo(zone))
    if time(8) <= local.time() < time(22):
        return None
    day = local.date() + (DAY if local.time() >= time(22) else timedelta(0))
    return instant(datetime.combine(day, time(8)), zone)


def offer_ends(at: datetime, zone: str) -> datetime:
    """W3: thirty minutes that do not run in quiet hours, minute by minute."""
    left = OFFER_LIFE
    while left > timedelta(0):
        at = morning_after(at, zone) or at
        local = at.astimezone(ZoneInfo(zone))
        night = instant(datetime.combine(local.date(), time(22)), zone)
        spent = min(left, night - at)
        at, left = at + spent, left - spent
    return at


# --- one date and its line ---


class Date:
    """One date of a series: who sits, who waits, and what the clock does to them (W1–W4, B1–B7)."""

    def __init__(self, books: "Books", id: int, code: str, series: Series, start: datetime) -> None:
        self.books, self.id, self.code, self.series = books, id, code, series
        self.original = self.start = start
        self.length = series.length * MINUTE
        self.capacity = series.capacity
        self.own_title: str | None = None
        self.state = "on"  # on, off, over
        self.made_at = books.now
        self.moved_at: datetime | None = None
        self.edited = False
        self.parties: dict[Member, Party] = {}
        self.claims: set[Member] = set()
        self.claim_until: datetime | None = None
        self.called: int = 0
        self.called_at: datetime | None = None
        self.freed_n = 0
        self.warned = self.decide_asked = self.decided = False
        self.reminded: set[tuple[Member, int, datetime]] = set()
        self.nudged: set[Member] = set()
        self.list_closed = False
        self._freed = self._sought = False

    # what there is

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
        """B12: who was checked in once the list is closed, till then who was booked."""
        return sum(p.seats for p in self.parties.values() if p.came or not self.list_closed)

    @property
    def offered(self) -> int:
        return sum(p.offered for p in self.parties.values())

    @property
    def free(self) -> int:
        if self.capacity is None:
            return ROOM_FOR_ALL
        return max(0, self.capacity - self.booked - self.offered)

    @property
    def releasing(self) -> int:
        """Seats whose holders look for a replacement; none goes to the line while more are booked than fit (W4)."""
        if self.capacity is not None and self.booked + self.offered > self.capacity:
            return 0
        return sum(p.seats for p in self.parties.values() if p.replacing)

    @property
    def line(self) -> list[Party]:
        """W1: priority, then the moment of joining."""
        waits = [p for p in self.parties.values() if p.waiting]
        return sorted(waits, key=lambda p: (-p.priority, p.joined))

    @property
    def concerned(self) -> list[Party]:
        """Booked, waiting and maybe (S5)."""
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
        return self.stage_at(self.books.now)

    def stage_at(self, now: datetime) -> str:
        """W3: far, nearer, and in the last two hours, or where the night leaves no time for an offer."""
        if now < self.start - DAY:
            return "far"
        last = now >= self.start - 2 * HOUR or offer_ends(now, self.series.zone) >= self.start
        return "last" if last else "near"

    @property
    def claiming(self) -> bool:
        return self.claim_until is not None and self.books.now < self.claim_until

    # every change goes through here

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
            self._freed = True
            if why != "let go":
                self.freed_n = self.books.tick_of_order()
        if not waiting + offered:
            party.lapsed = party.priority = 0
        elif not was_in_line:
            party.joined = self.books.tick_of_order()
        if not offered:
            party.until = None
        if not seats:
            party.seated_at, party.replacing = None, 0
        elif not party.seats:
            party.seated_at = self.books.now
            self.wake_for(party.member)
        if party.asked and not party.size and seats + waiting:
            party.asked = False
        party.seats, party.waiting, party.offered, party.answer = seats, waiting, offered, answer
        self.parties[party.member] = party
        if self.releasing and not before:
            self._sought = True  # it fits again, and what was looked for may be taken

    def wake_for(self, member: Member) -> None:
        """The clock reminds them when they want it."""
        for lead in member.leads or ():
            self.books.wake(self.start - lead * MINUTE)

    def tidy(self) -> None:
        """What the clock has done by now: offers that ran out end, and what is free finds its people."""
        self._freed = self._sought = False
        over = self.state != "on" or self.books.now >= self.start
        for party in list(self.parties.values()):
            if party.until is not None and (over or party.until <= self.books.now):
                party.lapsed = self.books.tick_of_order()
                self.change(party, party.seats, party.waiting + party.offered, why="let go")
                if over:
                    party.lapsed = 0
                else:
                    self.tell(party, "lapsed")
        self.fill()

    def fill(self, asking: Party | None = None) -> None:
        """W1–W3. Who is `asking` hears it as the answer, and gets no letter."""
        if self.state != "on" or self.books.now >= self.start:
            if self._freed:
                self.called_at = None
            return
        stage = self.stage
        if not self.free + self.releasing:
            return
        if stage == "last":
            if self._freed or self._sought or not self._known:
                self._call(asking)
            return
        for party in self.line:
            if not self._has_turn(party, stage):
                continue
            if party.waiting <= self.free + (self.releasing if stage == "far" else 0):
                self._take_over(party.waiting - self.free, asking)
                self._give(party, asking, far=stage == "far")
            elif not (self.series.fill_gaps or self._never_fits(party)):
                break
        if stage == "near" and self.releasing and (self._sought or not self._known):
            self._call(asking)

    def _give(self, party: Party, asking: Party | None, *, far: bool) -> None:
        """A seat, or an offer; one that is held already grows, and all of it has the new time."""
        wanted, held = party.waiting, party.offered
        if far or (party is asking and not held):
            self.change(party, party.seats + wanted, 0, held)
        else:
            self.change(party, party.seats, 0, held + wanted)
            party.until = offer_ends(self.books.now, self.series.zone)
            self.books.wake(party.until)
        if party is not asking:
            self.tell(party, "offer" if party.offered and not far else "promoted")

    def _take_over(self, seats: int, asking: Party | None = None) -> None:
        """B6: the seats of who looks for a replacement, the longest-looking first."""
        givers = [p for p in self.parties.values() if p.replacing]
        for giver in sorted(givers, key=lambda p: p.replacing):
            taken = min(seats, giver.seats)
            if taken > 0:
                left = giver.seats - taken
                self.change(giver, left, 0, answer="in" if left else "left", why="replaced")
                if left or giver is not asking:
                    self.tell(giver, "replaced")
                seats -= taken

    @property
    def _known(self) -> bool:
        """Whether all who may tap now were called already: in these last hours, and since the claims ended."""
        called, claims_end = self.called_at, self.claim_until
        if called is None or (claims_end and called < claims_end <= self.books.now):
            return False
        return self.stage != "last" or self.stage_at(called) == "last"

    def _call(self, asking: Party | None) -> None:
        """W3: all who wait are told, and for five minutes only their taps count."""
        self._freed = self._sought = False
        waiting = [p for p in self.line if not self._must_not(p)]
        if waiting:
            self.called, self.called_at = self.books.tick_of_order(), self.books.now
        for party in waiting:
            if party is not asking:
                self.tell(party, "first-tap")

    def _must_not(self, party: Party) -> bool:
        """P4: while claims hold, who has none waits."""
        return self.claiming and party.member not in self.claims

    def _has_turn(self, party: Party, stage: str) -> bool:
        return not self._must_not(party) and not (stage == "near" and party.lapsed > self.freed_n)

    def _never_fits(self, party: Party) -> bool:
        return self.capacity is not None and party.size > self.capacity

    def room_for(self, party: Party) -> int:
        """How many seats a party that asks now may have, those of who looks for a replacement last."""
        stage = self.stage
        if self._must_not(party):
            return 0
        called = self.called_at is not None and self.books.now < self.called_at + FIRST_TAP_LIFE
        behind = called and (not party.waiting or party.joined > self.called)
        if stage == "last":
            return 0 if behind else self.free + self.releasing
        held = self._others_first(party, stage)
        free = 0 if held else self.free
        more = held if stage == "far" else behind
        return free + (0 if more else self.releasing)

    def _others_first(self, party: Party, stage: str) -> bool:
        """B4: newcomers never overtake the line, in strict order."""
        if self._must_not(party):
            return True
        if self.series.fill_gaps or not self.free + self.releasing:
            return False
        before = (p for p in self.line if p is not party and (not party.waiting or self._sooner(p, party)))
        return any(self._has_turn(p, stage) and not self._never_fits(p) for p in before)

    @staticmethod
    def _sooner(one: Party, other: Party) -> bool:
        return (-one.priority, one.joined) < (-other.priority, other.joined)

    def tell(self, party: Party, kind: str) -> None:
        self.books.tell(party.member, kind, self)

    # what people do: each returns the answer they must get

    def party(self, member: Member) -> Party:
        return self.parties.get(member) or Party(member)

    def _off(self) -> str:
        if self.state == "off":
            return "cancelled"
        return "closed" if self.state == "over" or self.books.now >= self.end else ""

    def _standing(self, party: Party) -> str:
        return "offered" if party.offered else "waiting" if party.waiting else "booked"

    def _free_to_leave(self, party: Party) -> bool:
        now = self.books.now
        overfull = self.capacity is not None and self.booked + self.offered > self.capacity
        return now < self.deadline or ((party.asked or overfull) and now < self.start)

    def book(self, member: Member, guests: int = 0) -> str:
        party = self.party(member)
        if party.waiting + party.offered and (
            party.offered or (self.stage != "far" and self.room_for(party) >= party.waiting)
        ):
            return self.take(member)
        if party.size:
            return "already"
        if off := self._off():
            return off
        if self.books.now >= self.start - self.series.closes_before * MINUTE:
            return "closed"
        size = 1 + guests
        if self.capacity is not None and size > self.capacity:
            return "full"
        if size <= self.room_for(party):
            free = self._free_of(party)
            self._take_over(size - free)
            self.change(party, size, 0)
        else:
            self._wait(party, size)
        return self._standing(party)

    def _wait(self, party: Party, size: int) -> None:
        party.priority = int(self.claiming and party.member in self.claims)
        self.change(party, 0, size)
        self.fill(asking=party)

    def _free_of(self, party: Party) -> int:
        """Of the room there is for a party, the seats that are nobody's."""
        if self.stage == "last":
            return min(self.free, self.room_for(party))
        return 0 if self._others_first(party, self.stage) else self.free

    def set_guests(self, member: Member, guests: int) -> str:
        party = self.party(member)
        if not party.size:
            return "not-in"
        more = 1 + guests - party.size
        if not more:
            return "already"
        if more > 0:
            if off := self._off():
                return off
            if self.books.now >= self.start - self.series.closes_before * MINUTE:
                return "closed"
            if party.waiting + party.offered:
                if self.capacity is not None and 1 + guests > self.capacity:
                    return "full"
                self.change(party, party.seats, party.waiting + more, party.offered)
                self.fill(asking=party)
            elif more > self._free_of(party):
                return "full"
            else:
                self.change(party, party.seats + more, 0)
            return self._standing(party)
        waiting = max(0, party.waiting + more)
        offered = max(0, min(party.offered, 1 + guests - party.seats - waiting))
        seats = 1 + guests - waiting - offered
        if seats < party.seats:
            if off := self._off():
                return off
            if not self._free_to_leave(party):
                return "too-late"
        self.change(party, seats, waiting, offered)
        self.fill(asking=party)
        return self._standing(party)

    def leave(self, member: Member) -> str:
        party = self.party(member)
        return self._go(party) if party.size else "already"

    def _go(self, party: Party) -> str:
        if party.seats:
            if off := self._off():
                return off
            if not self._free_to_leave(party):
                return "too-late"
        self.change(party, 0, 0, answer="left")
        self.fill()
        return "left"

    def answer(self, member: Member, answer: str) -> str:
        """B13: maybe, or declined: no seat is held."""
        party = self.party(member)
        if off := self._off():
            return off
        if party.answer == answer:
            return "already"
        if party.seats and not self._free_to_leave(party):
            return "too-late"
        self.change(party, 0, 0, answer=answer)
        self.fill()
        return answer

    def take(self, member: Member) -> str:
        party = self.party(member)
        if not party.waiting + party.offered:
            return "already" if party.size else self.book(member)
        if off := self._off():
            return off
        if party.offered:
            self.change(party, party.seats + party.offered, party.waiting)
            return self._standing(party)
        room = self.room_for(party)
        if self.stage == "far" or not room:
            return "offer-over"
        if party.waiting > room:
            return "full"
        self._take_over(party.waiting - self._free_of(party))
        self.change(party, party.seats + party.waiting, 0)
        self.fill(asking=party)
        return self._standing(party)

    def hand_on(self, member: Member) -> str:
        party = self.party(member)
        if not party.offered:
            return "already"
        party.lapsed = self.books.tick_of_order()
        self.change(party, party.seats, party.waiting + party.offered, why="let go")
        self.fill()
        return "offer-declined" if party.waiting else self._standing(party)

    def find_replacement(self, member: Member) -> str:
        """B6: too late to leave freely, the seat stays theirs until somebody takes it."""
        party = self.party(member)
        if not party.seats:
            return self.leave(member)
        if off := self._off():
            return off
        if self._free_to_leave(party):
            return self._go(party)
        if self.books.now >= self.start:
            return "closed"
        if not party.replacing:
            self.change(party, party.seats, 0)
            party.replacing = self.books.tick_of_order()
            self._sought = True
            self.fill(asking=party)
        return "replacing" if party.seats else "left"

    def stay(self, member: Member) -> str:
        party = self.party(member)
        if not party.size:
            return "not-in"
        if off := self._off():
            return off
        if not party.asked:
            return "already"
        party.asked = False
        return "booked"

    # what organisers do

    def remove(self, member: Member) -> str:
        party = self.party(member)
        if not party.size:
            return "already"
        self.tell(party, "removed")
        self.change(party, 0, 0, answer="left")
        self.fill()
        return "left"

    def set_capacity(self, capacity: int | None) -> str:
        if capacity != self.capacity:
            before, released = self.free, self.releasing
            self.capacity = capacity
            self._sought = self._sought or bool(self.releasing and not released)
            if self.free > before:
                self._freed, self.freed_n = True, self.books.tick_of_order()
            self.fill()
        return "done"

    def cancel(self) -> str:
        if self.state == "on":
            self.state = "off"
            self.tidy()
            for party in self.concerned:
                self.tell(party, "cancelled")
        return "done"

    def restore(self) -> str:
        self.state = "on"
        for party in self.concerned:
            self.tell(party, "restored")
        self.tidy()
        return "done"

    def move(self, local: datetime) -> str:
        """S6: everything that hangs on the start begins again; each booked person is asked once a move."""
        was, start = self.start, instant(local, self.series.zone)
        if start == was:
            return "done"
        unheard = self.books.unheard_moves(self)
        self.start, self.edited, self.moved_at = start, True, self.books.now
        self.warned = self.decide_asked = False
        self.called_at = None
        for party in self.concerned:
            first = unheard.get(party.member, was)
            if party.seats:
                party.asked = first != start
            if first != start:
                self.books.tell(party.member, "moved", self, was=first, asks=party.seats > 0)
        self.books.watch(self)
        self.tidy()
        return "done"

    def seat_regular(self, member: Member) -> None:
        """B11: on every new date, like everybody's; what they once answered stands."""
        if member in self.parties or self.state != "on":
            return
        party = Party(member)
        self.tidy()
        if self._free_of(party):
            self.change(party, 1, 0)
        else:
            self._wait(party, 1)

    def settle(self, *, run: bool) -> str:
        """S7: an organiser's word, or the clock's."""
        if self.state == "off" or (run and self.decided):
            return "already"
        self.decided = True
        if not run:
            return self.cancel()
        if self.warned:
            for party in self.concerned:
                self.tell(party, "confirmed")
        return "done"

    def close_list(self, here: list[Member]) -> int:
        """B12: how many parties stayed away, those not counted that had looked for a replacement."""
        self.list_closed = True
        for party in self.parties.values():
            party.came = party.seats > 0 and party.member in here
        return sum(1 for p in self.parties.values() if p.seats and not p.replacing and not p.came)

    # what the clock does

    def look_at_minimum(self) -> None:
        now = self.books.now
        if not self.series.minimum or self.decided or self.state != "on" or now >= self.start:
            return
        if now < self.decides_at:
            warn_from = self.decides_at - self.series.warn_before * MINUTE
            if now >= warn_from and self.missing and not self.warned:
                self.warned = True
                for party in self.concerned:
                    self.books.tell(party.member, "minimum", self)
        elif not self.missing:
            self.settle(run=True)
        elif self.series.decide_by_itself and self._foreseen:
            self.settle(run=False)
        elif not self.decide_asked:
            self.decide_asked = True
            for organiser in self.series.club.organisers:
                self.books.tell(organiser, "decide", self)

    @property
    def _foreseen(self) -> bool:
        """People could know of the decision before its time came."""
        changes = (self.made_at, self.moved_at, self.series.updated_at)
        return all(at is None or self.decides_at > at for at in changes)

    def remind(self) -> None:
        """M4: who is booked, at the leads they chose, once each; of several that have passed the nearest is told, and
        none that is late by more than half its lead, or half a day."""
        now = self.books.now
        if self.state != "on" or now >= self.start:
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
                self.books.tell(member, "reminder", self, due=self._due(self.start - key[1] * MINUTE))

    def _due(self, moment: datetime) -> datetime:
        """When it had to be told: at its moment; or now, if it could not be then (blocked, or the date off)."""
        return moment if moment > self.books.looked_at else self.books.now

    def ask_who_has_not_answered(self) -> None:
        """M4, P5: once a date, at the longest lead of its series, before the deadline."""
        now = self.books.now
        if not self.series.remind_unanswered or self.state != "on":
            return
        moment = self.start - max(self.series.leads) * MINUTE
        if moment <= now < self.deadline:
            for member in self.series.club.members:
                if member not in self.parties and member not in self.nudged and not member.blocked:
                    self.nudged.add(member)
                    self.books.tell(member, "unanswered", self, due=self._due(moment))


# --- the books ---


class Books:
    """All dates, all letters, and one clock that only the driver sets."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.looked_at = now  # when the clock last did its duties
        self.dates: dict[int, Date] = {}
        self.coming: list[Date] = []
        self.expected: list[Expected] = []
        self._letters: list[Letter] = []
        self._wakes: list[datetime] = []
        self._order = 0
        self._announced: list[tuple[datetime, Announcement]] = []

    def tick_of_order(self) -> int:
        """Strictly rising: what comes first, comes first."""
        self._order += 1
        return self._order

    # the agenda: moments at which the clock itself does something

    def wake(self, at: datetime) -> None:
        heapq.heappush(self._wakes, at)

    def next_wake(self) -> datetime | None:
        while self._wakes and self._wakes[0] <= self.looked_at:
            heapq.heappop(self._wakes)
        return self._wakes[0] if self._wakes else None

    def watch(self, date: Date) -> None:
        """Put down when something comes to be by the clock alone around this date's start."""
        series, start = date.series, date.start
        # At its start and its deadlines nobody is told anything; what a card says then, it says as soon as it is looked at.
        minutes = {2 * 60, 24 * 60, series.announce_before, *series.leads}
        if series.minimum:
            minutes |= {series.decide_before, series.decide_before + series.warn_before}
        for before in minutes:
            self.wake(start - before * MINUTE)
        for party in date.parties.values():
            date.wake_for(party.member)
        self.wake(date.end)
        if date.claim_until:
            self.wake(date.claim_until)

    def add(self, date: Date) -> None:
        self.dates[date.id] = date
        self.coming.append(date)
        self.watch(date)

    def do_duties(self, *, regulars: bool) -> None:
        """What the clock does at this moment, in the order in which it must: what is over first."""
        for date in self.coming:
            if date.state == "on" and date.end <= self.now:
                date.state = "over"
        self.coming = [date for date in self.coming if date.end > self.now]
        if regulars:
            for date in self.coming:
                for member in date.series.regulars if date.start > self.now else ():
                    date.seat_regular(member)
        near = [date for date in self.coming if date.start <= self.now + 15 * DAY]
        for date in self.coming:
            if date.state == "on" and any(p.waiting + p.offered for p in date.parties.values()):
                date.tidy()
        for date in near:
            date.look_at_minimum()
        for date in near:
            date.remind()
            date.ask_who_has_not_answered()
        for at, announcement in self._announced:
            if at <= self.now:
                self.send_announcement(announcement)
        self._announced = [one for one in self._announced if one[0] > self.now]
        self.looked_at = self.now

    def send_announcement(self, announcement: Announcement) -> None:
        self.tell(announcement.club, "announcement", announcement)
        for member in announcement.club.members:
            if not member.blocked and "announcements" not in member.muted:
                self.tell(member, "announcement", announcement)

    def announce(self, announcement: Announcement, at: datetime) -> None:
        self._announced.append((at, announcement))
        self.wake(at)

    # letters

    def tell(
        self,
        to: Member | Club,
        kind: str,
        about: Date | Announcement,
        *,
        due: datetime | None = None,
        was: datetime | None = None,
        asks: bool = False,
    ) -> None:
        start = about.start if isinstance(about, Date) else None
        self._letters.append(Letter(to, kind, about, due or self.now, was=was, start=start, asks=asks))

    def unheard_moves(self, date: Date) -> dict[Member, datetime]:
        """Moves that nobody was told of yet: they are told together with the next."""
        waits = [one for one in self._letters if one.kind == "moved" and one.about is date]
        self._letters = [one for one in self._letters if one not in waits]
        return {one.to: one.was for one in waits if isinstance(one.to, Member) and one.was}

    def post(self) -> list[Letter]:
        """Letters that are due go out, these; what can wait for the morning does, and what is no longer so is not told."""
        kept, gone = [], []
        for letter in self._letters:
            if letter.due > self.now:
                kept.append(letter)
            elif self._holds(letter):
                morning = self._morning(letter)
                if morning is None:
                    gone.append(letter)
                    title = letter.about.title if isinstance(letter.about, Date) else ""
                    since = letter.due
                    self.expected.append(
                        Expected(letter.to, letter.kind, letter.about, since, since + PROMPT, title)
                    )
                else:
                    kept.append(replace(letter, due=morning))
                    self.wake(morning)
        self._letters = kept
        return gone

    def _morning(self, letter: Letter) -> datetime | None:
        """When it is told instead of now: in the reader's own zone, else the event's, else the club's."""
        if letter.kind not in CAN_WAIT:
            return None
        about = letter.about
        theirs = about.series.zone if isinstance(about, Date) else about.club.zone
        morning = morning_after(self.now, letter.to.zone or theirs)
        if morning is None or (isinstance(about, Date) and morning + HOUR > about.start):
            return None  # what is told in the morning must still be of use
        return morning

    def _holds(self, letter: Letter) -> bool:
        """M3, M5, and whether it would still be true."""
        date = letter.about
        if not isinstance(letter.to, Member):
            return True
        if letter.to.blocked or SPARED_BY.get(letter.kind) in letter.to.muted:
            return False
        if not isinstance(date, Date):
            return True
        party = date.party(letter.to)
        on = date.state == "on" and self.now < date.end
        as_it_was = on and self.now < date.start and date.start == letter.start
        match letter.kind:
            case "reminder":
                return as_it_was and party.seats > 0
            case "unanswered":
                return as_it_was and not party.answer and self.now < date.deadline
            case "moved":
                return on and not (letter.asks and not party.seats)
            case "minimum" | "decide":
                return on and not date.decided and date.missing > 0
            case "cancelled":
                return date.state == "off"
            case "lapsed":
                return on and party.waiting > 0
            case "first-tap":
                return on and party.waiting > 0 and date.free + date.releasing > 0
        return True


Key = tuple[Member | Club, str, Date | Announcement]


def by_person(expected: list[Expected]) -> dict[Key, list[Expected]]:
    """Under whom, what kind and about what; each in the order of time."""
    found: dict[Key, list[Expected]] = defaultdict(list)
    for one in sorted(expected, key=lambda e: e.since):
        found[one.to, one.kind, one.about].append(one)
    return found
