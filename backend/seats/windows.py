"""When an instance can be booked, and until when leaving is free (`B5`, `B6`). Pure: no tables, no clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

UNDO_MINUTES = 5  # so long after it was made a booking can be undone, whatever the deadline (B6)
UNDO_TIME = timedelta(minutes=UNDO_MINUTES)


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


def is_leaving_free(
    windows: Windows,
    starts_at: datetime,
    now: datetime,
    *,
    seated_at: datetime | None,
    needs_move_answer: bool,
    is_overfull: bool,
) -> bool:
    """Whether a party that has been seated since `seated_at` may leave without its counting (`B6`): until the deadline, and
    within five minutes of its booking. After the deadline, until the start: a party that was asked because the instance has
    moved, until it has answered (`S6`); and anybody while overfull, since nobody can take their seats over (`W4`)."""
    if windows.leaving_is_free(now) or (seated_at is not None and now < seated_at + UNDO_TIME):
        return True
    return now < starts_at and (needs_move_answer or is_overfull)
