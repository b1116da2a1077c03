"""The people of an instance as rows of a file (`B14`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.alphabets import order_sql
from backend.events.queries import find_instance
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME

ROWS_MAX = 5_000  # parties in one file

PEOPLE = f"""
SELECT {DISPLAY_NAME} AS name, coalesce(u.username, '') AS username, b.answer, b.seats, b.waiting, b.offered,
    b.guest_names, b.note, b.answered_at, b.seats > 0 AND b.checked_in_at IS NOT NULL AS checked_in, b.came
FROM bookings b JOIN memberships m ON m.id = b.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE b.instance_id = $1
"""
# The seated by name, those who wait in their order, then the other answers by name.
ORDER = """ORDER BY CASE WHEN b.seats > 0 THEN 0 WHEN b.waiting + b.offered > 0 THEN 1 ELSE 2 END,
    CASE WHEN b.seats = 0 AND b.waiting + b.offered > 0 THEN b.queued_at END,
    array_position(ARRAY['maybe','declined','left'], b.answer), {name}, b.id LIMIT $2"""


@dataclass(frozen=True, slots=True)
class PartyRow:
    """A party in a file. `came` is how many of it are checked in, None when nobody is."""

    name: str
    username: str
    answer: str
    seats: int
    waiting: int
    offered: int
    guest_names: tuple[str, ...]
    note: str
    answered_at: datetime
    came: int | None


async def party_rows(code: str, person: Person, *, seated: bool = False) -> list[PartyRow]:
    """Everybody who answered, or only those with a seat, for an organiser. Raises `NotFound`, `Forbidden`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    rows = await db.rows(
        f"{PEOPLE} {'AND b.seats > 0' if seated else ''}"
        f" {ORDER.format(name=order_sql(DISPLAY_NAME, person.language))}",
        where.id,
        ROWS_MAX,
    )
    return [
        PartyRow(
            row["name"],
            row["username"],
            row["answer"],
            row["seats"],
            row["waiting"],
            row["offered"],
            tuple(name for name in row["guest_names"] if name),
            row["note"],
            row["answered_at"],
            row["came"] if row["checked_in"] else None,
        )
        for row in rows
    ]
