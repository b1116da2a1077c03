"""What the screens and cards show of instances and their people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from backend import clock, db
from backend.accounts.rules import Role
from backend.errors import NotFound
from backend.events.drafts import Visibility
from backend.people.queries import Person
from backend.people.sql import REACHABLE, SHORT_NAME
from backend.seats.promotion import WAITLIST_FIRST, PromotionWindows, Stage, promotion_windows_of
from backend.seats.state import InstanceState
from backend.seats.windows import Windows

SOUGHT_MOST = 8  # words of a search that count
AT_ONCE = 500  # dates of a month
HUES = 7  # h0…h6 of the style sheet; h7 is the grey of what is cancelled


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """The reader's own booking. `place` is the place in line, from 1; `answer`: in, maybe, declined, left."""

    answer: str
    seats: int
    waiting: int
    offered: int
    place: int | None
    offer_until: datetime | None = None
    replacing: bool = False  # looks for a replacement (B6)
    asked_to_stay: bool = False  # the date has moved, and they have not said yet whether they still come (S6)
    checked_in: bool = False
    lapsed: bool = False  # let an offer go by, and is passed over until another seat comes free (W3)
    promoted_at: datetime | None = None  # when the line gave them their seat
    came: int | None = None  # how many of the party were checked in (B12)
    absence: str = ""  # what stayed empty and counts: late, no-show
    queued_at: datetime | None = None
    guest_names: tuple[str, ...] = ()  # in order; "" is a guest without one, as who is beyond

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.waiting + self.offered - 1)

    @property
    def held(self) -> int:
        """Seats held for them now: an offer whose time is up counts no more, swept or not (`W3`)."""
        return self.offered if self.offer_until and clock.now() < self.offer_until else 0


@dataclass(frozen=True, slots=True)
class InstanceView:
    """One date of a series with its seats, as its reader sees it. Times are aware instants; `zone` is the event's."""

    id: int
    code: str
    account_id: int
    series_id: int
    club: str
    club_language: str
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
    version: int  # changes whenever anything shown of the seats does
    role: Role | None = None
    mine: OwnBooking | None = None
    releasing: int = 0  # booked seats whose holders look for a replacement (B6)
    called_at: datetime | None = None  # when all who wait were last told that the first tap has the seat (W3)
    claim_until: datetime | None = None  # until when only who has a claim may take seats (P4)
    clockwork: PromotionWindows | None = None
    sequence: int = 0
    edited: bool = False  # by hand: it keeps its own values (S4)
    moved_from: datetime | None = None
    drifted: bool = False  # the series' rule no longer has it (S4)
    min_to_run: int | None = None
    decides_at: datetime | None = None  # when it is settled whether it runs (S7)
    decide_by_itself: bool = False
    decided_at: datetime | None = None
    list_closed_at: datetime | None = None
    came: int = 0  # people: who was checked in once the list is closed, till then who was booked (B12)
    claims: bool = False  # the reader has a claim (P4)
    regular: bool = False  # the reader has a standing seat on the series (B11)
    usual_place: str = ""  # the series' own

    @property
    def missing(self) -> int:
        """How many more people are needed for it to run, while that is not settled (`S7`)."""
        if self.min_to_run is None or self.decided_at is not None:
            return 0
        return max(0, self.min_to_run - self.booked)

    @property
    def stage(self) -> Stage:
        """How a seat that comes free now moves (`W3`)."""
        return self.clockwork.stage(clock.now()) if self.clockwork else Stage.AUTOMATIC

    @property
    def first_tap(self) -> bool:
        """Whether a free seat now goes to the first tap (`W3`)."""
        return self.stage is Stage.FIRST_TAP

    @property
    def claiming(self) -> bool:
        """Whether only who has a claim may take seats now (`P4`)."""
        return self.claim_until is not None and clock.now() < self.claim_until

    @property
    def up_for_grabs(self) -> int:
        """Seats that the first tap has now (`W3`, `B6`): free ones that others wait for in the last hours, and those whose
        holders look for a replacement, where nobody in line comes first. The desk has the last word."""
        if self.claiming or self.free is None:
            return 0
        if not self.waiting:
            return self.releasing if self.full else 0
        if self.stage is Stage.AUTOMATIC:
            return 0
        return self.releasing + (self.free if self.first_tap else 0)

    @property
    def calling(self) -> bool:
        """Whether only the taps of those count now who waited when all were told (`W3`)."""
        return self.called_at is not None and clock.now() < self.called_at + WAITLIST_FIRST

    @property
    def mine_to_take(self) -> int:
        """Seats that the reader, who waits, may have by a tap (`W1`, `W3`): what they let go by too, while it is free and
        nobody is before them."""
        mine = self.mine
        if mine is None or not mine.waiting or self.free is None:
            return 0
        if self.claiming and not self.claims:
            return 0
        queued_at, called_at = mine.queued_at, self.called_at
        uncalled = bool(self.calling and queued_at and called_at and queued_at > called_at)
        if self.first_tap:
            return 0 if uncalled else self.free + self.releasing
        free = self.free if mine.place == 1 else 0
        if self.stage is Stage.AUTOMATIC:
            return free + (self.releasing if mine.place == 1 else 0)
        return free + (0 if uncalled else self.releasing)

    @property
    def counts_late(self) -> bool:
        """Whether the reader's seats count as a late cancellation when nobody takes them (`B6`)."""
        promoted_at = self.mine.promoted_at if self.mine else None
        return promoted_at is None or promoted_at < self.windows.cancel_until

    @property
    def turns(self) -> list[datetime]:
        """When the clock alone may change how this stands; days, which end at midnight, are not among them. A moment at
        which nothing is seen to change does no harm."""
        moments: tuple[datetime | None, ...] = (
            self.starts_at,
            self.ends_at,
            self.windows.opens_at,
            self.windows.closes_at,
            self.windows.cancel_until,
            self.claim_until,
            self.called_at + WAITLIST_FIRST if self.called_at else None,
            self.decides_at,
            self.mine.offer_until if self.mine else None,
            self.clockwork.next_change(clock.now()) if self.clockwork else None,
        )
        return [moment for moment in moments if moment is not None]

    @property
    def hue(self) -> int:
        return 7 if self.state == InstanceState.CANCELLED else self.series_id % HUES

    @property
    def free(self) -> int | None:
        """Seats that are free; None without a limit, 0 when over."""
        if self.capacity is None:
            return None
        return max(0, self.capacity - self.booked - self.offered)

    @property
    def full(self) -> bool:
        return self.free == 0

    @property
    def phase(self) -> str:
        """`not-open`, `open`, `closed` (to booking), `ended` or `cancelled`, now."""
        if self.state == InstanceState.CANCELLED:
            return "cancelled"
        if self.state == InstanceState.COMPLETED or clock.now() >= self.ends_at:
            return "ended"
        return self.windows.phase(clock.now())

    @property
    def overfull(self) -> bool:
        """Whether more seats are given than there are (`W4`)."""
        return self.capacity is not None and self.booked + self.offered > self.capacity

    @property
    def past_deadline(self) -> bool:
        """Whether leaving counts by now, but for who may leave all the same (`B6`)."""
        return not self.windows.leaving_is_free(clock.now())

    @property
    def may_leave(self) -> bool:
        """Whether the reader could give their seats back freely now (`B6`), if only because there are too few (`W4`)."""
        if self.phase in ("ended", "cancelled"):
            return False
        return not self.past_deadline or (self.overfull and clock.now() < self.starts_at)


@dataclass(frozen=True, slots=True)
class Attendee:
    """Someone who comes, waits, or answered: a row of an instance's people. `place` is theirs in line. What their guests
    are called is known only to where organisers and helpers look (`attendance`): to other members guests are a number."""

    membership_id: int
    user_id: int | None
    first_name: str
    last_name: str
    answer: str
    seats: int
    waiting: int
    place: int | None
    answered_at: datetime
    queued_at: datetime | None
    offered: int = 0
    offer_until: datetime | None = None
    reachable: bool = False
    guest_names: tuple[str, ...] = ()

    @property
    def wanted(self) -> int:
        """Seats they wait for or are offered, besides those they have."""
        return self.waiting + self.offered

    @property
    def guests(self) -> int:
        return max(0, self.seats + self.wanted - 1)

    @property
    def named_guests(self) -> tuple[str, ...]:
        """Those of the guests whose name is known."""
        return tuple(name for name in self.guest_names if name)

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(frozen=True, slots=True)
class People:
    """Who comes to an instance: at most as many parties as were asked for, and how many seats are taken in all."""

    comers: list[Attendee]
    seats: int

    @property
    def more(self) -> int:
        """How many people come besides those listed and their guests."""
        return max(0, self.seats - sum(comer.seats for comer in self.comers))


AHEAD = """CASE WHEN b.waiting > 0 THEN 1 + (
    SELECT count(*) FROM bookings q WHERE q.instance_id = b.instance_id AND q.waiting > 0
    AND (q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))
) END AS place_in_line"""

VIEW = f"""
SELECT i.id, i.code, i.account_id, i.series_id, i.original_start, i.starts_at, i.ends_at, i.state, i.cancel_reason,
    i.sequence, i.edited_at, i.moved_from, i.drifted_at, i.decided_at, i.claim_until, i.list_closed_at,
    CASE WHEN i.list_closed_at IS NULL THEN s.booked ELSE (
        SELECT coalesce(sum(here.came), 0) FROM bookings here WHERE here.instance_id = i.id) END AS came,
    a.name AS club, a.language AS club_language,
    coalesce(i.title, r.title) AS title, coalesce(i.emoji, r.emoji) AS emoji,
    coalesce(i.description, r.description) AS description, coalesce(i.place, r.place) AS place,
    coalesce(i.map_url, r.map_url) AS map_url, coalesce(i.guests_max, r.guests_max) AS guests_max,
    r.zone, r.rule, r.starts_local, r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes,
    r.fill_gaps, r.visibility, r.group_id, r.topic_id, r.min_to_run, r.decide_before_minutes, r.decide_by_itself,
    r.offers_before_minutes, r.offer_minutes, r.first_tap_before_minutes,
    coalesce(c.first_name, '') AS canceller,
    s.capacity, s.over, s.booked, s.offered, s.waiting, s.releasing, s.called_at, s.version, m.role,
    b.answer, b.seats AS my_seats, b.waiting AS my_waiting, b.offered AS my_offered, b.offer_until, b.replace_since,
    b.move_asked_at, b.move_stays_at, b.checked_in_at, b.lapsed_at, b.promoted_at, b.came AS my_came, x.kind AS absence,
    b.queued_at AS my_queued_at, b.guest_names,
    r.place AS usual_place,
    EXISTS (SELECT 1 FROM seat_claims k WHERE k.instance_id = i.id AND k.membership_id = m.id) AS claims,
    EXISTS (SELECT 1 FROM regulars g WHERE g.series_id = i.series_id AND g.membership_id = m.id) AS regular, {AHEAD}
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN accounts a ON a.id = i.account_id
JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN telegram_users c ON c.id = i.cancelled_by
LEFT JOIN memberships m ON m.account_id = i.account_id AND m.user_id = $1 AND m.left_at IS NULL
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = m.id
LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL
"""


def _view(row: db.Row) -> InstanceView:
    mine = None
    if row["answer"] is not None:
        mine = OwnBooking(
            row["answer"],
            row["my_seats"],
            row["my_waiting"],
            row["my_offered"],
            row["place_in_line"],
            row["offer_until"],
            row["replace_since"] is not None,
            row["move_asked_at"] is not None and row["move_stays_at"] is None and row["answer"] == "in",
            row["checked_in_at"] is not None,
            row["lapsed_at"] is not None,
            row["promoted_at"],
            row["my_came"],
            row["absence"] or "",
            row["my_queued_at"],
            tuple(row["guest_names"]),
        )
    return InstanceView(
        id=row["id"],
        code=row["code"],
        account_id=row["account_id"],
        series_id=row["series_id"],
        club=row["club"],
        club_language=row["club_language"],
        title=row["title"],
        emoji=row["emoji"],
        description=row["description"],
        place=row["place"],
        map_url=row["map_url"],
        zone=row["zone"],
        rule=row["rule"],
        starts_local=row["starts_local"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        original_start=row["original_start"],
        state=InstanceState(row["state"]),
        cancel_reason=row["cancel_reason"],
        cancelled_by=row["canceller"],
        windows=Windows.around(
            row["starts_at"],
            row["opens_before_minutes"],
            row["closes_before_minutes"],
            row["cancel_before_minutes"],
        ),
        guests_max=row["guests_max"],
        fill_gaps=row["fill_gaps"],
        visibility=Visibility(row["visibility"]),
        group_id=row["group_id"],
        topic_id=row["topic_id"],
        capacity=row["capacity"],
        over=row["over"],
        booked=row["booked"],
        offered=row["offered"],
        waiting=row["waiting"],
        version=row["version"],
        role=Role(row["role"]) if row["role"] else None,
        mine=mine,
        releasing=row["releasing"],
        called_at=row["called_at"],
        claim_until=row["claim_until"],
        clockwork=promotion_windows_of(row),
        sequence=row["sequence"],
        edited=row["edited_at"] is not None,
        moved_from=row["moved_from"],
        drifted=row["drifted_at"] is not None,
        min_to_run=row["min_to_run"],
        decides_at=row["starts_at"] - timedelta(minutes=row["decide_before_minutes"]),
        decide_by_itself=row["decide_by_itself"],
        decided_at=row["decided_at"],
        list_closed_at=row["list_closed_at"],
        came=row["came"],
        claims=row["claims"],
        regular=row["regular"],
        usual_place=row["usual_place"],
    )


# The dates to come of the reader's clubs: $2 now, $3 page on from, $4 a club, $5 a group, $6 words, $7 how many.
UPCOMING = (
    "m.id IS NOT NULL AND i.ends_at > $2 AND i.starts_at > $3 AND ($4::bigint IS NULL OR i.account_id = $4)"
    " AND ($5::bigint IS NULL OR r.group_id = $5) AND ($6::text[] = '{}' OR (SELECT bool_and(strpos(lower(concat_ws(' ',"
    " coalesce(i.title, r.title), coalesce(i.place, r.place), a.name)), word) > 0)"
    " FROM unnest($6::text[]) AS word)) ORDER BY i.starts_at, i.id LIMIT $7"
)


def search_words(text: str) -> list[str]:
    """What is looked for: the words of what was typed, in small letters; more than eight do not count."""
    return text.lower().split()[:SOUGHT_MOST]


def search_values(
    person: Person,
    *,
    account_id: int | None = None,
    group_id: int | None = None,
    words: str = "",
    limit: int = 60,
    after: datetime | None = None,
) -> tuple[object, ...]:
    """What `UPCOMING` asks for, from $1 on."""
    since = after or clock.now() - timedelta(days=30)
    return (person.id, clock.now(), since, account_id, group_id, search_words(words), limit)


async def upcoming(
    person: Person,
    *,
    account_id: int | None = None,
    group_id: int | None = None,
    words: str = "",
    limit: int = 60,
    after: datetime | None = None,
) -> list[InstanceView]:
    """The dates to come over all the person's clubs (`A8`), soonest first; cancelled ones too, until their end.

    `words` are looked for in titles, places and clubs' names; `after` pages on from an instance's start.
    """
    values = search_values(
        person, account_id=account_id, group_id=group_id, words=words, limit=limit, after=after
    )
    rows = await db.rows(f"{VIEW} WHERE {UPCOMING}", *values)
    return [_view(row) for row in rows]


# The dates of the reader's clubs that start within [$2, $3), of one club when $4 is one, at most $5.
BETWEEN = (
    "m.id IS NOT NULL AND i.starts_at >= $2 AND i.starts_at < $3 AND ($4::bigint IS NULL OR i.account_id = $4)"
    " ORDER BY i.starts_at, i.id LIMIT $5"
)


async def between(
    person: Person, since: datetime, until: datetime, *, account_id: int | None = None
) -> list[InstanceView]:
    """The dates over all the person's clubs that start within [since, until), past ones too, soonest first."""
    rows = await db.rows(
        f"{VIEW} WHERE {BETWEEN}",
        person.id,
        since,
        until,
        account_id,
        AT_ONCE,
    )
    return [_view(row) for row in rows]


# Chats with dates that are not over at $2, in clubs of $1. The newest dates of a series are looked at first.
GROUPS_AHEAD = """FROM groups g JOIN memberships m ON m.account_id = g.account_id AND m.user_id = $1 AND m.left_at IS NULL
WHERE EXISTS (SELECT 1 FROM event_series r CROSS JOIN LATERAL (SELECT i.ends_at FROM event_instances i
    WHERE i.series_id = r.id ORDER BY i.original_start DESC OFFSET 0) dates WHERE r.group_id = g.id AND dates.ends_at > $2)"""


@dataclass(frozen=True, slots=True)
class GroupAhead:
    """A chat of one of the reader's clubs with dates to come."""

    id: int
    title: str


async def groups_ahead(person: Person, account_id: int) -> list[GroupAhead]:
    """The chats of a club of the person's in which dates to come take place, by name."""
    rows = await db.rows(
        f"SELECT g.id, g.title {GROUPS_AHEAD} AND g.account_id = $3 ORDER BY g.title, g.id",
        person.id,
        clock.now(),
        account_id,
    )
    return [GroupAhead(row["id"], row["title"]) for row in rows]


async def event(code: str, person: Person) -> InstanceView:
    """One instance, for the members of its club. Raises `NotFound` for everybody else (`A1`)."""
    row = await db.row(f"{VIEW} WHERE i.code = $2 AND m.id IS NOT NULL", person.id, code)
    if row is None:
        raise NotFound()
    return _view(row)


async def public_event(code: str) -> InstanceView:
    """One date for anybody who has its link, if its series is open to them (`A5`); nothing of any reader is in it.

    Raises `NotFound` for every other code, whatever there is behind it: for a series of members, for one that was put away.
    """
    row = await db.row(
        f"{VIEW} WHERE i.code = $2 AND r.visibility = 'link' AND r.archived_at IS NULL", None, code
    )
    if row is None:
        raise NotFound()
    return _view(row)


async def my_bookings(
    person: Person, *, past: bool = False, limit: int = 60, before: datetime | None = None
) -> list[InstanceView]:
    """What the person is in or waits for, soonest first; or what is past, newest first, and paged on by what started `before`."""
    rows = await db.rows(
        f"{VIEW} WHERE b.answer = 'in' AND (i.ends_at {'<=' if past else '>'} $2)"
        " AND ($4::timestamptz IS NULL OR i.starts_at < $4)"
        f" ORDER BY i.starts_at {'DESC' if past else ''}, i.id LIMIT $3",
        person.id,
        clock.now(),
        limit,
        before,
    )
    return [_view(row) for row in rows]


async def needs_answer(person: Person) -> list[InstanceView]:
    """What waits for the person's word, soonest first: seats held for them, a seat that the first tap has, a date that
    has moved."""
    rows = await db.rows(
        f"{VIEW} WHERE b.answer = 'in' AND i.state = 'SCHEDULED' AND i.starts_at > $2 AND (b.offered > 0"
        " OR b.seats > 0 AND b.move_asked_at IS NOT NULL AND b.move_stays_at IS NULL"
        " OR b.waiting > 0 AND (s.releasing > 0 OR s.booked + s.offered < s.capacity)) ORDER BY i.starts_at, i.id",
        person.id,
        clock.now(),
    )
    views = [_view(row) for row in rows]
    return [
        view
        for view in views
        if view.mine
        and (view.mine.held or view.mine.asked_to_stay or view.mine_to_take >= view.mine.waiting > 0)
    ]


async def after_me(view: InstanceView) -> Attendee | None:
    """Who gets the seats that are held for the reader if they let them go; None when nobody is sure to."""
    if not view.mine or not view.mine.held:
        return None
    row = await db.row(
        f"{ATTENDEE} AND b.waiting > 0 AND b.lapsed_at IS NULL ORDER BY b.priority DESC, b.queued_at, b.id LIMIT 1",
        view.id,
    )
    return _attendee(row) if row and row["waiting"] <= view.mine.held else None


@dataclass(frozen=True, slots=True)
class Record:
    """How often a person came, missed, and gave up late what nobody took; dates whose list is closed (`B6`, `B12`)."""

    came: int
    missed: int
    late: int

    @property
    def dates(self) -> int:
        return self.came + self.missed + self.late


async def record(person: Person) -> Record:
    """The person's own, over all their clubs, of the last year."""
    row = await db.row(
        "SELECT count(*) FILTER (WHERE b.checked_in_at IS NOT NULL) AS came,"
        " count(*) FILTER (WHERE x.kind = 'no-show') AS missed, count(*) FILTER (WHERE x.kind = 'late') AS late"
        " FROM bookings b JOIN event_instances i ON i.id = b.instance_id"
        " JOIN memberships m ON m.id = b.membership_id AND m.user_id = $1 AND m.left_at IS NULL"
        " LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL"
        " WHERE i.ends_at BETWEEN $2::timestamptz - interval '1 year' AND $2 AND i.state <> 'CANCELLED'",
        person.id,
        clock.now(),
    )
    assert row is not None
    return Record(row["came"], row["missed"], row["late"])


async def club_dates(
    account_id: int,
    person: Person,
    *,
    since: datetime,
    until: datetime | None = None,
    limit: int = 200,
) -> list[InstanceView]:
    """A club's dates that start within [since, until), for its organisers."""
    rows = await db.rows(
        f"{VIEW} WHERE i.account_id = $2 AND i.starts_at >= $3 AND ($4::timestamptz IS NULL OR i.starts_at < $4)"
        " ORDER BY i.starts_at, i.id LIMIT $5",
        person.id,
        account_id,
        since,
        until,
        limit,
    )
    return [_view(row) for row in rows]


async def series_dates(series_id: int, person: Person, *, limit: int = 100) -> list[InstanceView]:
    """The dates of a series that are not over, soonest first."""
    rows = await db.rows(
        f"{VIEW} WHERE i.series_id = $2 AND i.ends_at > $3 ORDER BY i.starts_at LIMIT $4",
        person.id,
        series_id,
        clock.now(),
        limit,
    )
    return [_view(row) for row in rows]


async def drifted(account_id: int, series_id: int | None = None) -> list[InstanceView]:
    """The club's dates to come that their rule no longer has, and that wait for an organiser's word (`S4`)."""
    rows = await db.rows(
        f"{VIEW} WHERE i.account_id = $2 AND i.drifted_at IS NOT NULL AND i.state = 'SCHEDULED' AND i.starts_at > $3"
        " AND ($4::bigint IS NULL OR i.series_id = $4) ORDER BY i.starts_at, i.id",
        None,
        account_id,
        clock.now(),
        series_id,
    )
    return [_view(row) for row in rows]


async def next_date(view: InstanceView, person: Person | None) -> InstanceView | None:
    """The next scheduled date of the same series after this one, as the person sees it, or nobody in particular; the way
    on from a no."""
    row = await db.row(
        f"{VIEW} WHERE i.series_id = $2 AND i.state = 'SCHEDULED' AND i.starts_at > greatest($3, $4::timestamptz)"
        " ORDER BY i.starts_at LIMIT 1",
        person and person.id,
        view.series_id,
        view.starts_at,
        clock.now(),
    )
    return _view(row) if row else None


async def instance_for_card(
    instance_id: int, person: Person | None = None
) -> tuple[InstanceView, InstanceView | None] | None:
    """An instance as a card shows it, to nobody in particular, or as a message tells a person of it; and the next
    scheduled date of its series."""
    row = await db.row(f"{VIEW} WHERE i.id = $2", person and person.id, instance_id)
    if row is None:
        return None
    view = _view(row)
    following = await db.row(
        f"{VIEW} WHERE i.series_id = $2 AND i.state = 'SCHEDULED' AND i.starts_at > $3 ORDER BY i.starts_at LIMIT 1",
        None,
        view.series_id,
        max(view.starts_at, clock.now()),
    )
    return view, _view(following) if following else None


ATTENDEE = f"""
SELECT m.id AS membership_id, m.user_id, {SHORT_NAME} AS shown, u.last_name, {REACHABLE} AS reachable,
    b.answer, b.seats, b.waiting, b.offered, b.offer_until, b.answered_at, b.queued_at, {AHEAD}
FROM bookings b JOIN memberships m ON m.id = b.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE b.instance_id = $1
"""


WITH_NAMES = ATTENDEE.replace("SELECT m.id", "SELECT b.guest_names, m.id", 1)


def _attendee(row: db.Row) -> Attendee:
    return Attendee(
        membership_id=row["membership_id"],
        user_id=row["user_id"],
        first_name=row["shown"],
        last_name=row["last_name"] or "",
        answer=row["answer"],
        seats=row["seats"],
        waiting=row["waiting"],
        place=row["place_in_line"],
        answered_at=row["answered_at"],
        queued_at=row["queued_at"],
        offered=row["offered"],
        offer_until=row["offer_until"],
        reachable=row["reachable"],
        guest_names=tuple(row.get("guest_names", ())),
    )


async def attendees(instance_id: int, *, limit: int = 8) -> People:
    """Who has a seat, in the order in which they were seated."""
    rows = await db.rows(
        f"{ATTENDEE} AND b.seats > 0 ORDER BY b.seated_at, b.id LIMIT $2", instance_id, limit
    )
    found = [_attendee(row) for row in rows]
    seats = sum(comer.seats for comer in found)
    if len(rows) == limit:  # there may be more: the seats row has counted them
        seats = await db.value("SELECT booked FROM instance_seats WHERE instance_id = $1", instance_id)
    return People(found, seats)


@dataclass(frozen=True, slots=True)
class AttendeeList:
    """Those of who comes that were asked for, by the letter their first names begin with, `#` for signs and digits; where
    they are few, all in the order in which they were seated, under no letter."""

    groups: list[tuple[str, list[Attendee]]]
    parties: int  # in all
    more: int = 0  # of those asked for, besides
    letters: tuple[str, ...] = ()  # of all who come


FEW = 30  # parties that are read at a glance

CROWD = f"""
WITH crowd AS (SELECT *, CASE WHEN upper(left(shown, 1)) ~ '[[:alpha:]]' THEN upper(left(shown, 1)) ELSE '#' END AS letter
    FROM ({ATTENDEE} AND b.seats > 0) attendee)
"""
LETTERS = f"{CROWD} SELECT letter, count(*) AS n FROM crowd GROUP BY letter ORDER BY letter = '#', letter"
FOUND = f"""{CROWD} SELECT *, count(*) OVER () AS found FROM crowd
WHERE ($2 = '' OR strpos(lower(shown), lower($2)) > 0) AND ($3 = '' OR letter = $3)
ORDER BY letter = '#', lower(shown), membership_id LIMIT $4
"""


async def search_attendees(
    instance_id: int, *, words: str = "", letter: str = "", limit: int = 200
) -> AttendeeList:
    """Who has a seat: everybody, or whose first name has these words in it or begins with this letter. They are found by
    what is shown of them, and by nothing else."""
    letters = await db.rows(LETTERS, instance_id)
    parties = sum(row["n"] for row in letters)
    if parties <= FEW:
        few = (await attendees(instance_id, limit=FEW)).comers
        return AttendeeList([("", few)] if few else [], parties)
    rows = await db.rows(FOUND, instance_id, " ".join(words.split()), letter, limit)
    groups = [
        (head, [_attendee(row) for row in of_head])
        for head, of_head in groupby(rows, lambda row: row["letter"])
    ]
    more = rows[0]["found"] - len(rows) if rows else 0
    return AttendeeList(groups, parties, more, tuple(row["letter"] for row in letters))


async def waitlist(instance_id: int, *, limit: int = 20) -> list[Attendee]:
    """Who waits, in order (`W1`)."""
    rows = await db.rows(
        f"{ATTENDEE} AND b.waiting > 0 ORDER BY b.priority DESC, b.queued_at, b.id LIMIT $2",
        instance_id,
        limit,
    )
    return [_attendee(row) for row in rows]


async def attendance(instance_id: int) -> list[Attendee]:
    """Everybody who ever answered: seated first, then the line, those with an offer at its head, then maybe, can't, left;
    for organisers and helpers."""
    rows = await db.rows(
        f"{WITH_NAMES} ORDER BY b.seats > 0 DESC, b.waiting + b.offered > 0 DESC, b.seats = 0 AND b.offered > 0 DESC,"
        " array_position(ARRAY['in','maybe','declined','left'], b.answer), b.priority DESC,"
        " coalesce(b.queued_at, b.seated_at, b.answered_at), b.id",
        instance_id,
    )
    return [_attendee(row) for row in rows]
