"""One instance as its reader sees it: what screens, cards and messages are made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.rules import Role
from backend.events.drafts import Visibility
from backend.known_zones import first_known
from backend.seats import availability
from backend.seats.availability import Availability
from backend.seats.preview import preview
from backend.seats.promotion import WAITLIST_FIRST, PromotionWindows, Stage
from backend.seats.requests import Answer
from backend.seats.state import InstanceState, SeatState
from backend.seats.store import AHEAD, HOLDING, party_of, state_of
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
    club: str
    club_language: str
    club_zone: str
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


# The reader $1 of an instance `i` as a member `m`; a visitor is one only of what they take part in (A10).
READER = """memberships m ON m.account_id = i.account_id AND m.user_id = $1 AND m.left_at IS NULL
    AND (m.visitor_since IS NULL OR EXISTS (
        SELECT 1 FROM bookings own WHERE own.instance_id = i.id AND own.membership_id = m.id))"""

# Whoever has the link of a series `r` that is open to them, unless an organiser removed them (A5, A9).
OPEN_BY_LINK = """(r.visibility = 'link' AND r.archived_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM memberships gone
    WHERE gone.account_id = i.account_id AND gone.user_id = $1 AND gone.removed_at IS NOT NULL))"""

VIEW = f"""
SELECT i.id, i.id AS instance_id, i.code, i.account_id, i.series_id, i.original_start, i.starts_at,
    i.ends_at, i.state, i.cancel_reason, i.sequence, i.edited_at, i.moved_from, i.drifted_at, i.decided_at,
    i.claim_until, i.list_closed_at,
    CASE WHEN i.list_closed_at IS NULL THEN s.booked ELSE (
        SELECT coalesce(sum(here.came), 0) FROM bookings here
        WHERE here.instance_id = i.id) END AS instance_came,
    a.name AS club, a.language AS club_language, a.zone AS club_zone,
    coalesce(i.title, r.title) AS title, coalesce(i.emoji, r.emoji) AS emoji,
    coalesce(i.description, r.description) AS description, coalesce(i.place, r.place) AS place,
    coalesce(i.map_url, r.map_url) AS map_url, coalesce(i.guests_max, r.guests_max) AS guests_max,
    r.zone, r.rule, r.starts_local, r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes,
    r.fill_gaps, r.visibility, r.group_id, r.topic_id, r.min_to_run, r.decide_before_minutes,
    r.decide_by_itself,
    r.offers_before_minutes, r.offer_minutes, r.first_tap_before_minutes,
    coalesce(c.first_name, '') AS canceller,
    s.capacity, s.over, s.booked, s.offered, s.waiting, s.releasing, s.called_at, s.queued_at, s.freed_at,
    s.part_notified_to, s.part_seats, s.version,
    {HOLDING} AS holding, 0 AS prioritized, m.role,
    m.id AS membership_id, m.user_id, true AS is_member, b.id AS booking_id, b.answer, b.seats,
        b.waiting AS waits,
    b.offered AS offers, b.priority, b.queued_at AS party_queued_at, b.seated_at, b.offer_until, b.lapsed_at,
    b.replace_since, b.promoted_at, b.move_asked_at, b.move_stays_at, b.guest_names,
    b.checked_in_at, b.came, x.kind AS absence, r.place AS usual_place,
    EXISTS (SELECT 1 FROM seat_claims k WHERE k.instance_id = i.id AND k.membership_id = m.id) AS has_claim,
    EXISTS (SELECT 1 FROM regulars g WHERE g.series_id = i.series_id AND g.membership_id = m.id) AS regular,
    CASE WHEN b.waiting + b.offered > 0 THEN {AHEAD} END AS ahead
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN accounts a ON a.id = i.account_id
JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN telegram_users c ON c.id = i.cancelled_by
LEFT JOIN {READER}
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = m.id
LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL
"""


async def load_views(where: str, *parameters: object, now: datetime | None = None) -> list[InstanceView]:
    """The views of the rows of `VIEW` that this condition finds, with what their reader ($1) can have of
    each."""
    now = now or clock.now()
    rows = await db.rows(f"{VIEW} WHERE {where}", *parameters)
    readers = [(state_of(row, now), party_of(row) if row["membership_id"] else None) for row in rows]
    found = await preview(readers)
    return [_view(row, state, one) for row, (state, _), one in zip(rows, readers, found, strict=True)]


async def load_view(where: str, *parameters: object, now: datetime | None = None) -> InstanceView | None:
    """The first of them, or None."""
    return next(iter(await load_views(f"{where} LIMIT 1", *parameters, now=now)), None)


def _own_booking(row: db.Row, now: datetime) -> OwnBooking | None:
    if row["answer"] is None:
        return None
    until = row["offer_until"]
    return OwnBooking(
        answer=Answer(row["answer"]),
        seats=row["seats"],
        waiting=row["waits"],
        offered=row["offers"],
        held=row["offers"] if until and now < until else 0,
        place=row["ahead"] + 1 if row["waits"] else None,
        offer_until=until,
        is_releasing=row["replace_since"] is not None,
        needs_move_answer=row["move_asked_at"] is not None
        and row["move_stays_at"] is None
        and row["answer"] == Answer.IN,
        checked_in=row["checked_in_at"] is not None,
        was_skipped=row["lapsed_at"] is not None,
        promoted_at=row["promoted_at"],
        came=row["came"],
        absence=row["absence"] or "",
        queued_at=row["party_queued_at"],
        seated_at=row["seated_at"],
        guest_names=tuple(row["guest_names"]),
    )


def _view(row: db.Row, state: SeatState, found: Availability) -> InstanceView:
    return InstanceView(
        now=state.now,
        id=row["id"],
        code=row["code"],
        account_id=row["account_id"],
        series_id=row["series_id"],
        club=row["club"],
        club_language=row["club_language"],
        club_zone=first_known(row["club_zone"]),
        title=row["title"],
        emoji=row["emoji"],
        description=row["description"],
        place=row["place"],
        map_url=row["map_url"],
        zone=state.instance.zone,
        rule=row["rule"],
        starts_local=row["starts_local"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        original_start=row["original_start"],
        state=InstanceState(row["state"]),
        cancel_reason=row["cancel_reason"],
        cancelled_by=row["canceller"],
        windows=state.instance.windows,
        promotion=state.instance.promotion,
        guests_max=row["guests_max"],
        fill_gaps=row["fill_gaps"],
        visibility=Visibility(row["visibility"]),
        group_id=row["group_id"],
        topic_id=row["topic_id"],
        capacity=row["capacity"],
        over=row["over"],
        booked=state.booked,
        offered=state.offered,
        waiting=state.waiting,
        releasing=state.releasing,
        notified_at=row["called_at"],
        availability=found,
        version=row["version"],
        role=Role(row["role"]) if row["role"] else None,
        mine=_own_booking(row, state.now),
        claim_until=row["claim_until"],
        sequence=row["sequence"],
        is_edited=row["edited_at"] is not None,
        moved_from=row["moved_from"],
        is_drifted=row["drifted_at"] is not None,
        min_to_run=row["min_to_run"],
        decides_at=row["starts_at"] - timedelta(minutes=row["decide_before_minutes"]),
        decide_by_itself=row["decide_by_itself"],
        decided_at=row["decided_at"],
        list_closed_at=row["list_closed_at"],
        came=row["instance_came"],
        has_claim=row["has_claim"],
        is_regular=row["regular"],
        usual_place=row["usual_place"],
    )
