"""A second reading of docs/RULES.md B, W and P4, written from their sentences alone: who sits, who waits, for
whom a seat is held, in what order, the log, and every message, by a driven clock.

Everything is a list or a dictionary; nothing is clever. `No` is a refusal, with the word screens know it by.
The club is in Helsinki in November: its wall clocks are two hours ahead of UTC.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend import clock

# Who acted and through what; seats, waiting and offered seats before; the same after.
Row = tuple[int | None, str, int, int, int, int, int, int]
Result = tuple[str, int | None]  # kind of answer, place in line
Message = tuple[str, int | None, datetime | None]  # kind, about how many seats, until when

OFFSET = timedelta(hours=2)
FIVE_MINUTES = timedelta(minutes=5)


class No(Exception):
    pass


def minutes(n: int) -> timedelta:
    return timedelta(minutes=n)


def offer_ends(at: datetime, life: timedelta) -> datetime:
    """W3: an offer's time runs from 8 to 22 by the clock on the club's wall."""
    wall = at + OFFSET
    while True:
        morning = wall.replace(hour=8, minute=0, second=0, microsecond=0)
        evening = wall.replace(hour=22, minute=0, second=0, microsecond=0)
        if wall >= evening:
            wall = morning + timedelta(days=1)
            continue
        wall = max(wall, morning)
        if wall + life <= evening:
            return wall + life - OFFSET
        life -= evening - wall
        wall = evening


@dataclass
class AccountView:
    capacity: int | None
    guests_max: int
    gaps: bool
    starts: datetime
    ends: datetime
    free_until: datetime  # B6: the deadline of leaving
    claim_until: datetime | None = None
    claimers: frozenset[int] = frozenset()
    cancelled: bool = False
    seats: dict[int, int] = field(default_factory=dict)
    waits: dict[int, int] = field(default_factory=dict)
    held: dict[int, int] = field(default_factory=dict)
    until: dict[int, datetime] = field(default_factory=dict)  # of the offers
    answer: dict[int, str] = field(default_factory=dict)
    seated: dict[int, datetime] = field(default_factory=dict)
    first: set[int] = field(default_factory=set)  # the parties before the others in line
    joined: list[int] = field(default_factory=list)  # the parties in line, by the moment of joining
    passed: set[int] = field(default_factory=set)  # parties that let a seat go by, until another comes free
    looking: list[int] = field(default_factory=list)  # for a replacement, the longest first
    called_at: datetime | None = None
    called: set[int] = field(default_factory=set)
    told: tuple[int | None, int] = (
        None,
        0,
    )  # who was told of a part of what they wait for, and what is left of it
    news: bool = False  # a seat came free, or is to be taken over, that nobody was notified of
    sought: bool = False
    log: dict[int, list[Row]] = field(default_factory=lambda: defaultdict(list))
    messages: dict[int, list[Message]] = field(default_factory=lambda: defaultdict(list))

    # --- what is ---

    def size(self, who: int) -> int:
        return self.seats.get(who, 0) + self.waits.get(who, 0) + self.held.get(who, 0)

    def line(self) -> list[int]:
        """W1: priority, then the moment of joining; a party with an offer for everything stands aside."""
        return [who for who in self.in_line() if self.waits[who]]

    def in_line(self) -> list[int]:
        """All who have a place, with those for whom seats are held."""
        return sorted(self.joined, key=lambda who: who not in self.first)

    def place(self, who: int) -> int | None:
        return self.in_line().index(who) + 1 if self.waits.get(who) else None

    def given(self) -> int:
        return sum(self.seats.values()) + sum(self.held.values())

    def free(self) -> float:
        return float("inf") if self.capacity is None else max(0, self.capacity - self.given())

    def over(self) -> int:
        return 0 if self.capacity is None else max(0, self.given() - self.capacity)

    def releasing(self) -> int:
        return sum(self.seats[who] for who in self.looking)

    def replaceable(self) -> int:
        """W4: none while more are given than there are."""
        return 0 if self.over() else self.releasing()

    def fits_empty_room(self, size: int) -> bool:
        return self.capacity is None or size <= self.capacity

    def stage(self, at: datetime | None = None) -> str:
        """W3, with its defaults: a day, thirty minutes, two hours; where the night leaves no time for an
        offer, first tap."""
        at = at or clock.now()
        if at < self.starts - minutes(24 * 60):
            return "automatic"
        late = at >= self.starts - minutes(120) or offer_ends(at, minutes(30)) >= self.starts
        return "first tap" if late else "offer"

    def off(self) -> bool:
        return self.cancelled or clock.now() >= self.starts

    def may_claim(self, who: int) -> bool:
        """P4: until the claim ends only who has one may take seats."""
        claiming = self.claim_until is not None and clock.now() < self.claim_until
        return not claiming or who in self.claimers

    def comes_later(self, who: int) -> bool:
        """W3: for five minutes only the taps of parties that waited when all were notified count."""
        calling = self.called_at is not None and clock.now() < self.called_at + FIVE_MINUTES
        return calling and who not in self.called

    def before(self, who: int) -> list[int]:
        line = self.line()
        return line[: line.index(who)] if who in line else line

    def held_back(self, who: int) -> bool:
        """B4: nobody overtakes the queue, while someone before them waits who could be seated."""
        passed = self.passed if self.stage() != "automatic" else set()
        return not self.gaps and any(
            self.may_claim(other) and other not in passed and self.fits_empty_room(self.size(other))
            for other in self.before(who)
        )

    def room(self, who: int) -> tuple[float, int]:
        """Seats that may be had now: free ones, and those whose holders look for a replacement (B6)."""
        if not self.may_claim(who):
            return 0, 0
        if self.stage() == "first tap":
            return (0, 0) if self.comes_later(who) else (self.free(), self.replaceable())
        back = self.held_back(who)
        later = back if self.stage() == "automatic" else self.comes_later(who)
        return 0 if back else self.free(), 0 if later else self.replaceable()

    # --- what happens ---

    def move(
        self,
        who: int,
        by: int | None,
        via: str,
        seats: int,
        waits: int,
        held: int = 0,
        answer: str = "in",
        frees: str = "for all",
    ) -> None:
        """B8: every change writes one row. A seat that comes free is news, and is for those too who let one
        go by."""
        was = self.seats.get(who, 0), self.waits.get(who, 0), self.held.get(who, 0)
        self.log[who].append((by, via, *was, seats, waits, held))
        before = self.replaceable()
        if seats + held < was[0] + was[2] and frees != "nothing":
            self.news = True
            if frees == "for all":
                self.passed.clear()
        if seats and not was[0]:
            self.seated[who] = clock.now()
        self.seats[who], self.waits[who], self.held[who] = seats, waits, held
        self.answer[who] = answer
        if waits + held and who not in self.joined:
            self.joined.append(who)
        if not waits + held:
            if who in self.joined:
                self.joined.remove(who)
            for some in (self.first, self.passed, self.called):
                some.discard(who)
        if not held:
            self.until.pop(who, None)
        if not seats and who in self.looking:
            self.looking.remove(who)
        if self.replaceable() and not before:
            self.sought = True
        self.told = self.told[0], int(min(self.told[1], self.free() + self.replaceable()))

    def notify(self, who: int, kind: str, n: int | None = None) -> None:
        self.messages[who].append((kind, n, self.until.get(who)))

    def open(self) -> None:
        """What the clock has done is found by whoever comes next (W3)."""
        self.news = self.sought = False  # of what is done now
        for who in [w for w in self.joined if self.held[w]]:
            if not self.off() and self.until[who] > clock.now():
                continue
            waits = self.waits[who] + self.held[who]
            self.move(who, None, "system", self.seats[who], waits, frees="for others")
            if self.off():
                self.passed.discard(who)
            else:
                self.passed.add(who)
                self.notify(who, "lapsed")
        self.fill()

    def fill(self, asking: int | None = None) -> None:
        """W1–W3: the first in line is seated, or gets an offer, or all are notified; `asking` gets it
        as an answer."""
        if self.off():
            if self.news:
                self.called_at = None
            return
        if self.free() + self.replaceable():
            self.give_all(asking)
        self.tell_of_a_part(asking)

    def tell_of_a_part(self, asking: int | None) -> None:
        """W1: whoever goes first may take what is free and wait for the rest; once for as many seats."""
        able = [
            who
            for who in self.line()
            if self.may_claim(who)
            and self.fits_empty_room(self.size(who))
            and not (self.stage() == "offer" and who in self.passed)
        ]
        n = self.free() + (self.replaceable() if self.stage() == "automatic" else 0)
        now = (able[0], int(n)) if able and n and self.stage() != "first tap" else (None, 0)
        was, self.told = self.told, now
        if now[0] is not None and now[0] != asking and (now[0] != was[0] or now[1] > was[1]):
            self.notify(now[0], "part-free", now[1])

    def give_all(self, asking: int | None) -> None:
        stage = self.stage()
        if stage == "first tap":
            if self.news or self.sought or not self.known():
                self.call(asking)
            return
        for who in self.line():
            if not self.may_claim(who) or (stage == "offer" and who in self.passed):
                continue
            wanted, may = self.waits[who], self.replaceable() if stage == "automatic" else 0
            if wanted <= self.free() + may:
                self.take_over(wanted - self.free(), asking)
                self.give(who, stage, asking)
            elif not self.gaps and self.fits_empty_room(self.size(who)):
                break
        if stage == "offer" and self.replaceable() and (self.sought or not self.known()):
            self.call(asking)

    def give(self, who: int, stage: str, asking: int | None) -> None:
        wanted, seats, held = self.waits[who], self.seats[who], self.held[who]
        if stage == "automatic" or (who == asking and not held):
            self.move(who, None, "promotion", seats + wanted, 0, held)
            if who != asking:
                self.notify(who, "promoted", seats + wanted)
            return
        self.move(who, None, "promotion", seats, 0, held + wanted)
        self.until[who] = offer_ends(clock.now(), minutes(30))
        if who != asking:
            self.notify(who, "offer", held + wanted)

    def known(self) -> bool:
        """Whether all who may tap have been notified in these last hours, and since a claim ended."""
        if self.called_at is None:
            return False
        if self.claim_until is not None and self.called_at < self.claim_until <= clock.now():
            return False
        return self.stage() != "first tap" or self.stage(self.called_at) == "first tap"

    def call(self, asking: int | None) -> None:
        waiting = [who for who in self.line() if self.may_claim(who)]
        self.news = self.sought = False
        if waiting:
            self.called_at, self.called = clock.now(), set(self.joined)
        for who in waiting:
            if who != asking:
                self.notify(who, "first-tap", int(min(10**6, self.free()) + self.replaceable()))

    def take_over(self, seats: float, asking: int | None = None) -> None:
        """B6: who looks longest gives first."""
        for giver in list(self.looking):
            taken = int(max(0, min(seats, self.seats[giver])))
            if taken > 0:
                left, seats = self.seats[giver] - taken, seats - taken
                answer = "in" if left else "left"
                self.move(giver, None, "promotion", left, 0, 0, answer, frees="nothing")
                if left or giver != asking:
                    self.notify(giver, "replaced", taken)

    # --- what stands in the way ---

    def not_over(self) -> None:
        if self.cancelled:
            raise No("cancelled")
        if clock.now() >= self.ends:
            raise No("closed")

    def open_for_booking(self) -> None:
        self.not_over()
        if clock.now() >= self.starts:
            raise No("closed")

    def guests_allowed(self, guests: int, was: int = 0) -> None:
        if not 0 <= guests <= max(self.guests_max, was):
            raise No("invalid")

    def leaving_is_free(self, who: int) -> bool:
        """B6: also later within five minutes of having been seated; and W4: while there are too few seats."""
        now = clock.now()
        undoes = bool(self.seats.get(who)) and now < self.seated[who] + FIVE_MINUTES
        return now < self.free_until or undoes or bool(self.over() and now < self.starts)

    def free_to_leave(self, who: int) -> None:
        if self.seats.get(who):
            self.not_over()
            if not self.leaving_is_free(who):
                raise No("too-late")

    # --- results ---

    def standing(self, who: int) -> Result:
        if self.held.get(who):
            return "offered", None
        return "waiting" if self.waits[who] else "booked", self.place(who)

    def already(self, who: int) -> Result:
        self.not_over()
        return "already", self.place(who)

    # --- the verbs ---

    def book(self, who: int, by: int, via: str, guests: int = 0) -> Result:
        """B1–B4; whoever taps Join while a seat is to be had takes it."""
        if who in self.joined and (
            self.held[who] or (self.stage() != "automatic" and sum(self.room(who)) >= self.waits[who])
        ):
            return self.take(who, by, via)
        if self.size(who):
            return self.already(who)  # B2
        self.open_for_booking()
        self.guests_allowed(guests)
        size = 1 + guests
        if not self.fits_empty_room(size):
            raise No("full")
        free, others = self.room(who)
        if size <= free + others:  # B1: whole or not at all
            self.take_over(size - free)
            self.move(who, by, via, size, 0)
        else:
            self.wait(who, by, via, size)
        return self.standing(who)

    def wait(self, who: int, by: int, via: str, size: int) -> None:
        if self.claim_until and clock.now() < self.claim_until and who in self.claimers:
            self.first.add(who)
        self.move(who, by, via, 0, size)
        self.fill(asking=who)

    def add_guest(self, who: int, by: int, via: str) -> Result:
        size = self.size(who)
        return self.set_guests(who, by, via, size) if size else self.book(who, by, via, 1)

    def set_guests(self, who: int, by: int, via: str, guests: int, organiser: bool = False) -> Result:
        """B7: as room allows; a party in line grows in its place; what is waited for goes first, then what is
        held."""
        if not self.size(who):
            raise No("not-in")
        self.guests_allowed(guests, was=self.size(who) - 1)
        size, more = 1 + guests, 1 + guests - self.size(who)
        if not more:
            return self.already(who)
        if more > 0:
            self.not_over() if organiser else self.open_for_booking()
        if more > 0 and who in self.joined:
            if not self.fits_empty_room(size):
                raise No("full")
            self.move(who, by, via, self.seats[who], self.waits[who] + more, self.held[who])
            self.fill(asking=who)
        elif more > 0:
            if more > (self.free() if organiser else self.room(who)[0]):
                raise No("full")
            self.move(who, by, via, self.seats[who] + more, 0)
        else:
            away = -more
            waits = max(0, self.waits[who] - away)
            away -= self.waits[who] - waits
            held = max(0, self.held[who] - away)
            away -= self.held[who] - held
            if away and not organiser:
                self.free_to_leave(who)
            self.move(who, by, via, self.seats[who] - away, waits, held)
            self.fill(asking=who)
        return self.standing(who)

    def leave(self, who: int, by: int, via: str) -> Result:
        """B6"""
        if not self.size(who):
            return "already", None
        self.free_to_leave(who)
        self.move(who, by, via, 0, 0, answer="left")
        self.fill()
        return "left", None

    def stop_waiting(self, who: int, by: int, via: str) -> Result:
        """B6: out of the line at any time, with the seats that are theirs."""
        if not self.seats.get(who):
            return self.leave(who, by, via)
        if who not in self.joined:
            return self.already(who)
        self.move(who, by, via, self.seats[who], 0)
        self.fill()
        return "booked", None

    def answer_with(self, who: int, by: int, via: str, answer: str) -> Result:
        """B13: `maybe` and `declined` hold no seat."""
        self.not_over()
        if self.answer.get(who) == answer:
            return "already", None
        self.free_to_leave(who)
        self.move(who, by, via, 0, 0, answer=answer)
        self.fill()
        return answer, None

    def remove(self, who: int, by: int, via: str) -> Result:
        if not self.size(who):
            return "already", None
        self.notify(who, "removed")
        self.move(who, by, via, 0, 0, answer="left")
        self.fill()
        return "left", None

    def take_free(self, who: int, by: int, via: str) -> Result:
        """W1: a waiting party takes what is free now and waits for the rest."""
        if self.held.get(who):
            return self.take(who, by, via)
        if not self.waits.get(who):
            return self.already(who) if self.size(who) else self.book(who, by, via)
        self.not_over()
        free, others = self.room(who)
        take = int(min(self.waits[who], free + others))
        behind = any(self.may_claim(one) and self.fits_empty_room(self.size(one)) for one in self.before(who))
        if not take or (self.stage() == "automatic" and behind):
            if self.seats[who]:
                return self.already(who)
            raise No("full")
        self.take_over(take - free)
        self.move(who, by, via, self.seats[who] + take, self.waits[who] - take)
        self.fill(asking=who)
        return self.standing(who)

    def take(self, who: int, by: int, via: str) -> Result:
        """W3: what is held; or what the first tap has, whole."""
        if who not in self.joined:
            return self.already(who) if self.size(who) else self.book(who, by, via)
        self.not_over()
        if self.held[who]:
            self.move(who, by, via, self.seats[who] + self.held[who], self.waits[who])
            return self.standing(who)
        free, others = self.room(who)
        if self.stage() == "automatic" or not free + others:
            raise No("offer-over")
        if self.waits[who] > free + others:
            raise No("full")
        self.take_over(self.waits[who] - free)
        self.move(who, by, via, self.seats[who] + self.waits[who], 0)
        self.fill(asking=who)
        return self.standing(who)

    def decline_offer(self, who: int, by: int, via: str) -> Result:
        """W3: to the next in line, keeping one's own place."""
        if not self.held.get(who):
            return self.already(who)
        waits = self.waits[who] + self.held[who]
        self.move(who, by, via, self.seats[who], waits, frees="for others")
        self.passed.add(who)
        self.fill()
        return "offer-declined", self.place(who)

    def replace(self, who: int, by: int, via: str) -> Result:
        """B6: the seat stays theirs until the queue takes it; while leaving is free, leaves."""
        if not self.seats.get(who):
            return self.leave(who, by, via)
        self.not_over()
        if self.leaving_is_free(who):
            return self.leave(who, by, via)
        if clock.now() >= self.starts:
            raise No("closed")
        if who not in self.looking:
            self.move(who, by, via, self.seats[who], 0)
            self.looking.append(who)
            self.sought = True
            self.fill(asking=who)
        return ("replacing" if self.seats[who] else "left"), None

    def keep(self, who: int, by: int, via: str) -> Result:
        self.not_over()
        if not self.size(who):
            raise No("not-in")
        if who not in self.looking:
            return self.already(who)
        self.move(who, by, via, self.seats[who], self.waits[who])
        self.looking.remove(who)
        return self.standing(who)

    def regular(self, who: int, by: int, via: str) -> Result:
        """B11: a standing seat, or in line like everybody's; any answer given stands."""
        if who in self.answer:
            return "already", None
        self.not_over()
        if self.room(who)[0]:
            self.move(who, by, via, 1, 0)
        else:
            self.wait(who, by, via, 1)
        return self.standing(who)

    def seat(self, who: int, by: int, via: str, guests: int, over: bool, word: str = "seated") -> Result:
        """B10, B3: an organiser's hand passes the line, and with an OWNER's word the number of seats."""
        self.not_over()
        if self.seats.get(who) and who not in self.joined:
            return self.already(who)
        wanted = self.size(who) - self.seats.get(who, 0)
        if not wanted:
            self.guests_allowed(guests)
            wanted = 1 + guests
        if wanted > self.free() + self.held.get(who, 0) and not over:
            raise No("full")
        self.move(who, by, via, self.seats.get(who, 0) + wanted, 0)
        self.notify(who, word)
        return self.standing(who)

    def to_line(self, who: int, by: int, via: str) -> Result:
        """W4: where more are booked than there is room for, to the head of the line."""
        self.not_over()
        if not self.seats.get(who):
            return self.already(who)
        if not self.over():
            raise No("refused")
        self.first.add(who)
        self.move(who, by, via, 0, self.size(who))
        self.notify(who, "to-line")
        self.fill()
        return self.standing(who)

    def set_capacity(self, capacity: int | None) -> Result:
        """W4: raising fills, lowering removes nobody."""
        if capacity != self.capacity:
            before, replaceable = self.free(), self.replaceable()
            self.capacity = capacity
            self.sought = self.sought or bool(self.replaceable() and not replaceable)
            if self.free() > before:
                self.news = True
                self.passed.clear()
            self.fill()
        return "done", None

    # --- S5 ---

    def cancel(self) -> None:
        self.switch(True, "cancelled")

    def restore(self) -> None:
        self.switch(False, "restored")

    def switch(self, cancelled: bool, kind: str) -> None:
        """S5: until its start; everyone booked, waiting or "maybe" is notified; offers end, and are made anew."""
        if clock.now() >= self.starts:
            raise No("closed")
        if self.cancelled == cancelled:
            return
        self.cancelled = cancelled
        for who, answer in self.answer.items():
            if answer in ("in", "maybe"):
                self.messages[who].append((kind, None, None))
        self.open()
