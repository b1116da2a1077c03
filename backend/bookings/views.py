"""One instance as its reader sees it: what screens, cards and messages are made of."""

from dataclasses import dataclass
from datetime import datetime

from backend.accounts.rules import Role
from backend.events.drafts import Visibility
from backend.seats import availability
from backend.seats.availability import Availability
from backend.seats.promotion import WAITLIST_FIRST, PromotionWindows, Stage
from backend.seats.requests import Answer
from backend.seats.state import InstanceState
from backend.seats.windows import UNDO_MINUTES, UNDO_TIME, Windows, is_leaving_free

HUES = 7  # h0…h6 of the style sheet; h7 is the grey of what is cancelled


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """The reader's own booking. `place` is the place in line, from 1; `held` are seats under a live offer
    (`W3`)."""

    answer: Answer
    seats: int
    waiting: int
    offered: int
    held: int
    place: int | None
    offer_until: datetime | None = None
    is_releasing: bool = False  # looks for a replacement (B6)
    needs_move_answer: bool = False  # the instance has moved, and they have not answered yet (S6)
    checked_in: bool = False
    was_skipped: bool = False  # let an offer go by, and is skipped until another seat comes free (W3)
    promoted_at: datetime | None = None  # when the waitlist gave them their seat
    came: int | None = None  # how many of the party were checked in (B12)
    absence: str = ""  # what stayed empty and counts: late, no-show
    queued_at: datetime | None = None
    seated_at: datetime | None = None
    guest_names: tuple[str, ...] = ()  # in order; "" is a guest without one, as is everyone beyond

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.waiting + self.offered - 1)


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One instance with its seats, as its reader sees it at the moment `now`. Times are aware instants;
    `zone` is the event's."""

    now: datetime
    id: int
    code: str
    account_id: int
    series_id: int
    account_name: str
    account_language: str
    account_zone: str
    title: str
    emoji: str
    description: str
    place: str
    map_url: str
    zone: str
    rule: str
    starts_local: datetime
    starts_at: datetime
    ends_at: datetime
    original_start: datetime
    state: InstanceState
    cancel_reason: str
    cancelled_by: str
    windows: Windows
    promotion: PromotionWindows
    guests_max: int
    fill_gaps: bool
    visibility: Visibility
    group_id: int | None
    topic_id: int | None
    capacity: int | None
    over: int
    booked: int
    offered: int
    waiting: int  # parties in line
    releasing: int  # booked seats whose holders look for a replacement (B6)
    notified_at: datetime | None  # when the waitlist was last notified of a seat for the first tap (W3)
    availability: Availability  # what the reader can have
    version: int  # changes whenever anything shown of the seats does
    role: Role | None = None  # the reader's; None for strangers, who read by the link alone (A10)
    mine: OwnBooking | None = None
    claim_until: datetime | None = None  # until when only parties with a claim may take seats (P4)
    sequence: int = 0
    is_edited: bool = False  # by hand: it keeps its own values (S4)
    moved_from: datetime | None = None
    is_drifted: bool = False  # the series' rule no longer has it (S4)
    min_to_run: int | None = None
    decides_at: datetime | None = None  # when it is decided whether it runs (S7)
    decide_by_itself: bool = False
    decided_at: datetime | None = None
    list_closed_at: datetime | None = None
    came: int = 0  # people: the checked in once the list is closed, until then the booked (B12)
    has_claim: bool = False  # the reader has a claim (P4)
    is_regular: bool = False  # the reader has a standing seat on the series (B11)
    usual_place: str = ""  # the series' own
    is_archived: bool = False

    @property
    def missing(self) -> int:
        """How many more people are needed for it to run, while that is not decided (`S7`)."""
        if self.min_to_run is None or self.decided_at is not None:
            return 0
        return max(0, self.min_to_run - self.booked)

    @property
    def stage(self) -> Stage:
        """How a seat that comes free now moves (`W3`)."""
        return self.promotion.stage(self.now)

    @property
    def is_first_tap(self) -> bool:
        """Whether a free seat now goes to the first tap (`W3`)."""
        return self.stage is Stage.FIRST_TAP

    @property
    def is_claim_period(self) -> bool:
        """Whether only parties with a claim may take seats now (`P4`)."""
        return self.claim_until is not None and self.now < self.claim_until

    @property
    def is_waitlist_first(self) -> bool:
        """Whether only the taps of parties count now that waited when the waitlist was notified (`W3`)."""
        return availability.is_waitlist_first(self.notified_at, self.now)

    @property
    def free(self) -> int | None:
        """Seats that are free; None without a limit, 0 when overfull."""
        return self.availability.free

    @property
    def is_full(self) -> bool:
        return self.availability.is_full

    @property
    def guest_limit(self) -> int:
        """How many guests the reader's party can have; those that it has may stay."""
        guests = self.mine.guests if self.mine else 0
        return max(guests, availability.guest_limit(self.capacity, self.guests_max))

    @property
    def takeable(self) -> int:
        """Seats that the reader, who waits, may have by a tap (`W1`, `W3`)."""
        return self.availability.takeable

    @property
    def up_for_grabs(self) -> int:
        """Seats that whoever taps first has now (`W3`, `B6`)."""
        return self.availability.up_for_grabs

    @property
    def joins_waitlist(self) -> bool:
        """Whether joining now means waiting in line: the join-or-wait decision (`B4`)."""
        return self.availability.joins_waitlist

    @property
    def is_overfull(self) -> bool:
        """Whether more seats are given than there are (`W4`)."""
        return availability.is_overfull(self.capacity, self.booked, self.offered)

    @property
    def counts_as_late(self) -> bool:
        """Whether the reader's seats count as a late cancellation when nobody takes them (`B6`)."""
        promoted_at = self.mine.promoted_at if self.mine else None
        return promoted_at is None or promoted_at < self.windows.cancel_until

    @property
    def changes_at(self) -> list[datetime]:
        """When the clock alone may change how this stands; days, which end at midnight, are not among them. A
        moment at which nothing is seen to change does no harm."""
        moments: tuple[datetime | None, ...] = (
            self.starts_at,
            self.ends_at,
            self.windows.opens_at,
            self.windows.closes_at,
            self.windows.cancel_until,
            self.claim_until,
            self.notified_at + WAITLIST_FIRST if self.notified_at else None,
            self.decides_at,
            self.mine.offer_until if self.mine else None,
            self.undo_until,
            self.promotion.next_change(self.now),
        )
        return [moment for moment in moments if moment is not None]

    @property
    def hue(self) -> int:
        return 7 if self.state is InstanceState.CANCELLED else self.series_id % HUES

    @property
    def phase(self) -> str:
        """`not-open`, `open`, `closed` (to booking), `ended` or `cancelled`."""
        if self.state is InstanceState.CANCELLED:
            return "cancelled"
        if self.state is InstanceState.COMPLETED or self.now >= self.ends_at:
            return "ended"
        return self.windows.phase(self.now)

    @property
    def is_past_deadline(self) -> bool:
        """Whether leaving counts by now, but for those who may leave all the same (`B6`)."""
        return not self.windows.leaving_is_free(self.now)

    @property
    def can_leave_freely(self) -> bool:
        """Whether the reader could give their seats back now without its counting (`B6`, `S6`, `W4`)."""
        if self.phase in ("ended", "cancelled"):
            return False
        return is_leaving_free(
            self.windows,
            self.starts_at,
            self.now,
            seated_at=self.mine.seated_at if self.mine else None,
            needs_move_answer=bool(self.mine and self.mine.needs_move_answer),
            is_overfull=self.is_overfull,
        )

    @property
    def undo_until(self) -> datetime | None:
        """Until when the reader may still leave freely because they have only just been seated; None later, and
        before the deadline (`B6`)."""
        if not self.is_past_deadline or self.mine is None or self.mine.seated_at is None:
            return None
        until = self.mine.seated_at + UNDO_TIME
        return until if self.now < until else None

    @property
    def undo_minutes(self) -> int:
        """For how many minutes a booking can be undone after it was made."""
        return UNDO_MINUTES

    @property
    def commits(self) -> bool:
        """Whether a seat that the reader books now cannot be left freely but for the time to undo it (`B6`)."""
        is_new = self.mine is None or self.mine.answer != Answer.IN
        return is_new and self.phase == "open" and self.is_past_deadline and not self.joins_waitlist
