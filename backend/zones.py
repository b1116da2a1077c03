"""Wall-clock time in a zone, and the instants it names (`S3`)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

# Names a system's database holds that are no place on earth: what they mean depends on the machine.
_NO_PLACE = frozenset({"Factory", "localtime"})

# Nobody is rushed between these hours, nor woken but by what cannot wait (W3, M5).
QUIET_FROM, QUIET_UNTIL = time(22), time(8)


class UnknownZone(ValueError):
    """The name is no IANA time zone."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"no such time zone: {name!r}")


@cache
def zone_names() -> frozenset[str]:
    """The IANA names a series may use."""
    return frozenset(available_timezones()) - _NO_PLACE


def zone_by_name(name: str) -> ZoneInfo:
    """The IANA zone of that exact name. Raises `UnknownZone`, whatever the text is."""
    if name not in zone_names():
        raise UnknownZone(name)
    return ZoneInfo(name)


def resolve_local(local: datetime, zone: str) -> datetime:
    """The instant (aware, UTC) a wall clock in the zone means (`S3`).

    A local time that does not exist moves forward by the gap; one that exists twice is the first.
    Raises `UnknownZone`, and `ValueError` when `local` is not naive.
    """
    if local.tzinfo is not None:
        raise ValueError("a wall clock has no zone of its own")
    # PEP 495 reads fold=0 exactly as S3 does: in a gap with the offset from before it, which lands
    # as far after the gap as the clock said, and in a doubled hour as the first time around.
    return local.replace(tzinfo=zone_by_name(zone), fold=0).astimezone(UTC)


def wall_clock(instant: datetime, zone: str) -> datetime:
    """What a clock on the wall in the zone shows at an aware instant: naive, whole."""
    return instant.astimezone(zone_by_name(zone)).replace(tzinfo=None, fold=0)


def start_of_day(instant: datetime, zone: str) -> datetime:
    """The instant (aware, UTC) at which the local day of an aware instant begins."""
    return resolve_local(datetime.combine(wall_clock(instant, zone).date(), time()), zone)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A wall clock that a change of the clocks makes impossible (`gap`) or ambiguous (`fold`).

    `by` is the size of the change; `wall` the wall clock that is used in its place (`S3`).
    """

    kind: Literal["gap", "fold"]
    by: timedelta
    wall: datetime


def find_clock_change(local: datetime, zone: str) -> ClockChange | None:
    """Why a naive wall clock is not plain in the zone, or `None`. Raises as `resolve_local`."""
    first = resolve_local(local, zone)
    second = local.replace(tzinfo=zone_by_name(zone), fold=1).astimezone(UTC)
    if first == second:
        return None
    # PEP 495: in a gap it is fold=1 that has the greater offset, and so the earlier instant.
    kind: Literal["gap", "fold"] = "gap" if second < first else "fold"
    return ClockChange(kind, abs(second - first), wall_clock(first, zone))


def end_of_quiet_hours(at: datetime, zone: str) -> datetime | None:
    """When the quiet hours (22 to 8 on that zone's clocks) end that an aware instant is in; None when it is in none."""
    wall = wall_clock(at, zone)
    if QUIET_UNTIL <= wall.time() < QUIET_FROM:
        return None
    return next_time_of_day(at, zone, QUIET_UNTIL)


def next_time_of_day(at: datetime, zone: str, hour: time) -> datetime:
    """The next instant strictly after `at` at which a clock in the zone shows this hour."""
    day = wall_clock(at, zone).date()
    while True:
        found = resolve_local(datetime.combine(day, hour), zone)
        if found > at:
            return found
        day += timedelta(days=1)
