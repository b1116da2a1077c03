"""What became of one party's seats, change by change (`B8`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.archive import of_archive
from backend.events.queries import find_instance
from backend.people.queries import Person

ENTRIES_MAX = 200  # the newest of one party

ENTRIES = """
SELECT l.id, l.at, l.verb, l.via, l.seats_before, l.seats_after, l.waiting_before, l.waiting_after,
    l.offered_before, l.offered_after, l.by_user_id IS NOT NULL AS by_somebody, l.by_user_id = m.user_id AS by_themselves,
    coalesce(trim(u.first_name || ' ' || u.last_name), '') AS by_name
FROM event_participation_log l JOIN memberships m ON m.id = l.membership_id
LEFT JOIN telegram_users u ON u.id = l.by_user_id
WHERE l.instance_id = $1 AND l.membership_id = $2 ORDER BY l.id DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class StoryEntry:
    """A change of a party, from the `…_before` to what is so since. `verb` is a `Change`, `via` a `Via`; `by` is an
    organiser's name, "" when it was the member or happened by itself."""

    at: datetime
    verb: str
    via: str
    by: str
    seats_before: int
    seats: int
    waiting: int
    offered: int


async def party_story(code: str, person: Person, membership_id: int) -> list[StoryEntry]:
    """The changes of a party, newest first. Raises `NotFound`, `Forbidden`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    rows = await db.rows(ENTRIES, where.id, membership_id, ENTRIES_MAX)
    if not rows:
        rows = await db.rows(of_archive(ENTRIES), where.id, membership_id, ENTRIES_MAX)
    return [
        StoryEntry(
            row["at"],
            row["verb"],
            row["via"],
            row["by_name"] if row["by_somebody"] and not row["by_themselves"] else "",
            row["seats_before"],
            row["seats_after"],
            row["waiting_after"],
            row["offered_after"],
        )
        for row in rows
    ]
