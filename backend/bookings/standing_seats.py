"""Standing seats (`B11`): *regulars* of a series have a seat on each new instance before others can book
it."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import NotFound
from backend.known_zones import first_known
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME
from backend.seats.regulars import add_regular, remove_own_regular, remove_regular, seat_regular


@dataclass(frozen=True, slots=True)
class StandingSeat:
    """A standing seat, with the next instance it is for."""

    account_id: int
    series_id: int
    membership_id: int
    name: str
    title: str
    emoji: str
    account_name: str
    zone: str
    since: datetime
    next_code: str | None
    next_start: datetime | None


STANDING_SEATS = f"""
SELECT g.account_id, g.series_id, g.membership_id, g.since, r.title, r.emoji, r.zone, a.name AS account_name,
    {DISPLAY_NAME} AS name, n.code, n.starts_at
FROM regulars g
JOIN event_series r ON r.id = g.series_id
JOIN accounts a ON a.id = g.account_id
JOIN memberships m ON m.id = g.membership_id AND m.left_at IS NULL
LEFT JOIN telegram_users u ON u.id = m.user_id
LEFT JOIN LATERAL (SELECT i.code, i.starts_at FROM event_instances i WHERE i.series_id = g.series_id
    AND i.state = 'SCHEDULED' AND i.starts_at > $1 ORDER BY i.starts_at LIMIT 1) n ON true
"""


def _standing(row: db.Row) -> StandingSeat:
    return StandingSeat(
        account_id=row["account_id"],
        series_id=row["series_id"],
        membership_id=row["membership_id"],
        name=row["name"],
        title=row["title"],
        emoji=row["emoji"],
        account_name=row["account_name"],
        zone=first_known(row["zone"]),
        since=row["since"],
        next_code=row["code"],
        next_start=row["starts_at"],
    )


async def standing_seats_of_series(series_id: int) -> list[StandingSeat]:
    """The standing seats on a series, the oldest first."""
    rows = await db.rows(
        f"{STANDING_SEATS} WHERE g.series_id = $2 ORDER BY g.since, g.id", clock.now(), series_id
    )
    return [_standing(row) for row in rows]


async def own_standing_seats(person: Person) -> list[StandingSeat]:
    """The person's own standing seats over all their clubs."""
    rows = await db.rows(
        f"{STANDING_SEATS} WHERE m.user_id = $2 AND m.left_at IS NULL ORDER BY n.starts_at NULLS LAST, g.id",
        clock.now(),
        person.id,
    )
    return [_standing(row) for row in rows]


async def account_of_series(series_id: int) -> int:
    """The account of a series; the caller authorizes the person for it. Raises `NotFound`."""
    account_id = await db.value("SELECT account_id FROM event_series WHERE id = $1", series_id)
    if account_id is None:
        raise NotFound()
    return int(account_id)


async def make_regular(person: Person, account_id: int, series_id: int, membership_id: int) -> int:
    """Give a member a standing seat, and on the instances to come a seat or a place on the waitlist; returns
    on how many. Doing it again changes nothing. Raises `Forbidden`, `NotFound`, `Busy`."""
    account = await authorize(person, account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction():
        found = await db.value(
            "SELECT true FROM event_series r JOIN memberships m ON m.account_id = r.account_id"
            " WHERE r.id = $1 AND r.account_id = $2 AND m.id = $3 AND m.left_at IS NULL",
            series_id,
            account.id,
            membership_id,
        )
        if not found:
            raise NotFound()
        made = await add_regular(account.id, series_id, membership_id, clock.now())
        if made:
            await record_audit(
                account.id,
                person.id,
                "make regular",
                f"series {series_id}",
                membership=membership_id,
            )
        return await seat_regular(series_id, membership_id)


async def end_regular(person: Person, account_id: int, series_id: int, membership_id: int) -> None:
    """Take a standing seat back; what is booked stays. Raises `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction():
        if not await remove_regular(account.id, series_id, membership_id):
            raise NotFound()
        await record_audit(
            account.id, person.id, "end regular", f"series {series_id}", membership=membership_id
        )


async def end_own_regular(person: Person, series_id: int) -> None:
    """Give one's own standing seat back; what is booked stays until it is left. Raises `NotFound`."""
    if not await remove_own_regular(person.id, series_id):
        raise NotFound()
