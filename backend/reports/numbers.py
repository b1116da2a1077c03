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

# Bookings are read date by date from indexes that have all that is asked (bookings_seated_idx, bookings_came_idx), and not
# from the table, where those of one club are scattered: to read them was most of the work.
IS_CHECKED_IN = "seats > 0 AND checked_in_at IS NOT NULL"

ATTENDANCE = f"""{DATES}, weeks AS (
    SELECT {WEEK} AS week, count(*) AS dates FROM dates d GROUP BY week
), present AS MATERIALIZED (
    SELECT {WEEK} AS week, sum(b.came) AS came FROM dates d CROSS JOIN LATERAL (
        SELECT sum(came) AS came FROM bookings WHERE instance_id = d.id AND {IS_CHECKED_IN}) b GROUP BY week
), absent AS MATERIALIZED (
    SELECT {WEEK} AS week, sum(x.seats) FILTER (WHERE x.kind = 'late') AS late,
        sum(x.seats) FILTER (WHERE x.kind = 'no-show') AS missed
    FROM dates d JOIN absences x ON x.instance_id = d.id GROUP BY week)
SELECT week, dates, coalesce(came, 0)::int AS came, coalesce(late, 0)::int AS late, coalesce(missed, 0)::int AS missed
FROM weeks LEFT JOIN present USING (week) LEFT JOIN absent USING (week) ORDER BY week
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


def _taking_part(dates: str, bookings: str) -> str:
    return f"""SELECT d.starts_at, b.membership_id FROM dates d CROSS JOIN LATERAL (
        SELECT membership_id FROM bookings WHERE instance_id = d.id AND {bookings} OFFSET 0) b WHERE {dates}"""


def _ahead(bookings: str) -> str:
    return f"""SELECT membership_id FROM bookings WHERE {bookings}
        AND instance_id = ANY (ARRAY(SELECT id FROM event_instances WHERE account_id = $1 AND starts_at >= $6))"""


# Who took part: checked in, or seated where nobody closed the list; of a year, and since $5 of the period. Of members the
# most loyal, and those who came often and have no seat on and wait for no date since $6. Only who is listed is looked up by name.
MEMBERS = f"""{DATES}, parts AS MATERIALIZED (
    SELECT membership_id, count(*)::int AS times, max(starts_at) AS last_at,
        (count(*) FILTER (WHERE starts_at >= $5))::int AS times_now
    FROM ({_taking_part("d.list_closed_at IS NULL", "seats > 0")}
        UNION ALL {_taking_part("d.list_closed_at IS NOT NULL", IS_CHECKED_IN)}) b GROUP BY membership_id
), seen AS MATERIALIZED (
    {_ahead("seats > 0")} UNION ALL {_ahead("waiting > 0")} UNION ALL {_ahead("offered > 0")}
), listed AS (
    (SELECT 'loyal' AS part, p.times_now AS times, p.last_at, p.membership_id, m.name, m.user_id, 0::bigint AS total
    FROM (SELECT * FROM parts WHERE times_now > 0 ORDER BY times_now DESC, last_at DESC, membership_id) p {{member}}
    ORDER BY p.times_now DESC, p.last_at DESC, p.membership_id LIMIT {LISTED})
    UNION ALL
    (SELECT 'lost', p.times, p.last_at, p.membership_id, m.name, m.user_id, count(*) OVER ()
    FROM parts p {{member}} WHERE p.times >= {REGULAR_MIN} AND p.last_at < $6
        AND p.membership_id NOT IN (SELECT membership_id FROM seen)
    ORDER BY p.times DESC, p.last_at DESC, p.membership_id LIMIT {LISTED})
)
SELECT m.part, m.times, m.last_at, m.total, {DISPLAY_NAME} AS name FROM listed m
LEFT JOIN LATERAL (SELECT * FROM telegram_users WHERE id = m.user_id LIMIT 1) u ON true
ORDER BY m.part, m.times DESC, m.last_at DESC, m.membership_id
""".replace(
    "{member}",
    "CROSS JOIN LATERAL (SELECT * FROM memberships WHERE id = p.membership_id AND left_at IS NULL LIMIT 1) m",
)
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
    of_members = (account_id, until - LOST_SINCE, until, series_id, since, until - LOST_AFTER)
    queries: list[tuple[set[Part], str, tuple[object, ...]]] = [
        ({Part.ATTENDANCE}, ATTENDANCE, (account_id, since - length, until, series_id)),
        ({Part.FILL}, FILL, of),
        ({Part.WAITS}, WAITS, of),
        ({Part.LOYAL, Part.LOST}, MEMBERS, of_members),
        ({Part.ANSWERS}, ANSWERS, of),
    ]
    async with replica.snapshot():
        found = [
            await db.rows(sql, *values) if wanted.intersection(parts) else []
            for wanted, sql, values in queries
        ]
    attendance, fill, waits, of_both, answers = found
    loyal, lost = (
        [row for row in of_both if row["part"] == part and part in parts] for part in (Part.LOYAL, Part.LOST)
    )
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
