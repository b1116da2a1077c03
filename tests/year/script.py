"""The year that is played: a literal description of series, and a seeded generator of what people do.

The generator reads the reference model (never the product) so that people do sensible things: a party with a
seat may leave it, a party with an offer may take it. The same seed gives the same year.
"""

import heapq
import random
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.year.reference_model import (
    DAY,
    HOUR,
    MINUTE,
    AccountView,
    Instance,
    Member,
    Message,
    ReferenceModel,
    Series,
    State,
)

ZONES = (
    "Europe/Helsinki",
    "America/New_York",
    "Australia/Lord_Howe",  # DST of half an hour
    "Asia/Kathmandu",  # UTC+05:45 all year
    "Pacific/Auckland",
)
HOURS = 60  # minutes

# One line a series; each exists in every zone. The short year has the first four.
SERIES: tuple[tuple[str, str, time, dict[str, Any]], ...] = (
    (
        "Evening flow yoga",
        "week",
        time(18),
        {"length": 90, "capacity": 4, "guests_max": 1, "cancel_before": 12 * HOURS},
    ),
    ("Padel Americano", "week", time(19, 30), {"length": 90, "capacity": 3, "cancel_before": 24 * HOURS}),
    (
        "Pottery",
        "fortnight",
        time(18),
        {"length": 90, "capacity": 6, "guests_max": 1, "minimum": 4, "decide_by_itself": True},
    ),
    (
        "Reading circle",
        "month",
        time(19, 30),
        {"length": 90, "capacity": 5, "guests_max": 2, "fill_gaps": True, "remind_unanswered": True},
    ),
    ("Sunday run", "fortnight", time(9, 30), {"length": 60, "capacity": None, "guests_max": 2}),
    (
        "Climbing",
        "fortnight",
        time(18),
        {"length": 90, "capacity": 5, "guests_max": 2, "fill_gaps": True, "cancel_before": 2 * HOURS},
    ),
    ("Choir", "fortnight", time(18), {"length": 90, "capacity": 30, "leads": (3 * HOURS,)}),
    (
        "Workshop",
        "fortnight",
        time(18),
        {"length": 90, "capacity": 2, "closes_before": 60, "cancel_before": 48 * HOURS},
    ),
    (
        "Long table",
        "month",
        time(19, 30),
        {"length": 150, "capacity": 12, "guests_max": 2, "minimum": 6, "decide_before": 48 * HOURS},
    ),
    (
        "Board games",
        "month",
        time(19, 30),
        {"length": 150, "capacity": 16, "guests_max": 3, "leads": (48 * HOURS, 24 * HOURS, 2 * HOURS)},
    ),
    ("Sauna for one", "once", time(18), {"length": 90, "capacity": 1}),
    (
        "Day in the woods",
        "once",
        time(9, 30),
        {"length": 480, "capacity": 15, "guests_max": 3, "minimum": 5, "decide_by_itself": True},
    ),
)
LEADS = (None, (), (60,), (24 * HOURS,), (3 * 24 * HOURS, 3 * HOURS), (12 * HOURS, 45))
MUTES = ("reminders", "nudges", "announcements")


@dataclass(frozen=True)
class Plan:
    """The length and size of a year."""

    series_per_zone: int
    zones: tuple[str, ...]
    members: int
    begins: datetime
    weeks: int
    actions_per_day: int
    seed: int = 3


SHORT = Plan(4, ZONES[:2], 40, datetime(2026, 10, 5, 6, tzinfo=UTC), 8, 12)
WHOLE = Plan(12, ZONES, 400, datetime(2026, 1, 12, 6, tzinfo=UTC), 52, 12)


@dataclass(frozen=True)
class Action:
    """Somebody does something to an instance or a club, with a value.

    `verb` is a method of the driver, or else of the model and of `backend.bookings.actions`.
    """

    verb: str
    who: Member
    instance: Instance | None = None
    account: AccountView | None = None
    value: Any = None
    tapped: bool = False  # on a button in Telegram instead of in the app


def make_accounts(plan: Plan) -> tuple[list[AccountView], list[Series]]:
    """The clubs, one in each zone, with their members (some in two clubs), and the series."""
    rng = random.Random(plan.seed)
    accounts, series = [], []
    for n, zone in enumerate(plan.zones):
        account = AccountView(f"Club of {zone.split('/')[1].replace('_', ' ')}", zone)
        each = plan.members // len(plan.zones)
        account.members = [Member(f"P{n}x{i}") for i in range(each)]
        account.organisers = account.members[: 1 + n % 2]
        for title, every, at, settings in SERIES[: plan.series_per_zone]:
            first = plan.begins.date() + timedelta(days=rng.randrange(2, 12 if every == "week" else 26))
            if every == "once":
                first += timedelta(weeks=rng.randrange(2, max(3, plan.weeks - 6)))
            series.append(Series(account, title, zone, datetime.combine(first, at), every, **settings))
        accounts.append(account)
    last_members = [account.members[-2:] for account in accounts]
    for account, visiting in zip(accounts, [*last_members[1:], last_members[0]], strict=True):
        account.members += visiting
    for member in {member: None for account in accounts for member in account.members}:
        member.zone = rng.choice((None, None, None, None, None, rng.choice(plan.zones)))
        member.leads = rng.choice((None, None, rng.choice(LEADS)))
        member.muted = {rng.choice(MUTES)} if rng.random() < 0.15 else set()
    return accounts, series


# What people do of their own accord, and how often relative to each other.
WEIGHTS = {
    "book": 60, "leave": 9, "maybe": 4, "decline": 4, "guests": 6, "find_replacement": 7, "take": 1,
    "decline_offer": 1, "remove": 1, "capacity": 1.5, "cancel": 0.8, "restore": 1, "move": 1.2,
    "edit_one": 0.8, "edit_following": 0.4, "edit_whole": 0.4,
    "make_regular": 0.8, "end_regular": 0.4, "block": 0.8, "unblock": 1.2, "mute": 0.6, "choose_leads": 1,
    "announce": 0.5, "hold_poll": 0.25,
}  # fmt: skip


class Script:
    """The actions of the year, one by one."""

    def __init__(
        self, plan: Plan, accounts: list[AccountView], series: list[Series], model: ReferenceModel
    ) -> None:
        self.plan, self.accounts, self.series, self.model = plan, accounts, series, model
        self._rng = random.Random(plan.seed * 7919)
        self._agenda: list[tuple[datetime, int, Action | None]] = []
        self._count = 0
        self._lists_scheduled: set[int] = set()
        self._plan_day(plan.begins)

    # the schedule

    def _schedule(self, at: datetime, action: Action | None) -> None:
        """Schedule an action, or with None one that is chosen only when its time comes."""
        self._count += 1
        heapq.heappush(self._agenda, (at, self._count, action))

    def next_at(self) -> datetime:
        return self._agenda[0][0]

    def next_action(self) -> Action | None:
        """The next action; None when nobody does anything."""
        at, _, action = heapq.heappop(self._agenda)
        if action is not None:
            return action
        if at.time() == self.plan.begins.time():
            self._plan_day(at + DAY)
        return self._choose()

    def _plan_day(self, day: datetime) -> None:
        """Schedule sessions of a few actions each at any hour, and the planning of the next day."""
        for _ in range(max(1, self.plan.actions_per_day // 6)):
            at = day + timedelta(seconds=self._rng.randrange(60, 86_000))
            for _ in range(6):
                at += timedelta(seconds=self._rng.randrange(5, 90))
                self._schedule(at, None)
        self._schedule(day if day > self.model.now else day + DAY, None)

    # what people do of their own accord

    def _choose(self) -> Action | None:
        verb = self._rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        return getattr(self, f"_{verb}")()  # type: ignore[no-any-return]

    def _pick_instance(self, within: timedelta = 9 * DAY, state: State = State.SCHEDULED) -> Instance | None:
        """A future instance; small and near ones are likelier, because seats are short there."""
        now = self.model.now
        instances = [d for d in self.model.upcoming if d.state == state and now < d.start <= now + within]
        if not instances:
            return None
        weights = [1 / ((1 + (d.start - now) / DAY) * (2 + min(d.capacity or 20, 20))) for d in instances]
        return self._rng.choices(instances, weights)[0]

    def _pick(self, people: list[Member]) -> Member | None:
        return self._rng.choice(people) if people else None

    def _participant_action(self, verb: str, *, seated: bool = False, value: Any = None) -> Action | None:
        """An action of somebody who is booked or waits."""
        instance = self._pick_instance()
        if instance is None:
            return None
        who = self._pick([p.member for p in instance.parties.values() if (p.seats if seated else p.size)])
        return Action(verb, who, instance, value=value, tapped=self._rng.random() < 0.2) if who else None

    def _organiser_action(self, verb: str, instance: Instance | None, value: Any = None) -> Action | None:
        return (
            Action(verb, instance.series.account.organisers[0], instance, value=value) if instance else None
        )

    def _book(self) -> Action | None:
        instance = self._pick_instance()
        if instance is None:
            return None
        not_taking_part = [m for m in instance.series.account.members if m not in instance.parties]
        who = self._rng.choice(
            not_taking_part
            if not_taking_part and self._rng.random() < 0.8
            else instance.series.account.members
        )
        guests = self._rng.choice((0, 0, 0, self._rng.randint(0, instance.series.guests_max)))
        return Action("book", who, instance, value=guests, tapped=not guests and self._rng.random() < 0.15)

    def _leave(self) -> Action | None:
        return self._participant_action("leave")

    def _maybe(self) -> Action | None:
        instance = self._pick_instance()
        return (
            Action("maybe", self._rng.choice(instance.series.account.members), instance) if instance else None
        )

    def _decline(self) -> Action | None:
        return self._participant_action("decline")

    def _guests(self) -> Action | None:
        action = self._participant_action("guests")
        if action is None or action.instance is None:
            return None
        size = action.instance.party(action.who).size
        other = [n for n in range(action.instance.series.guests_max + 1) if n != size - 1]
        return Action("guests", action.who, action.instance, value=self._rng.choice(other or [0]))

    def _find_replacement(self) -> Action | None:
        now = self.model.now
        late = [d for d in self.model.upcoming if d.state == State.SCHEDULED and d.deadline <= now < d.start]
        instance = self._rng.choice(late) if late else None
        who = self._pick([p.member for p in instance.parties.values() if p.seats]) if instance else None
        return Action("find_replacement", who, instance, tapped=self._rng.random() < 0.5) if who else None

    def _take(self) -> Action | None:
        return self._participant_action("take")

    def _decline_offer(self) -> Action | None:
        return self._participant_action("decline_offer")

    def _remove(self) -> Action | None:
        action = self._participant_action("remove")
        return self._organiser_action("remove", action.instance, action.who) if action else None

    def _capacity(self) -> Action | None:
        return self._organiser_action("capacity", self._pick_instance(), self._rng.choice((2, 3, 4, 6, 10)))

    def _cancel(self) -> Action | None:
        return self._organiser_action("cancel", self._pick_instance(5 * DAY))

    def _restore(self) -> Action | None:
        return self._organiser_action("restore", self._pick_instance(state=State.CANCELLED))

    def _move(self) -> Action | None:
        instance = self._pick_instance(7 * DAY)
        if instance is None:
            return None
        local = instance.start.astimezone(ZoneInfo(instance.series.zone)).replace(tzinfo=None)
        day = local.date() + timedelta(days=self._rng.choice((0, 0, 1, 2)))
        moved = datetime.combine(day, time(self._rng.choice((10, 12, 17, 18, 20))))
        soon = self.model.now.astimezone(ZoneInfo(instance.series.zone)).replace(tzinfo=None) + HOUR
        return self._organiser_action("move", instance, moved) if moved > soon else None

    def _edit_one(self) -> Action | None:
        return self._organiser_action(
            "edit_one", self._pick_instance(30 * DAY), f"Guest evening {self._count}"
        )

    def _edit_following(self) -> Action | None:
        instance = self._pick_instance(30 * DAY)
        return (
            self._organiser_action(
                "edit_following", instance, (f"{instance.series.title[:40]} II", instance.series.capacity)
            )
            if instance
            else None
        )

    def _edit_whole(self) -> Action | None:
        instance = self._pick_instance()
        settings = (
            None if instance is None or instance.series.capacity is None else instance.series.capacity + 1
        )
        return (
            self._organiser_action("edit_whole", instance, (instance.series.title, settings))
            if instance and settings
            else None
        )

    def _make_regular(self) -> Action | None:
        instance = self._pick_instance()
        return (
            self._organiser_action(
                "make_regular", instance, self._rng.choice(instance.series.account.members)
            )
            if instance
            else None
        )

    def _end_regular(self) -> Action | None:
        instance = self._pick_instance()
        who = self._pick(instance.series.regulars) if instance else None
        return self._organiser_action("end_regular", instance, who) if who else None

    def _block(self) -> Action | None:
        account = self._rng.choice(self.accounts)
        who = self._rng.choice(account.members)
        return None if who.blocked or who in account.organisers else Action("block", who)

    def _unblock(self) -> Action | None:
        blocked = [m for account in self.accounts for m in account.members if m.blocked]
        who = self._pick(blocked)
        return Action("unblock", who) if who else None

    def _mute(self) -> Action | None:
        who = self._rng.choice(self._rng.choice(self.accounts).members)
        return Action("mute", who, value=self._rng.choice(MUTES))

    def _choose_leads(self) -> Action | None:
        who = self._rng.choice(self._rng.choice(self.accounts).members)
        return Action("choose_leads", who, value=self._rng.choice(LEADS))

    def _announce(self) -> Action | None:
        account = self._rng.choice(self.accounts)
        later = self.model.now + self._rng.choice((timedelta(0), 9 * HOUR))
        return Action("announce", account.organisers[0], account=account, value=later)

    def _hold_poll(self) -> Action | None:
        account = self._rng.choice(self.accounts)
        return Action("hold_poll", account.organisers[0], account=account)

    # what people do in answer to a message

    def react_to(self, message: Message) -> None:
        """Schedule what the recipient of a message does about it, if anything."""
        who, instance, now, rng = message.to, message.about, self.model.now, self._rng
        if not isinstance(instance, Instance) or not isinstance(who, Member):
            return
        soon = now + timedelta(seconds=rng.randrange(20, 2400))
        match message.kind:
            case "offer":
                verb = rng.choice(("take", "take", "decline_offer", ""))
                if verb:
                    self._schedule(soon, Action(verb, who, instance, tapped=rng.random() < 0.5))
            case "first-tap" if rng.random() < 0.5:
                self._schedule(
                    now + timedelta(seconds=rng.randrange(20, 600)),
                    Action("book", who, instance, value=0, tapped=rng.random() < 0.5),
                )
            case "moved" if message.asks_to_stay:
                verb = rng.choice(("stay", "stay", "leave", ""))
                if verb:
                    self._schedule(soon + HOUR, Action(verb, who, instance, tapped=rng.random() < 0.5))
            case "decide":
                self._schedule(soon, Action("decide", who, instance, value=rng.random() < 0.6))
            case "claim" if rng.random() < 0.8:
                self._schedule(soon, Action("book", who, instance, value=0))

    def voters(self, account: AccountView) -> list[Member]:
        """The members who say yes to the date that will win."""
        return self._rng.sample(account.members, min(5, len(account.members)))

    def schedule_list_closings(self) -> None:
        """Let organisers close the list of every second instance, soon after its end."""
        for instance in self.model.instances.values():
            if instance.state == State.ENDED and instance.id not in self._lists_scheduled:
                self._lists_scheduled.add(instance.id)
                if instance.id % 2:
                    present = [
                        p.member for p in instance.parties.values() if p.seats and self._rng.random() < 0.7
                    ]
                    organiser = instance.series.account.organisers[0]
                    self._schedule(
                        self.model.now + 5 * MINUTE, Action("close_list", organiser, instance, value=present)
                    )
