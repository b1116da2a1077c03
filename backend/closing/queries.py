"""What closing a club would end (`A12`)."""

from dataclasses import dataclass

from backend import clock, db
from backend.accounts.queries import AccountView


@dataclass(frozen=True, slots=True)
class DatesAhead:
    """How many dates of a club are to come, and how many people have a seat or a place in line on them."""

    dates: int
    people: int


async def dates_ahead(account: AccountView) -> DatesAhead:
    """The dates that would be cancelled now."""
    row = await db.row(
        "SELECT count(DISTINCT i.id) AS dates, count(DISTINCT b.membership_id) AS people FROM event_instances i"
        " LEFT JOIN bookings b ON b.instance_id = i.id AND b.seats + b.waiting + b.offered > 0"
        " WHERE i.account_id = $1 AND i.starts_at > $2 AND i.state = 'SCHEDULED'",
        account.id,
        clock.now(),
    )
    assert row is not None
    return DatesAhead(row["dates"], row["people"])
