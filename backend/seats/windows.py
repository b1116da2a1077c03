"""When an instance can be booked, and until when leaving is free (`B5`, `B6`). Pure: no tables, no clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class BookingPhase(StrEnum):
    """Whether booking is possible, as far as its window goes (`B5`)."""

    NOT_OPEN = "not-open"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Windows:
    """When an instance can be booked, and until when leaving is free; aware UTC instants.

    `opens_at` is `None` when it is open as soon as it exists. Each window includes its first
    instant and not its last.
    """

    opens_at: datetime | None
    closes_at: datetime
    cancel_until: datetime

    @classmethod
    def around(
        cls,
        starts_at: datetime,
        opens_before_minutes: int | None,
        closes_before_minutes: int,
        cancel_before_minutes: int | None,
    ) -> "Windows":
        """The windows of an instance; without a deadline, leaving is free until its start.

        Minutes are elapsed time: a day before is 24 hours before, also across a DST change.
        Negative minutes are after the start. A window that opens after it closes is never open.
        """

        def before(minutes: int) -> datetime:
            return starts_at.astimezone(UTC) - timedelta(minutes=minutes)

        return cls(
            None if opens_before_minutes is None else before(opens_before_minutes),
            before(closes_before_minutes),
            before(cancel_before_minutes or 0),
        )

    def phase(self, now: datetime) -> BookingPhase:
        """Whether it can be booked at an aware instant (`B5`)."""
        if now >= self.closes_at:
            return BookingPhase.CLOSED
        is_early = self.opens_at is not None and now < self.opens_at
        return BookingPhase.NOT_OPEN if is_early else BookingPhase.OPEN

    def leaving_is_free(self, now: datetime) -> bool:
        """Whether the cancellation deadline is still to come at an aware instant (`B6`)."""
        return now < self.cancel_until
