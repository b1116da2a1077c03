"""Which wall clocks the stored instants of a series mean, and which instants those are by the zone data of
today (`S10`).

Instants that versions before this one stored have no wall clock beside them, and may have been computed with
other data. What they meant is inferred from the rule, which speaks of wall clocks whatever the data are: a
Tuesday class at 18:00 that reads 19:00 on each Tuesday of the winter was made when the clocks were still to
go back.

Pure: no tables, no clock.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from backend.events.alignment import LARGEST_SHIFT, LEFT_OVER, LEFT_OVER_UNSURE, align
from backend.recurrence.rfc5545 import parse_recurrence
from backend.recurrence.timing import UNBOUNDED, SeriesBounds, SeriesTiming
from backend.zones import exact_wall_clock, resolve_exact, wall_clock

_DAY = timedelta(days=1)
_RESOLUTION = timedelta(seconds=1)
_ALL = 20_000  # more occurrences than a series has between two of its instances


@dataclass(frozen=True, slots=True)
class StoredInstance:
    """An instance as far as its time goes. Its wall clocks are exact ones in `zone`; all three are None in a
    row that a version without them wrote, and `original_local` alone for an instance that stands beside the
    rule for good."""

    id: int
    original_start: datetime
    starts_at: datetime
    zone: str | None = None
    original_local: datetime | None = None
    starts_local: datetime | None = None
    has_begun: bool = False
    is_edited: bool = False  # by hand: it keeps its time (S4)
    is_drifted: bool = False  # known to be no longer in the rule
    is_touched: bool = False  # somebody has booked it, was told of it, or sees its card

    @property
    def follows_rule(self) -> bool:
        """Whether its original start is an occurrence of the rule, as far as is known."""
        return not self.is_edited and not self.is_drifted


@dataclass(frozen=True, slots=True)
class KeptTime:
    """The time of an instance by the zone data of today.

    `known_local` is the wall clock that people know, and `starts_local` the one at `starts_at`: they differ
    where an instance that was edited by hand is not moved.
    """

    original_local: datetime | None
    original_start: datetime
    known_local: datetime
    starts_local: datetime
    starts_at: datetime


@dataclass(slots=True)
class KeptTimes:
    """What becomes of the instances of a series, by id, and of its bounds.

    `duplicates` are untouched instances to be deleted, because another stands for the same occurrence.
    `drifting` ones stand beside such another and are touched: an organiser has to decide.
    """

    times: dict[int, KeptTime] = field(default_factory=dict)
    duplicates: set[int] = field(default_factory=set)
    drifting: set[int] = field(default_factory=set)
    bounds: SeriesBounds = UNBOUNDED
    bounds_local: tuple[datetime | None, datetime | None] = (None, None)


def keep_times(
    timing: SeriesTiming,
    instances: Sequence[StoredInstance],
    bounds_local: tuple[datetime | None, datetime | None] = (None, None),
) -> KeptTimes:
    """The times of all instances of a series, by the zone data of today.

    What has begun keeps its instant, and so does what was edited by hand; everything else keeps its wall
    clock. What an RDATE in UTC names is an instant and stays one. The bounds of `timing` are as old as the
    instances; `bounds_local` are their wall clocks, where they are known. Raises `InvalidRecurrence`,
    `UnknownZone`.
    """
    return _Keeper(timing, instances).keep(bounds_local)


class _Keeper:
    def __init__(self, timing: SeriesTiming, instances: Sequence[StoredInstance]) -> None:
        self.timing, self.zone = timing, timing.zone
        self.instances = sorted(instances, key=lambda instance: (instance.original_start, instance.id))
        self.slots: dict[datetime, datetime] = {}  # the rule's occurrences: instants by identity
        self.names: dict[datetime, datetime] = {}  # the same: identities by wall clock
        self.instants = {
            value
            for value in parse_recurrence(timing.rule).rdates
            if isinstance(value, datetime) and value.tzinfo
        }
        self._find_occurrences()
        self.holders: dict[datetime, StoredInstance] = {}  # by identity
        # By how much clocks read more today than when an instant was computed: what holds at an instant, in
        # ascending order.
        self.shifts: list[tuple[datetime, timedelta]] = []
        self.kept = KeptTimes()

    def keep(self, bounds_local: tuple[datetime | None, datetime | None]) -> KeptTimes:
        # Who has an identity already keeps it, and of two with the same the touched one has it.
        for instance in sorted(self.instances, key=lambda instance: not instance.is_touched):
            if instance.zone == self.zone and instance.original_local in self.slots:
                self.holders.setdefault(instance.original_local, instance)
        self._match_unknown()
        placed = {instance.id for instance in self.holders.values()}
        for instance in self.instances:
            if instance.id not in placed:
                self._place(instance, self._identity(instance))
        self._write_times()
        self._keep_bounds(bounds_local)
        return self.kept

    def _find_occurrences(self) -> None:
        if not self.instances:
            return
        since, before = self.timing.bounds.since, self.timing.bounds.before
        # An occurrence next to a bound may lie on its other side by the data of today.
        bounds = SeriesBounds(
            since - LARGEST_SHIFT if since else None, before + LARGEST_SHIFT if before else None
        )
        for occurrence in replace(self.timing, bounds=bounds).occurrences(
            after=self.instances[0].original_start - _DAY,
            until=self.instances[-1].original_start + _DAY,
            limit=_ALL,
        ):
            self.slots[occurrence.original_local] = occurrence.original_start
            self.names[occurrence.local] = occurrence.original_local

    def _match_unknown(self) -> None:
        """Give instances without wall clocks the occurrences they were made for."""
        unknown = [
            instance for instance in self.instances if instance.zone is None and not instance.is_drifted
        ]
        # The rule may have been another when past ones were made, and edited ones may have been kept beside
        # it.
        sure = {instance.id for instance in unknown if instance.follows_rule and not instance.has_begun}
        sure = sure or {instance.id for instance in unknown if not instance.has_begun}
        free = [slot for slot in self.slots if slot not in self.holders]
        matches = align(
            [
                (instance.original_start, LEFT_OVER if instance.id in sure else LEFT_OVER_UNSURE)
                for instance in unknown
            ],
            [self.slots[slot] for slot in free],
        )
        for instance, match in zip(unknown, matches, strict=True):
            if match is None:
                continue
            self.holders[free[match]] = instance
            if instance.id in sure or not sure:
                self.shifts.append(
                    (instance.original_start, instance.original_start - self.slots[free[match]])
                )

    def _shift_at(self, instant: datetime) -> timedelta:
        """The shift at the nearest instant at which it is known."""
        if not self.shifts:
            return timedelta()
        index = bisect_left(self.shifts, (instant, timedelta()))
        near = self.shifts[max(0, index - 1) : index + 1]
        return min(near, key=lambda known: abs(known[0] - instant))[1]

    def _wall_clock_then(self, instance: StoredInstance, instant: datetime) -> datetime:
        """The wall clock that was meant when an instant of the instance was computed."""
        # A series that was given another zone kept the instants of its instances.
        shift = self._shift_at(instant) if instance.zone is None else timedelta()
        return wall_clock(instant, self.zone) - shift if shift else exact_wall_clock(instant, self.zone)

    def _identity(self, instance: StoredInstance) -> datetime | None:
        if instance.zone == self.zone:
            return instance.original_local
        then = self._wall_clock_then(instance, instance.original_start)
        return then if then in self.slots else self.names.get(then, then)

    def _place(self, instance: StoredInstance, identity: datetime | None) -> None:
        """Give an identity to an instance that the rule does not have by its own, or that has to share it."""
        if identity is None:
            return
        if instance.original_start in self.instants:  # of an RDATE in UTC, which is another wall clock now
            identity = exact_wall_clock(instance.original_start, self.zone)
            if self.holders.setdefault(identity, instance) is instance:
                return
        if instance.follows_rule and not instance.has_begun:
            nearest = min(self.slots, key=lambda slot: abs(slot - identity), default=identity)
            if nearest in self.slots and abs(nearest - identity) <= LARGEST_SHIFT:
                self._place_at(instance, nearest)
                return
        self.holders.setdefault(identity, instance)

    def _place_at(self, instance: StoredInstance, slot: datetime) -> None:
        holder = self.holders.get(slot)
        if holder is None:
            self.holders[slot] = instance
        elif not instance.is_touched:
            self.kept.duplicates.add(instance.id)
        elif holder.follows_rule and not holder.is_touched and not holder.has_begun:
            self.kept.duplicates.add(holder.id)
            self.holders[slot] = instance
        else:
            self.kept.drifting.add(instance.id)

    def _write_times(self) -> None:
        identities = {instance.id: identity for identity, instance in self.holders.items()}
        starts: set[datetime] = set()
        for instance in self.instances:
            if instance.id in self.kept.duplicates:
                continue
            kept = self._time(instance, identities.get(instance.id))
            # Versions before this one take an instant for the identity, and the database holds them to it.
            while kept.original_start in starts:
                kept = replace(kept, original_start=kept.original_start + _RESOLUTION)
            starts.add(kept.original_start)
            self.kept.times[instance.id] = kept

    def _time(self, instance: StoredInstance, identity: datetime | None) -> KeptTime:
        now = exact_wall_clock(instance.starts_at, self.zone)
        known = instance.starts_local
        if instance.zone is None and not instance.is_edited and identity in self.slots:
            known = identity
        elif instance.zone != self.zone:
            known = self._wall_clock_then(instance, instance.starts_at)
        assert known is not None
        if instance.has_begun:
            return KeptTime(identity, instance.original_start, known, known, instance.starts_at)
        if identity is None:
            return KeptTime(None, instance.original_start, known, now, instance.starts_at)
        start = self.slots.get(identity) or resolve_exact(identity, self.zone)
        if instance.is_edited:
            return KeptTime(identity, start, known, now, instance.starts_at)
        return KeptTime(identity, start, identity, identity, start)

    def _keep_bounds(self, stored: tuple[datetime | None, datetime | None]) -> None:
        since, before = (
            self._bound(instant, local)
            for instant, local in zip(
                (self.timing.bounds.since, self.timing.bounds.before), stored, strict=True
            )
        )
        self.kept.bounds_local = (since, before)
        self.kept.bounds = SeriesBounds(
            resolve_exact(since, self.zone) if since else None,
            resolve_exact(before, self.zone) if before else None,
        )

    def _bound(self, instant: datetime | None, local: datetime | None) -> datetime | None:
        if instant is None:
            return None
        if local is not None and abs(resolve_exact(local, self.zone) - instant) <= LARGEST_SHIFT:
            return local
        shift = self._shift_at(instant)  # a version that knows only instants has set it
        return wall_clock(instant, self.zone) - shift if shift else exact_wall_clock(instant, self.zone)
