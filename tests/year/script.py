"""The year as it is played: a literal description of clubs and their series, and a seeded generator of what people do.

The generator looks at the reckoning's books (never at the product) to let people do what they would: who has a seat may
leave it, who is offered one may take it. The same seed gives the same year.
"""

import heapq
import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.year.reckoning import DAY, HOUR, MINUTE, Books, Club, Date, Letter, Member, Series

ZONES = (
    "Europe/Helsinki",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kathmandu",  # UTC+05:45, and never another
    "Pacific/Auckland",
)
HOURS = 60  # minutes

# One line a series; each is held in every zone. The first four are the short year's.
SERIES: tuple[tuple[str, str, time, dict[str, Any]], ...] = (
    ("Evening flow yoga", "week", time(18), {"length": 90, "capacity": 4, "guests_max": 1, "cancel_before": 12 * HOURS}),
    ("Padel Americano", "week", time(19, 30), {"length": 90, "capacity": 3, "cancel_before": 24 * HOURS}),
    ("Pottery", "fortnight", time(18), {"length": 90, "capacity": 6, "guests_max": 1, "minimum": 4, "decide_by_itself": True}),
    ("Reading circle", "month", time(19, 30), {"length": 90, "capacity": 5, "guests_max": 2, "fill_gaps": True, "remind_unanswered": True}),
    ("Sunday run", "fortnight", time(9, 30), {"length": 60, "capacity": None, "guests_max": 2}),
    ("Climbing", "fortnight", time(18), {"length": 90, "capacity": 5, "guests_max": 2, "fill_gaps": True, "cancel_before": 2 * HOURS}),
    ("Choir", "fortnight", time(18), {"length": 90, "capacity": 30, "leads": (3 * HOURS,)}),
    ("Workshop", "fortnight", time(18), {"length": 90, "capacity": 2, "closes_before": 60, "cancel_before": 48 * HOURS}),
    ("Long table", "month", time(19, 30), {"length": 150, "capacity": 12, "guests_max": 2, "minimum": 6, "decide_before": 48 * HOURS}),
    ("Board games", "month", time(19, 30), {"length": 150, "capacity": 16, "guests_max": 3, "leads": (48 * HOURS, 24 * HOURS, 2 * HOURS)}),
    ("Sauna for one", "once", time(18), {"length": 90, "capacity": 1}),
    ("Day in the woods", "once", time(9, 30), {"length": 480, "capacity": 15, "guests_max": 3, "minimum": 5, "decide_by_itself": True}),
)  # fmt: skip
LEADS = (None, (), (60,), (24 * HOURS,), (3 * 24 * HOURS, 3 * HOURS), (12 * HOURS, 45))
MUTES = ("reminders", "nudges", "announcements")


@dataclass(frozen=True)
class Plan:
    """How long a year is, and how big."""

    series_of_each_zone: int
    zones: tuple[str, ...]
    members: int
    begins: datetime
    weeks: int
    acts_a_day: int
    seed: int = 3


SHORT = Plan(4, ZONES[:2], 40, datetime(2026, 10, 5, 6, tzinfo=UTC), 8, 12)
WHOLE = Plan(12, ZONES, 400, datetime(2026, 1, 12, 6, tzinfo=UTC), 52, 12)


@dataclass(frozen=True)
class Act:
    """Somebody does something: `verb` is a method of the driver, `who` does it, to `date` or `club`, with `value`."""

    verb: str
    who: Member
    date: Date | None = None
    club: Club | None = None
    value: Any = None
    tapped: bool = False  # on the card in the group, instead of in the app


def clubs_of(plan: Plan) -> tuple[list[Club], list[Series]]:
    """The clubs, one in each zone, their members (some in two clubs) and their series."""
    rng = random.Random(plan.seed)
    clubs, series = [], []
    for n, zone in enumerate(plan.zones):
        club = Club(f"Club of {zone.split('/')[1].replace('_', ' ')}", zone)
        each = plan.members // len(plan.zones)
        club.members = [Member(f"P{n}x{i}") for i in range(each)]
        club.organisers = club.members[: 1 + n % 2]
        for title, every, at, more in SERIES[: plan.series_of_each_zone]:
            first = plan.begins.date() + timedelta(days=rng.randrange(2, 12 if every == "week" else 26))
            if every == "once":
                first += timedelta(weeks=rng.randrange(2, max(3, plan.weeks - 6)))
            series.append(Series(club, title, zone, datetime.combine(first, at), every, **more))
        clubs.append(club)
    visitors = [club.members[-2:] for club in clubs]
    for club, theirs in zip(clubs, [*visitors[1:], visitors[0]], strict=True):
        club.members += theirs
    for member in {member: None for club in clubs for member in club.members}:
        member.zone = rng.choice((None, None, None, None, None, rng.choice(plan.zones)))
        member.leads = rng.choice((None, None, rng.choice(LEADS)))
        member.muted = {rng.choice(MUTES)} if rng.random() < 0.15 else set()
    return clubs, series


# What people do of themselves, and how often compared with each other.
WEIGHTS = {
    "book": 60, "leave": 9, "maybe": 4, "decline": 4, "guests": 6, "find_replacement": 7, "take": 1, "hand_on": 1,
    "remove": 1, "capacity": 1.5, "cancel": 0.8, "restore": 1, "move": 1.2, "edit_one": 0.8, "edit_following": 0.4, "edit_whole": 0.4,
    "make_regular": 0.8, "end_regular": 0.4, "block": 0.8, "come_back": 1.2, "mute": 0.6, "choose_leads": 1,
    "announce": 0.5, "hold_poll": 0.25,
}  # fmt: skip


class Script:
    """What happens next, act by act."""

    def __init__(self, plan: Plan, clubs: list[Club], series: list[Series], books: Books) -> None:
        self.plan, self.clubs, self.series, self.books = plan, clubs, series, books
        self._rng = random.Random(plan.seed * 7919)
        self._agenda: list[tuple[datetime, int, Act | None]] = []
        self._n = 0
        self._closing: set[int] = set()
        self._plan_day(plan.begins)

    # the agenda

    def _at(self, at: datetime, act: Act | None) -> None:
        """Put down an act, or (None) that somebody does something that is chosen only then."""
        self._n += 1
        heapq.heappush(self._agenda, (at, self._n, act))

    def next_at(self) -> datetime:
        return self._agenda[0][0]

    def next(self) -> Act | None:
        """What is done now; None when it cannot be done any more, or nobody feels like it."""
        at, _, act = heapq.heappop(self._agenda)
        if act is not None:
            return act
        if at.time() == self.plan.begins.time():
            self._plan_day(at + DAY)
        return self._choose()

    def _plan_day(self, day: datetime) -> None:
        """Sessions of a few acts each, at any hour, and the next morning's first thought."""
        for _ in range(max(1, self.plan.acts_a_day // 6)):
            at = day + timedelta(seconds=self._rng.randrange(60, 86_000))
            for _ in range(6):
                at += timedelta(seconds=self._rng.randrange(5, 90))
                self._at(at, None)
        self._at(day if day > self.books.now else day + DAY, None)

    # what people come up with

    def _choose(self) -> Act | None:
        verb = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return getattr(self, f"_{verb}")()  # type: ignore[no-any-return]

    def _date(self, within: timedelta = 9 * DAY, state: str = "on") -> Date | None:
        """A date to come, the smaller and nearer the likelier: that is where seats are short."""
        now = self.books.now
        dates = [d for d in self.books.coming if d.state == state and now < d.start <= now + within]
        if not dates:
            return None
        weights = [1 / ((1 + (d.start - now) / DAY) * (2 + min(d.capacity or 20, 20))) for d in dates]
        return self._rng.choices(dates, weights)[0]

    def _one(self, people: list[Member]) -> Member | None:
        return self._rng.choice(people) if people else None

    def _of_date(self, verb: str, *, seated: bool = False, value: Any = None) -> Act | None:
        """Somebody who is in or waits does it."""
        date = self._date()
        if date is None:
            return None
        who = self._one([p.member for p in date.parties.values() if (p.seats if seated else p.size)])
        return Act(verb, who, date, value=value, tapped=self._rng.random() < 0.2) if who else None

    def _organiser(self, verb: str, date: Date | None, value: Any = None) -> Act | None:
        return Act(verb, date.series.club.organisers[0], date, value=value) if date else None

    def _book(self) -> Act | None:
        date = self._date()
        if date is None:
            return None
        away = [m for m in date.series.club.members if m not in date.parties]
        who = self._rng.choice(away if away and self._rng.random() < 0.8 else date.series.club.members)
        guests = self._rng.choice((0, 0, 0, self._rng.randint(0, date.series.guests_max)))
        return Act("book", who, date, value=guests, tapped=not guests and self._rng.random() < 0.15)

    def _leave(self) -> Act | None:
        return self._of_date("leave")

    def _maybe(self) -> Act | None:
        date = self._date()
        return Act("maybe", self._rng.choice(date.series.club.members), date) if date else None

    def _decline(self) -> Act | None:
        return self._of_date("decline")

    def _guests(self) -> Act | None:
        act = self._of_date("guests")
        if act is None or act.date is None:
            return None
        size = act.date.party(act.who).size
        other = [n for n in range(act.date.series.guests_max + 1) if n != size - 1]
        return Act("guests", act.who, act.date, value=self._rng.choice(other or [0]))

    def _find_replacement(self) -> Act | None:
        now = self.books.now
        late = [d for d in self.books.coming if d.state == "on" and d.deadline <= now < d.start]
        date = self._rng.choice(late) if late else None
        who = self._one([p.member for p in date.parties.values() if p.seats]) if date else None
        return Act("find_replacement", who, date, tapped=self._rng.random() < 0.5) if who else None

    def _take(self) -> Act | None:
        return self._of_date("take")

    def _hand_on(self) -> Act | None:
        return self._of_date("hand_on")

    def _remove(self) -> Act | None:
        act = self._of_date("remove")
        return self._organiser("remove", act.date, act.who) if act else None

    def _capacity(self) -> Act | None:
        return self._organiser("capacity", self._date(), self._rng.choice((2, 3, 4, 6, 10)))

    def _cancel(self) -> Act | None:
        return self._organiser("cancel", self._date(5 * DAY))

    def _restore(self) -> Act | None:
        return self._organiser("restore", self._date(state="off"))

    def _move(self) -> Act | None:
        date = self._date(7 * DAY)
        if date is None:
            return None
        local = date.start.astimezone(ZoneInfo(date.series.zone)).replace(tzinfo=None)
        day = local.date() + timedelta(days=self._rng.choice((0, 0, 1, 2)))
        moved = datetime.combine(day, time(self._rng.choice((10, 12, 17, 18, 20))))
        soon = self.books.now.astimezone(ZoneInfo(date.series.zone)).replace(tzinfo=None) + HOUR
        return self._organiser("move", date, moved) if moved > soon else None

    def _edit_one(self) -> Act | None:
        return self._organiser("edit_one", self._date(30 * DAY), f"Guest evening {self._n}")

    def _edit_following(self) -> Act | None:
        date = self._date(30 * DAY)
        return (
            self._organiser("edit_following", date, (f"{date.series.title[:40]} II", date.series.capacity))
            if date
            else None
        )

    def _edit_whole(self) -> Act | None:
        date = self._date()
        more = None if date is None or date.series.capacity is None else date.series.capacity + 1
        return self._organiser("edit_whole", date, (date.series.title, more)) if date and more else None

    def _make_regular(self) -> Act | None:
        date = self._date()
        return (
            self._organiser("make_regular", date, self._rng.choice(date.series.club.members))
            if date
            else None
        )

    def _end_regular(self) -> Act | None:
        date = self._date()
        who = self._one(date.series.regulars) if date else None
        return self._organiser("end_regular", date, who) if who else None

    def _block(self) -> Act | None:
        club = self._rng.choice(self.clubs)
        who = self._rng.choice(club.members)
        return None if who.blocked or who in club.organisers else Act("block", who)

    def _come_back(self) -> Act | None:
        gone = [m for club in self.clubs for m in club.members if m.blocked]
        who = self._one(gone)
        return Act("come_back", who) if who else None

    def _mute(self) -> Act | None:
        who = self._rng.choice(self._rng.choice(self.clubs).members)
        return Act("mute", who, value=self._rng.choice(MUTES))

    def _choose_leads(self) -> Act | None:
        who = self._rng.choice(self._rng.choice(self.clubs).members)
        return Act("choose_leads", who, value=self._rng.choice(LEADS))

    def _announce(self) -> Act | None:
        club = self._rng.choice(self.clubs)
        later = self.books.now + self._rng.choice((timedelta(0), 9 * HOUR))
        return Act("announce", club.organisers[0], club=club, value=later)

    def _hold_poll(self) -> Act | None:
        club = self._rng.choice(self.clubs)
        return Act("hold_poll", club.organisers[0], club=club)

    # what they do in answer to a letter

    def reads(self, letter: Letter) -> None:
        """Somebody has got a letter, and will do something about it, or not."""
        who, date, now, rng = letter.to, letter.about, self.books.now, self._rng
        if not isinstance(date, Date) or not isinstance(who, Member):
            return
        soon = now + timedelta(seconds=rng.randrange(20, 2400))
        match letter.kind:
            case "offer":
                verb = rng.choice(("take", "take", "hand_on", ""))
                if verb:
                    self._at(soon, Act(verb, who, date, tapped=rng.random() < 0.5))
            case "first-tap" if rng.random() < 0.5:
                self._at(
                    now + timedelta(seconds=rng.randrange(20, 600)),
                    Act("book", who, date, value=0, tapped=rng.random() < 0.5),
                )
            case "moved" if letter.asks:
                verb = rng.choice(("stay", "stay", "leave", ""))
                if verb:
                    self._at(soon + HOUR, Act(verb, who, date, tapped=rng.random() < 0.5))
            case "decide":
                self._at(soon, Act("decide", who, date, value=rng.random() < 0.6))
            case "claim" if rng.random() < 0.8:
                self._at(soon, Act("book", who, date, value=0))

    def voters(self, club: Club) -> list[Member]:
        """Who says yes to the date that will win."""
        return self._rng.sample(club.members, min(5, len(club.members)))

    def close_lists(self) -> None:
        """Some time after a date is over its organiser closes the list; of every second date."""
        for date in self.books.dates.values():
            if date.state == "over" and date.id not in self._closing:
                self._closing.add(date.id)
                if date.id % 2:
                    here = [p.member for p in date.parties.values() if p.seats and self._rng.random() < 0.7]
                    organiser = date.series.club.organisers[0]
                    self._at(self.books.now + 5 * MINUTE, Act("close_list", organiser, date, value=here))
