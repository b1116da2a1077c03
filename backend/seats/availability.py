"""What is free of an instance for each party (`W6`): pure functions of plain numbers.

The allocator decides by them, and every view, card, message and template shows what they say; nothing else works it out.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from backend.seats.promotion import WAITLIST_FIRST, Stage

UNLIMITED = 1_000_000  # what "no limit" counts as where a number is needed


class Room(NamedTuple):
    """Seats that a party may have now: free ones, and those of parties that look for a replacement (`B6`)."""

    free: int
    replaceable: int

    @property
    def seats(self) -> int:
        return self.free + self.replaceable


NO_ROOM = Room(0, 0)


def free_seats(capacity: int | None, booked: int, offered: int) -> int:
    """Seats that can be given now: never negative, `UNLIMITED` without a capacity. Held seats are not free."""
    return UNLIMITED if capacity is None else max(0, capacity - booked - offered)


def guest_limit(capacity: int | None, guests_max: int) -> int:
    """How many guests a party can have: no more than there are seats for besides the member's (`B1`)."""
    return guests_max if capacity is None else max(0, min(guests_max, capacity - 1))


def is_overfull(capacity: int | None, booked: int, offered: int) -> bool:
    """Whether more seats are given than there are (`W4`)."""
    return capacity is not None and booked + offered > capacity


def replaceable_seats(capacity: int | None, booked: int, offered: int, releasing: int) -> int:
    """Seats that may be taken over from parties that look for a replacement (`B6`); none while overfull (`W4`)."""
    return 0 if is_overfull(capacity, booked, offered) else releasing


def is_waitlist_first(notified_at: datetime | None, now: datetime) -> bool:
    """Whether only the taps of parties count that waited when the waitlist was notified of a free seat (`W3`)."""
    return notified_at is not None and now < notified_at + WAITLIST_FIRST


def room(
    stage: Stage, free: int, replaceable: int, *, has_claim: bool, must_wait: bool, is_behind_waitlist: bool
) -> Room:
    """The room for one party: `must_wait` while others are seated before it (`B4`), `is_behind_waitlist` while only the
    taps of notified parties count (`W3`); `has_claim` is true for everybody once no claims hold (`P4`)."""
    if not has_claim:
        return NO_ROOM
    if stage is Stage.FIRST_TAP:
        return NO_ROOM if is_behind_waitlist else Room(free, replaceable)
    if stage is Stage.AUTOMATIC:
        return NO_ROOM if must_wait else Room(free, replaceable)
    return Room(0 if must_wait else free, 0 if is_behind_waitlist else replaceable)


def up_for_grabs(stage: Stage, free: int, replaceable: int, waiting: int) -> int:
    """Seats that whoever taps first has, on the waitlist or not, as a card shows them to everybody (`W3`, `B6`): free ones
    that others wait for in the last hours, and those whose holders look for a replacement where nobody in line goes first."""
    if not waiting:
        return 0 if free else replaceable
    if stage is Stage.AUTOMATIC:
        return 0
    return replaceable + (free if stage is Stage.FIRST_TAP else 0)


@dataclass(frozen=True, slots=True)
class Availability:
    """What one reader can have of an instance at one moment: exactly what the allocator would give them (`W6`)."""

    free: int | None  # seats that are free; None where they are not counted
    room: int  # seats a new party of theirs could have; `UNLIMITED` where seats are not counted
    takeable: int = 0  # seats they may take by a tap, if they wait in line (W1, W3)
    up_for_grabs: int = 0
    guests_max: int = (
        0  # guests they could come with: never more than there are seats for, or than are free to add
    )

    @property
    def is_full(self) -> bool:
        return self.free == 0

    @property
    def joins_waitlist(self) -> bool:
        """Whether a party of one would wait in line instead of being seated (`B4`): the join-or-wait decision."""
        return not self.seats_party(1)

    def seats_party(self, size: int) -> bool:
        """Whether a new party of this size would be seated at once (`B1`: as a whole or not at all)."""
        return size <= self.room
