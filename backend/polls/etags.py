"""Versions of what the poll screens show; see `backend.bookings.etags` for how they are used."""

from backend import clock, db
from backend.people.queries import Person
from backend.polls.queries import NEWEST, OPEN, SOONEST

# A poll as one of its members sees it. The version changes with any row that is shown; a vote changes the
# tally's.
POLLS = """
FROM polls p
JOIN accounts a ON a.id = p.account_id
JOIN poll_tallies t ON t.poll_id = p.id
JOIN memberships m ON m.account_id = p.account_id AND m.user_id = $1 AND m.left_at IS NULL AND m.visitor_since IS NULL
"""
VERSION = "hashtextextended(ROW(p.id, p.xmin, t.xmin, a.xmin, m.xmin)::text, 0)"

LIST_VERSIONS = f"""
SELECT ROW(
    (SELECT sum(version) FROM (
        SELECT {VERSION} AS version {POLLS} WHERE {OPEN} ORDER BY {SOONEST} LIMIT $3) open_polls),
    (SELECT sum(version) FROM (
        SELECT {VERSION} AS version {POLLS} WHERE NOT {OPEN} ORDER BY {NEWEST} LIMIT $4) closed_polls)
)::text
"""

POLL_VERSIONS = f"""
SELECT ROW(
    {VERSION},
    (SELECT count(*) FROM memberships e
        WHERE e.account_id = p.account_id AND e.left_at IS NULL AND e.visitor_since IS NULL
            AND e.user_id IS NOT NULL),
    (SELECT sum(hashtextextended(ROW(o.id, o.xmin)::text, 0)) FROM poll_options o WHERE o.poll_id = p.id)
)::text {POLLS} WHERE p.code = $2
"""


async def polls_etag(person: Person, *, limit: int, closed: int) -> str:
    """The versions of the first `limit` open polls and `closed` closed ones of `polls_of`, by a few index
    reads."""
    return str(await db.value(LIST_VERSIONS, person.id, clock.now(), limit, closed))


async def poll_etag(code: str, person: Person) -> str:
    """The versions of one poll and its options, and how many could vote; "" when the person is no member."""
    return await db.value(POLL_VERSIONS, person.id, code) or ""
