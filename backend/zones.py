"""Wall clocks in a zone, and the instants they mean (`S3`)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from backend import zone_data

# Names in a system's database that are no place: their meaning depends on the machine.
_NOT_PLACES = frozenset({"Factory", "localtime"})

# Between these hours no offer expires, and only what cannot wait is sent (W3, M5).
QUIET_FROM, QUIET_UNTIL = time(22), time(8)


class UnknownZone(ValueError):
    """There is no IANA time zone of that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no such time zone: {name!r}")


_names_of: tuple[zone_data.ZoneData, frozenset[str]] | None = None  # read once, for the data gone by


def zone_names() -> frozenset[str]:
    """The IANA names a series may use."""
    global _names_of
    data = zone_data.current()
    # This is asked for each row of each page: the fields of the data are not compared.
    if _names_of is None or _names_of[0] is not data:
        _names_of = data, frozenset(available_timezones()) - _NOT_PLACES
    return _names_of[1]


def zone_by_name(name: str) -> ZoneInfo:
    """The IANA zone of exactly this name. Raises `UnknownZone`, and nothing else on any text."""
    if name not in zone_names():
        raise UnknownZone(name)
    return ZoneInfo(name)


def resolve_local(local: datetime, zone: str) -> datetime:
    """The instant (aware, UTC) that a naive wall clock in the zone means (`S3`).

    A local time that does not exist moves forward by the gap; one that exists twice is the first.
    Raises `UnknownZone`, and `ValueError` when `local` is not naive.
    """
    if local.tzinfo is not None:
        raise ValueError("a wall clock must be naive")
    # PEP 495 resolves fold=0 exactly as S3 does: in a gap with the offset from before it, which moves the
    # time forward by the gap, and in an hour that comes twice as the first one.
    return local.replace(tzinfo=zone_by_name(zone), fold=0).astimezone(UTC)


def wall_clock(instant: datetime, zone: str) -> datetime:
    """What a clock in the zone shows at an aware instant: naive, with fold=0."""
    return instant.astimezone(zone_by_name(zone)).replace(tzinfo=None, fold=0)


# Marks the second of an hour that comes twice: wall clocks here have whole seconds.
_SECOND = timedelta(microseconds=1)


def exact_wall_clock(instant: datetime, zone: str) -> datetime:
    """A naive wall clock for each instant of whole seconds, and for no two the same: in the second of an hour
    that comes twice, a microsecond later than what the clock shows. `resolve_exact` leads back."""
    local = wall_clock(instant, zone)
    return local if resolve_local(local, zone) == instant else local + _SECOND


def resolve_exact(local: datetime, zone: str) -> datetime:
    """The instant (aware, UTC) that an exact wall clock in the zone means; any other is resolved as
    `resolve_local` does."""
    if local.microsecond == 0:
        return resolve_local(local, zone)
    return local.replace(microsecond=0, tzinfo=zone_by_name(zone), fold=1).astimezone(UTC)


def utc_offset_minutes(instant: datetime, zone: str) -> int:
    """How many minutes clocks in the zone are ahead of UTC at an aware instant; whole minutes, as all are
    today."""
    offset = instant.astimezone(zone_by_name(zone)).utcoffset()
    assert offset is not None
    return offset // timedelta(minutes=1)


def start_of_day(instant: datetime, zone: str) -> datetime:
    """The instant (aware, UTC) at which the local day that contains an aware instant begins."""
    return resolve_local(datetime.combine(wall_clock(instant, zone).date(), time()), zone)


class ClockChangeKind(StrEnum):
    """What a change of the clocks does to a wall clock (PEP 495)."""

    GAP = "gap"  # it does not exist
    FOLD = "fold"  # it exists twice


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A change of the clocks at a wall clock: its size, and the wall clock that is used instead (`S3`)."""

    kind: ClockChangeKind
    by: timedelta
    wall: datetime


def find_clock_change(local: datetime, zone: str) -> ClockChange | None:
    """The change that makes a naive wall clock in the zone not exist or exist twice, or None. Raises as
    `resolve_local`."""
    first = resolve_local(local, zone)
    second = local.replace(tzinfo=zone_by_name(zone), fold=1).astimezone(UTC)
    if first == second:
        return None
    # PEP 495: in a gap fold=1 has the greater offset, and so the earlier instant.
    kind = ClockChangeKind.GAP if second < first else ClockChangeKind.FOLD
    return ClockChange(kind, abs(second - first), wall_clock(first, zone))


# Far shorter than any period between two changes of the clocks (five weeks, around Ramadan in Morocco).
_CHANGE_STEP = timedelta(days=7)


def offset_changes(zone: str, since: datetime, until: datetime) -> list[datetime]:
    """The instants (aware, UTC) in (since, until] at which the offset of the zone changes, ascending. Raises
    `UnknownZone`."""
    info = zone_by_name(zone)

    def offset(instant: datetime) -> timedelta | None:
        return instant.astimezone(info).utcoffset()

    changes = []
    at = since.astimezone(UTC).replace(microsecond=0)
    while at < until:
        early, late = at, min(at + _CHANGE_STEP, until.astimezone(UTC))
        at = late
        if offset(early) == offset(late):
            continue
        while late - early > timedelta(seconds=1):
            middle = (early + (late - early) / 2).replace(microsecond=0)
            early, late = (middle, late) if offset(middle) == offset(early) else (early, middle)
        changes.append(late)
    return changes


def end_of_quiet_hours(at: datetime, zone: str) -> datetime | None:
    """The end of the quiet hours (22 to 8 in the zone) that contain an aware instant; None outside them."""
    wall = wall_clock(at, zone)
    if QUIET_UNTIL <= wall.time() < QUIET_FROM:
        return None
    return next_time_of_day(at, zone, QUIET_UNTIL)


def next_time_of_day(at: datetime, zone: str, time_of_day: time) -> datetime:
    """The next instant (aware, UTC) after `at` at which a clock in the zone shows this time of day."""
    day = wall_clock(at, zone).date()
    while True:
        instant = resolve_local(datetime.combine(day, time_of_day), zone)
        if instant > at:
            return instant
        day += timedelta(days=1)
