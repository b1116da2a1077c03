"""All that a club has, as a file for its owner: before it is closed (`A12`), or to take elsewhere."""

import json
from collections.abc import Iterator
from datetime import datetime

from backend import clock, db, replica
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.archive import of_archive
from backend.people.queries import Person
from backend.people.rate_limits import RateLimit, spend
from backend.people.sql import DISPLAY_NAME

CHUNK = 500  # rows that are read and written at a time

MEMBER = f"{DISPLAY_NAME} AS member"
JOIN_MEMBER = "JOIN memberships m ON m.id = x.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id"
JOIN_INSTANCE = "JOIN event_instances i ON i.id = x.instance_id"
# The table of each part, and what is written of the rows with the ids $1, in their order.
PARTS = {
    "members": (
        "memberships",
        f"""SELECT m.id, {DISPLAY_NAME} AS name, coalesce(u.username, '') AS username, m.role, m.joined_at,
        m.joined_through, m.left_at FROM memberships m LEFT JOIN telegram_users u ON u.id = m.user_id
        WHERE m.id = ANY($1::bigint[]) ORDER BY m.id""",
    ),
    "series": (
        "event_series",
        """SELECT r.id, r.title, r.emoji, r.description, r.place, r.zone, r.rule, r.capacity,
        r.created_at, r.archived_at FROM event_series r WHERE r.id = ANY($1::bigint[]) ORDER BY r.id""",
    ),
    "dates": (
        "event_instances",
        """SELECT i.id, i.series_id, i.code, coalesce(i.title, r.title) AS title, i.starts_at, i.ends_at, i.state,
        i.cancel_reason FROM event_instances i JOIN event_series r ON r.id = i.series_id
        WHERE i.id = ANY($1::bigint[]) ORDER BY i.id""",
    ),
    "bookings": (
        "bookings",
        f"""SELECT x.id, i.code, {MEMBER}, x.answer, x.seats, x.waiting, x.checked_in_at, x.came
        FROM bookings x {JOIN_INSTANCE} {JOIN_MEMBER} WHERE x.id = ANY($1::bigint[]) ORDER BY x.id""",
    ),
    "absences": (
        "absences",
        f"""SELECT x.id, i.code, {MEMBER}, x.kind, x.seats, x.at, x.pardoned_at
        FROM absences x {JOIN_INSTANCE} {JOIN_MEMBER} WHERE x.id = ANY($1::bigint[]) ORDER BY x.id""",
    ),
    "polls": (
        "polls",
        """SELECT p.id, p.question, p.kind, p.created_at, p.closed_at FROM polls p
        WHERE p.id = ANY($1::bigint[]) ORDER BY p.id""",
    ),
}


async def export_account(person: Person, account_id: int) -> bytes:
    """The club as JSON; instants are ISO 8601 in UTC. Raises `Forbidden`, `NotFound`, `TooOften`."""
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    await spend(person, RateLimit.EXPORTS)
    about = {"club": account.name, "zone": account.zone, "exported_at": clock.now().isoformat()}
    pieces = [json.dumps(about, ensure_ascii=False)[:-1]]
    async with replica.snapshot():
        for part, (table, sql) in PARTS.items():
            rows: list[str] = []
            if (archived := of_archive(table)) != table:
                rows += await _all(archived, of_archive(sql), account.id)
            rows += await _all(table, sql, account.id)
            pieces.append(f',\n"{part}": [\n' + ",\n".join(rows) + "\n]")
    return ("".join(pieces) + "}\n").encode()


async def _all(table: str, sql: str, account_id: int) -> list[str]:
    """Each row as JSON, read a page at a time so that nobody waits for a large club (`X8`).

    Its ids are found first, by the index of accounts. Asked for the next page of a club in the order of ids, the database walks
    the rows of all other clubs in between.
    """
    found = await db.rows(f"SELECT id FROM {table} WHERE account_id = $1 ORDER BY id", account_id)
    ids = [row["id"] for row in found]
    written: list[str] = []
    for first in range(0, len(ids), CHUNK):
        written += _lines(await db.rows(sql, ids[first : first + CHUNK]))
    return written


def _lines(rows: list[db.Row]) -> Iterator[str]:
    for row in rows:
        yield json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
