"""What has become of instances between two moments, and what that means for people; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.outbox.kinds import Kind
from backend.seats.state import InstanceState
from backend.zones import wall_clock


@dataclass(frozen=True, slots=True)
class InstanceSnapshot:
    """An instance at one moment. Times are aware instants, leads are minutes before the start; `over` are seats above the
    capacity. `is_written` is whether the present transaction has written it, its seats or its series."""

    id: int
    code: str
    series_id: int
    title: str
    zone: str
    starts_at: datetime
    ends_at: datetime
    state: InstanceState
    is_drifted: bool
    is_edited: bool
    capacity: int | None
    over: int
    booked: int
    reminder_leads: tuple[int, ...]
    is_written: bool

    @property
    def is_scheduled(self) -> bool:
        return self.state == InstanceState.SCHEDULED

    def reminders_after(self, now: datetime) -> frozenset[datetime]:
        """The moments to come at which those who are booked are reminded."""
        if not self.is_scheduled or not self.booked:
            return frozenset()
        moments = (self.starts_at - timedelta(minutes=lead) for lead in self.reminder_leads)
        return frozenset(moment for moment in moments if moment > now)


@dataclass(frozen=True, slots=True)
class People:
    """Some people by name, the first ones of all `total`."""

    names: tuple[str, ...]
    total: int


@dataclass(frozen=True, slots=True)
class SeatChange:
    """One party whose seats change: how many it has, waits for, and is offered."""

    instance_id: int
    name: str
    seats_before: int
    seats_after: int
    waiting_before: int
    waiting_after: int
    offered_before: int
    offered_after: int


@dataclass(frozen=True, slots=True)
class Mailing:
    """A message of one kind about one instance to several people. The bot may write to those who are `reached` and not to those
    who are `unreachable`; `is_withdrawn` is one that was due and is not sent any more."""

    instance_id: int
    kind: Kind
    due_at: datetime
    people: People
    reached: People
    unreachable: People
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class CardEdits:
    """How many cards of a group show something that changes."""

    group_title: str
    count: int


@dataclass(frozen=True, slots=True)
class ReminderChange:
    """The reminders of an instance that come no more, and those that come in their place."""

    instance: InstanceSnapshot
    gone: tuple[datetime, ...]
    new: tuple[datetime, ...]
    people: People


@dataclass(frozen=True, slots=True)
class Move:
    """An instance that starts at another time, or ends at one."""

    was: InstanceSnapshot
    now: InstanceSnapshot


@dataclass(frozen=True, slots=True)
class Consequences:
    """All that a change does. Instances are in the order of their starts."""

    made: tuple[InstanceSnapshot, ...] = ()
    deleted: tuple[InstanceSnapshot, ...] = ()
    moved: tuple[Move, ...] = ()
    cancelled: tuple[InstanceSnapshot, ...] = ()
    restored: tuple[InstanceSnapshot, ...] = ()
    drifting: tuple[InstanceSnapshot, ...] = ()
    over: tuple[InstanceSnapshot, ...] = ()
    seats: tuple[SeatChange, ...] = ()
    mailings: tuple[Mailing, ...] = ()
    cards: tuple[CardEdits, ...] = ()
    reminders: tuple[ReminderChange, ...] = ()
    instances: Mapping[int, InstanceSnapshot] | None = None  # all that are named, as they would be

    @property
    def any(self) -> bool:
        """Whether anybody or anything notices."""
        return any(
            (
                *(self.made, self.deleted, self.moved, self.cancelled, self.restored, self.drifting),
                *(self.over, self.seats, self.mailings, self.cards, self.reminders),
            )
        )


def compare(
    before: Sequence[InstanceSnapshot],
    after: Sequence[InstanceSnapshot],
    *,
    booked: Mapping[int, People],
    seats: Sequence[SeatChange],
    mailings: Sequence[Mailing],
    cards: Sequence[CardEdits],
    now: datetime,
) -> Consequences:
    """What has become of instances. Of those that others may have changed meanwhile only those count that the present
    transaction has written. `booked` are the people with a seat, by instance."""
    old = {one.id: one for one in before}
    new = {one.id: one for one in after}
    both = [(old[one.id], one) for one in after if one.id in old and one.is_written]
    return Consequences(
        made=tuple(one for one in after if one.id not in old and one.is_written),
        deleted=tuple(one for one in before if one.id not in new),
        moved=tuple(Move(a, b) for a, b in both if (a.starts_at, a.ends_at) != (b.starts_at, b.ends_at)),
        cancelled=tuple(b for a, b in both if a.is_scheduled and b.state == InstanceState.CANCELLED),
        restored=tuple(b for a, b in both if a.state == InstanceState.CANCELLED and b.is_scheduled),
        drifting=tuple(b for a, b in both if b.is_drifted and not a.is_drifted),
        over=tuple(b for a, b in both if b.over > a.over),
        seats=tuple(seats),
        mailings=tuple(mailings),
        cards=tuple(cards),
        reminders=tuple(_reminder_changes(both, booked, now)),
        instances={**old, **new},
    )


def _reminder_changes(
    both: Sequence[tuple[InstanceSnapshot, InstanceSnapshot]], booked: Mapping[int, People], now: datetime
) -> list[ReminderChange]:
    changes = []
    for was, instance in both:
        if instance.id in booked and was.booked:
            old, new = was.reminders_after(now), instance.reminders_after(now)
            if old != new:
                gone, added = tuple(sorted(old - new)), tuple(sorted(new - old))
                changes.append(ReminderChange(instance, gone, added, booked[instance.id]))
    return changes


def made_again(
    found: Consequences,
) -> tuple[list[Move], list[InstanceSnapshot], list[InstanceSnapshot]]:
    """Dates that nobody has touched and that are made anew on the same day, at another hour; and those that are only
    deleted, or only made."""
    gone = {wall_clock(one.starts_at, one.zone).date(): one for one in found.deleted}
    again = [
        Move(gone[day], one)
        for one in found.made
        if (day := wall_clock(one.starts_at, one.zone).date()) in gone
    ]
    deleted, made = {move.was.id for move in again}, {move.now.id for move in again}
    return (
        again,
        [one for one in found.deleted if one.id not in deleted],
        [one for one in found.made if one.id not in made],
    )
