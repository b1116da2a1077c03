"""What a club's past dates add up to (`N1`): who came, how full they were, how long people waited, who is missed.

Only reads, and of the replica where there is one. Everything is about dates that are over and took place; a date counts in
the week and the hour of its own wall clock.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from backend import clock, db, replica
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME

PERIODS = (4, 12, 52)  # weeks
LISTED = 10  # members in a list
LOST_AFTER = timedelta(weeks=6)
LOST_SINCE = timedelta(weeks=52)  # how far back it is looked for those who are not seen any more
REGULAR_MIN = 3  # times somebody has come to be missed

# The dates of account $1 that began in [$2, $3) and are over by then, of series $4 unless it is null.
DATES = """
WITH dates AS MATERIALIZED (
    SELECT i.id, i.series_id, i.starts_at, coalesce(i.starts_local, i.starts_at AT TIME ZONE 'UTC') AS local,
        i.list_closed_at, r.cancel_before_minutes, r.title
    FROM event_instances i JOIN event_series r ON r.id = i.series_id
    WHERE i.account_id = $1 AND i.starts_at >= $2 AND i.starts_at < $3 AND i.ends_at <= $3 AND i.state <> 'CANCELLED'
        AND ($4::bigint IS NULL OR i.series_id = $4)
)
"""
WEEK = "date_trunc('week', d.local)::date"

ATTENDANCE = f"""{DATES}
SELECT {WEEK} AS week, count(*) AS dates, coalesce(sum(c.came), 0)::int AS came, coalesce(sum(a.late), 0)::int AS late,
    coalesce(sum(a.missed), 0)::int AS missed
FROM dates d
CROSS JOIN LATERAL (SELECT sum(b.came) AS came FROM bookings b
    WHERE b.instance_id = d.id AND b.seats > 0 AND b.checked_in_at IS NOT NULL) c
CROSS JOIN LATERAL (SELECT sum(x.seats) FILTER (WHERE x.kind = 'late') AS late,
    sum(x.seats) FILTER (WHERE x.kind = 'no-show') AS missed FROM absences x WHERE x.instance_id = d.id) a
GROUP BY week ORDER BY week
"""
FILL = f"""{DATES}
SELECT extract(isodow FROM d.local)::int AS weekday, extract(hour FROM d.local)::int AS hour, count(*) AS dates,
    sum(least(s.booked, s.capacity))::int AS taken, sum(s.capacity)::int AS seats
FROM dates d CROSS JOIN LATERAL (
    SELECT booked, capacity FROM instance_seats WHERE instance_id = d.id AND capacity IS NOT NULL LIMIT 1) s
GROUP BY weekday, hour ORDER BY weekday, hour
"""
# From joining the waitlist to the first seat after it.
WAITS = f"""{DATES}
SELECT d.series_id, min(d.title) AS title, count(*) AS parties, count(DISTINCT d.id) AS dates, count(s.at) AS seated,
    (percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM s.at - w.at))
        FILTER (WHERE s.at IS NOT NULL))::float AS median
FROM dates d
CROSS JOIN LATERAL (SELECT DISTINCT ON (l.membership_id) l.membership_id, l.id, l.at FROM event_participation_log l
    WHERE l.instance_id = d.id AND l.waiting_before = 0 AND l.waiting_after > 0 ORDER BY l.membership_id, l.id) w
LEFT JOIN LATERAL (SELECT l.at FROM event_participation_log l
    WHERE l.instance_id = d.id AND l.membership_id = w.membership_id AND l.id > w.id AND l.seats_after > l.seats_before
    ORDER BY l.id LIMIT 1) s ON true
GROUP BY d.series_id ORDER BY median DESC NULLS LAST, parties DESC, d.series_id LIMIT {LISTED}
"""
# Who took part: checked in, or seated where nobody closed the list.
PARTS = """dates d CROSS JOIN LATERAL (SELECT b.membership_id FROM bookings b WHERE b.instance_id = d.id AND b.seats > 0
    AND (b.checked_in_at IS NOT NULL OR d.list_closed_at IS NULL)) b"""
# Who is still a member, and their name.
MEMBER = """CROSS JOIN LATERAL (SELECT * FROM memberships WHERE id = p.membership_id AND left_at IS NULL LIMIT 1) m
LEFT JOIN LATERAL (SELECT * FROM telegram_users WHERE id = m.user_id LIMIT 1) u ON true"""
MOST_TIMES = "p.times DESC, p.last_at DESC, p.membership_id"
# Only as many members are looked up as are listed.
LOYAL = f"""{DATES}, parts AS (
    SELECT b.membership_id, count(*)::int AS times, max(d.starts_at) AS last_at FROM {PARTS} GROUP BY b.membership_id)
SELECT p.times, p.last_at, {DISPLAY_NAME} AS name FROM (SELECT * FROM parts p ORDER BY {MOST_TIMES}) p {MEMBER}
ORDER BY {MOST_TIMES} LIMIT {LISTED}
"""
# Whoever has a seat on or waits for a date since $5 is not lost.
LOST = f"""{DATES}, parts AS (
    SELECT b.membership_id, count(*)::int AS times, max(d.starts_at) AS last_at FROM {PARTS} GROUP BY b.membership_id
    HAVING count(*) >= {REGULAR_MIN} AND max(d.starts_at) < $5
), seen AS MATERIALIZED (
    SELECT DISTINCT b.membership_id FROM event_instances i JOIN bookings b ON b.instance_id = i.id
    WHERE i.account_id = $1 AND i.starts_at >= $5 AND b.seats + b.waiting + b.offered > 0)
SELECT p.times, p.last_at, count(*) OVER () AS total, {DISPLAY_NAME} AS name FROM parts p {MEMBER}
WHERE p.membership_id NOT IN (SELECT membership_id FROM seen) ORDER BY {MOST_TIMES} LIMIT {LISTED}
"""
ANSWERS = f"""{DATES}
SELECT {WEEK} AS week, coalesce(sum(a.early), 0)::int AS early, coalesce(sum(a.late), 0)::int AS late
FROM dates d CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE b.answered_at <= t.deadline) AS early,
        count(*) FILTER (WHERE b.answered_at > t.deadline) AS late
    FROM bookings b, (SELECT d.starts_at - make_interval(mins => d.cancel_before_minutes) AS deadline) t
    WHERE b.instance_id = d.id) a
WHERE d.cancel_before_minutes IS NOT NULL GROUP BY week ORDER BY week
"""


@dataclass(frozen=True, slots=True)
class AttendanceWeek:
    """The people of a week, which begins on a Monday: who came, who left late, who did not come."""

    week: date
    dates: int
    came: int
    late: int
    missed: int

    @property
    def expected(self) -> int:
        return self.came + self.late + self.missed


@dataclass(frozen=True, slots=True)
class FillSlot:
    """How many of the seats of a weekday (1 is Monday) and hour were taken."""

    weekday: int
    hour: int
    dates: int
    taken: int
    seats: int

    @property
    def share(self) -> float:
        """In percent."""
        return 100 * self.taken / self.seats if self.seats else 0


@dataclass(frozen=True, slots=True)
class SeriesWait:
    """The parties that waited for dates of a series, how many were seated, and half of these within `median` seconds."""

    series_id: int
    title: str
    parties: int
    dates: int
    seated: int
    median: float | None


@dataclass(frozen=True, slots=True)
class MemberTimes:
    """How often a member took part, and when last."""

    name: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class AnswerWeek:
    """Answers to the dates of a week, before and after the cancellation deadline."""

    week: date
    early: int
    late: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of `weeks` weeks up to `until`; `before` is the attendance of as many weeks before them."""

    since: datetime
    until: datetime
    weeks: int
    attendance: list[AttendanceWeek]
    before: list[AttendanceWeek]
    fill: list[FillSlot]
    waits: list[SeriesWait]
    loyal: list[MemberTimes]
    lost: list[MemberTimes]
    lost_total: int
    answers: list[AnswerWeek]

    @property
    def is_empty(self) -> bool:
        """Whether nothing took place."""
        return not self.attendance


class Part(StrEnum):
    """One of the tables."""

    ATTENDANCE = "attendance"
    FILL = "fill"
    WAITS = "waits"
    LOYAL = "loyal"
    LOST = "lost"
    ANSWERS = "answers"


async def numbers(
    person: Person,
    account_id: int,
    *,
    weeks: int,
    series_id: int | None = None,
    parts: Collection[Part] = tuple(Part),
) -> Numbers:
    """The numbers of a club, or of one of its series; of a series of another club there are none. Tables that are not among
    `parts` stay empty. Raises `Forbidden`, `NotFound`."""
    await authorize(person, account_id, Permission.MANAGE_BOOKINGS)
    until = clock.now()
    length = timedelta(weeks=weeks)
    since = until - length
    of = (account_id, since, until, series_id)
    queries: dict[Part, tuple[str, tuple[object, ...]]] = {
        Part.ATTENDANCE: (ATTENDANCE, (account_id, since - length, until, series_id)),
        Part.FILL: (FILL, of),
        Part.WAITS: (WAITS, of),
        Part.LOYAL: (LOYAL, of),
        Part.LOST: (LOST, (account_id, until - LOST_SINCE, until, series_id, until - LOST_AFTER)),
        Part.ANSWERS: (ANSWERS, of),
    }
    async with replica.snapshot():
        found = {part: await db.rows(queries[part][0], *queries[part][1]) for part in parts}
    attendance, fill, waits, loyal, lost, answers = (found.get(part, []) for part in Part)
    all_weeks = [AttendanceWeek(**dict(row)) for row in attendance]
    first = since.date() - timedelta(days=since.weekday())
    return Numbers(
        since,
        until,
        weeks,
        [week for week in all_weeks if week.week >= first],
        [week for week in all_weeks if week.week < first],
        [FillSlot(**dict(row)) for row in fill],
        [SeriesWait(**dict(row)) for row in waits],
        [MemberTimes(row["name"], row["times"], row["last_at"]) for row in loyal],
        [MemberTimes(row["name"], row["times"], row["last_at"]) for row in lost],
        lost[0]["total"] if lost else 0,
        [AnswerWeek(**dict(row)) for row in answers],
    )
