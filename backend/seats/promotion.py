"""How a freed seat moves, by the clock (`W3`): far from the start to the first in line, nearer as an offer, and in the
last hours to the first tap. Pure: no tables, no clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from backend.zones import QUIET_FROM, end_of_quiet_hours, next_time_of_day

WAITLIST_FIRST = timedelta(minutes=5)  # after a notification only the taps of the waitlist count
MILLISECOND = timedelta(milliseconds=1)


class Stage(StrEnum):
    """What becomes of a seat that comes free now."""

    AUTOMATIC = "automatic"
    OFFER = "offer"
    FIRST_TAP = "first tap"


@dataclass(frozen=True, slots=True)
class PromotionWindows:
    """The promotion windows of an instance; aware instants, `zone` is the event's."""

    zone: str
    starts_at: datetime
    offers_from: datetime
    first_tap_from: datetime
    offer_duration: timedelta

    @classmethod
    def around(
        cls,
        starts_at: datetime,
        zone: str,
        *,
        offers_before: int,
        offer_minutes: int,
        first_tap_before: int,
    ) -> "PromotionWindows":
        """The windows of an instance that starts then; minutes are elapsed time before the start."""
        return cls(
            zone,
            starts_at,
            starts_at - timedelta(minutes=offers_before),
            starts_at - timedelta(minutes=first_tap_before),
            timedelta(minutes=offer_minutes),
        )

    def stage(self, now: datetime) -> Stage:
        """How a seat that comes free now moves. Where the night leaves no time for an offer, the first tap has it."""
        if now < self.offers_from:
            return Stage.AUTOMATIC
        if now >= self.first_tap_from or self.offer_ends(now) >= self.starts_at:
            return Stage.FIRST_TAP
        return Stage.OFFER

    def next_change(self, now: datetime) -> datetime:
        """When the next stage begins, to the millisecond and never late; the start, once the last one has begun."""
        if now < self.offers_from:
            return self.offers_from
        if self.stage(now) is Stage.FIRST_TAP:
            return self.starts_at
        # The night may cut the offers short: what is asked for is the first moment at which one would end too late.
        early, late = now, self.first_tap_from
        while late - early > MILLISECOND:
            middle = early + (late - early) / 2
            early, late = (early, middle) if self.stage(middle) is Stage.FIRST_TAP else (middle, late)
        return late

    def offer_ends(self, now: datetime) -> datetime:
        """When an offer made now expires: its time does not run in quiet hours (22 to 8 where the event is)."""
        left, at = self.offer_duration, now
        while True:
            at = end_of_quiet_hours(at, self.zone) or at
            ends = at + left
            night = next_time_of_day(at, self.zone, QUIET_FROM)
            if ends <= night:
                return ends
            left, at = ends - night, night


def promotion_windows_of(row: Any, zone: str) -> PromotionWindows:
    """The windows in a row with the instance's start and the series' columns; `zone` is the series' zone."""
    return PromotionWindows.around(
        row["starts_at"],
        zone,
        offers_before=row["offers_before_minutes"],
        offer_minutes=row["offer_minutes"],
        first_tap_before=row["first_tap_before_minutes"],
    )
