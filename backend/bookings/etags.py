"""Etags of screens: the versions of the rows a screen is made of, a few index reads instead of all its
queries (`docs/decisions/0014`).

PostgreSQL keeps in each version of a row which transaction wrote it (`xmin`). So no writer has to think of
the screens, and no row becomes one that everybody waits for. The price is a screen sent once more than needed
when a column changed that it does not show.

An etag is read before the screen's rows: what changes in between is then found by the next question. When the
clock alone changes a screen is in `InstanceView.changes_at`.
"""

from datetime import datetime

from backend import clock, db
from backend.bookings.queries.lists import BETWEEN, MONTH_MAX
from backend.bookings.view_queries import OPEN_BY_LINK, READER
from backend.people.queries import Person

# Of an instance: itself, its series, club and seats; of the reader: the membership, the booking, an absence.
# The version of the seats row stands for everybody else's bookings, the waitlist and attendance.
VERSION = "hashtextextended(ROW(i.id, i.xmin, r.xmin, a.xmin, s.xmin, m.xmin, b.xmin, x.xmin)::text, 0)"
INSTANCES = f"""
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN accounts a ON a.id = i.account_id
JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN {READER}
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = m.id
LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL
"""

# The same of the dates of a month: they are found first, and only their other rows are read.
MONTH = f"""(SELECT sum(hashtextextended(ROW(i.id, i.i, i.r, i.a, i.m, s.xmin, b.xmin, x.xmin)::text, 0))
FROM (
    SELECT i.id, m.id AS membership_id, i.xmin AS i, r.xmin AS r, a.xmin AS a, m.xmin AS m
    FROM event_instances i JOIN event_series r ON r.id = i.series_id JOIN accounts a ON a.id = i.account_id
    LEFT JOIN {READER}
    WHERE {BETWEEN}
) i JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = i.membership_id
LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = i.membership_id
    AND x.pardoned_at IS NULL)"""

ACCOUNTS = """(SELECT sum(hashtextextended(ROW(m.xmin, a.xmin)::text, 0))
    FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE m.user_id = $1 AND m.left_at IS NULL)"""

# The reader's own bookings, found first: a plan that is made while there are few would read those of everybody.
OWN_BOOKINGS = """memberships m
CROSS JOIN LATERAL (SELECT *, xmin FROM bookings WHERE membership_id = m.id OFFSET 0) b"""
OWN = f"""FROM {OWN_BOOKINGS}
JOIN event_instances i ON i.id = b.instance_id
JOIN event_series r ON r.id = i.series_id
JOIN accounts a ON a.id = i.account_id
JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL
WHERE m.user_id = $1 AND m.left_at IS NULL AND b.answer = 'in'"""

# What the reader is in or waits for, and so all that may need their answer, whichever club is shown.
MINE = f"(SELECT sum({VERSION}) {OWN} AND i.ends_at > {{now}})"

PAST = f"(SELECT sum({VERSION}) {OWN} AND i.ends_at <= $2)"

NEXT = """(SELECT ROW(n.id, n.xmin, t.xmin)::text FROM event_instances n
    JOIN instance_seats t ON t.instance_id = n.id
    WHERE n.series_id = {series} AND n.state = 'SCHEDULED'
        AND n.starts_at > greatest({after}, $2::timestamptz)
    ORDER BY n.starts_at LIMIT 1)"""

NEXT_OF_REGULAR = NEXT.format(series="g.series_id", after="$2")
STANDING = f"""(SELECT sum(hashtextextended(ROW(g.id, r.xmin, a.xmin, {NEXT_OF_REGULAR})::text, 0))
    FROM memberships m JOIN regulars g ON g.membership_id = m.id JOIN event_series r ON r.id = g.series_id
    JOIN accounts a ON a.id = g.account_id WHERE m.user_id = $1 AND m.left_at IS NULL)"""


async def accounts_etag(person: Person) -> str:
    """Of the reader's clubs, and of all that may need their answer."""
    return await _etag(f"{ACCOUNTS}, {MINE.format(now='$2')}", person.id, clock.now())


async def between_etag(
    person: Person, since: datetime, until: datetime, *, account_id: int | None = None
) -> str:
    """Of `between` with the same arguments, of the clubs and of what needs an answer."""
    return await _etag(
        f"{ACCOUNTS}, {MONTH}, {MINE.format(now='$6')}",
        person.id,
        since,
        until,
        account_id,
        MONTH_MAX,
        clock.now(),
    )


async def my_bookings_etag(person: Person, *, past: bool = False) -> str:
    """Of `my_bookings`, of the reader's standing seats and of what needs an answer; `past` adds what is
    over."""
    return await _etag(
        f"{ACCOUNTS}, {MINE.format(now='$2')}, {STANDING}{', ' + PAST if past else ''}",
        person.id,
        clock.now(),
    )


# Of one instance, beside the joins of `INSTANCES` and whoever cancelled it (`c`).
EVENT = f"""ROW({VERSION}, c.first_name, EXISTS (
        SELECT 1 FROM regulars g WHERE g.series_id = i.series_id AND g.membership_id = m.id),
    {NEXT.format(series="i.series_id", after="i.starts_at")})::text"""
# What the reader $1 may see of the code $3.
VISIBLE = f"i.code = $3 AND (m.id IS NOT NULL OR {OPEN_BY_LINK})"


async def event_etag(code: str, person: Person) -> str:
    """Of one instance; "" for a person who may not see it, or when it does not exist."""
    found = await db.value(
        f"SELECT {EVENT} {INSTANCES} LEFT JOIN telegram_users c ON c.id = i.cancelled_by WHERE {VISIBLE}",
        person.id,
        clock.now(),
        code,
    )
    return found or ""


async def _etag(parts: str, *values: object) -> str:
    return str(await db.value(f"SELECT ROW({parts})::text", *values))
