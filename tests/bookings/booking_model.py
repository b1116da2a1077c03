"""A second reading of RULES B and W, written from their sentences alone: who sits, who waits, in what order, and the log.

Everything is a list or a dictionary; nothing is clever. `No` is a refusal, with the word screens know it by.
"""

from dataclasses import dataclass, field

Row = tuple[
    int, int | None, str, int, int, int, int
]  # who, by, via, seats and waiting before, after
Said = tuple[str, int | None]  # kind of answer, place in line


class No(Exception):
    pass


@dataclass
class Club:
    capacity: int | None
    guests_max: int
    gaps: bool
    seats: dict[int, int] = field(default_factory=dict)
    waits: dict[int, int] = field(default_factory=dict)
    answer: dict[int, str] = field(default_factory=dict)
    line: list[int] = field(default_factory=list)
    log: list[Row] = field(default_factory=list)

    def size(self, who: int) -> int:
        return self.seats.get(who, 0) + self.waits.get(who, 0)

    def free(self) -> float:
        if self.capacity is None:
            return float("inf")
        return max(0, self.capacity - sum(self.seats.values()))

    def fits_empty_room(self, size: int) -> bool:
        return self.capacity is None or size <= self.capacity

    def held_back(self) -> bool:
        """B4: newcomers never overtake the queue, while someone waits who could be seated."""
        return not self.gaps and any(self.fits_empty_room(self.size(who)) for who in self.line)

    def move(
        self, who: int, by: int | None, via: str, seats: int, waits: int, answer: str = "in"
    ) -> None:
        """B8: every change writes one row; W1: the line is in order of joining."""
        was = self.seats.get(who, 0), self.waits.get(who, 0)
        self.log.append((who, by, via, was[0], was[1], seats, waits))
        self.seats[who], self.waits[who], self.answer[who] = seats, waits, answer
        if waits and who not in self.line:
            self.line.append(who)
        elif not waits and who in self.line:
            self.line.remove(who)

    def fill(self) -> None:
        """W1, W2: strictly in order, or the earliest that fits; who cannot fit into the room at all holds nobody back."""
        for who in list(self.line):
            if self.waits[who] <= self.free():
                self.move(who, None, "promotion", self.size(who), 0)
            elif not self.gaps and self.fits_empty_room(self.size(who)):
                break

    def standing(self, who: int, kind: str = "") -> Said:
        place = self.line.index(who) + 1 if who in self.line else None
        return kind or ("waiting" if place else "booked"), place

    def guests_allowed(self, guests: int, was: int = 0) -> None:
        if not 0 <= guests <= max(self.guests_max, was):
            raise No("invalid")

    def book(self, who: int, by: int, via: str, guests: int = 0) -> Said:
        if self.size(who):
            return self.standing(who, "already")  # B2
        self.guests_allowed(guests)
        size = 1 + guests
        if not self.fits_empty_room(size):
            raise No("full")
        seated = size <= self.free() and not self.held_back()  # B1: whole or not at all
        self.move(who, by, via, *((size, 0) if seated else (0, size)))
        return self.standing(who)

    def add_guest(self, who: int, by: int, via: str) -> Said:
        size = self.size(who)
        return self.set_guests(who, by, via, size) if size else self.book(who, by, via, 1)

    def set_guests(self, who: int, by: int, via: str, guests: int, organiser: bool = False) -> Said:
        """B7: as room allows; a party in line grows in its place; seats waited for go before seats held."""
        if not self.size(who):
            raise No("not-in")
        self.guests_allowed(guests, was=self.size(who) - 1)
        more = 1 + guests - self.size(who)
        if not more:
            return self.standing(who, "already")
        if more > 0 and self.waits[who]:
            if not self.fits_empty_room(1 + guests):
                raise No("full")
            self.move(who, by, via, self.seats[who], self.waits[who] + more)
        elif more > 0:
            if more > self.free() or (self.held_back() and not organiser):
                raise No("full")
            self.move(who, by, via, self.seats[who] + more, 0)
        else:
            waits = max(0, self.waits[who] + more)
            self.move(who, by, via, 1 + guests - waits, waits)
            self.fill()
        return self.standing(who)

    def leave(self, who: int, by: int, via: str, answer: str = "left") -> Said:
        """B6; `maybe` and `declined` (B13) hold no seat either."""
        if self.answer.get(who) == answer or (answer == "left" and not self.size(who)):
            return "already", None
        self.move(who, by, via, 0, 0, answer)
        self.fill()
        return answer, None

    def take_free(self, who: int, by: int, via: str) -> Said:
        """W1: the first in line may take what is free now and keep the rest waiting."""
        if not self.waits.get(who):
            return self.book(who, by, via)
        take = int(min(self.waits[who], self.free()))
        if not take or self.line[0] != who:
            raise No("full")
        self.move(who, by, via, self.seats[who] + take, self.waits[who] - take)
        self.fill()
        return self.standing(who)

    def seat(self, who: int, by: int, via: str, guests: int, over: bool) -> Said:
        """B10, B3: an organiser's hand passes the line, and with an OWNER's word the number of seats."""
        if self.seats.get(who) and not self.waits[who]:
            return self.standing(who, "already")
        wanted = self.waits.get(who)
        if not wanted:
            self.guests_allowed(guests)
            wanted = 1 + guests
        if wanted > self.free() and not over:
            raise No("full")
        self.move(who, by, via, self.seats.get(who, 0) + wanted, 0)
        return self.standing(who)

    def set_capacity(self, capacity: int | None) -> Said:
        """W4: raising fills, lowering removes nobody."""
        self.capacity = capacity
        self.fill()
        return "done", None
