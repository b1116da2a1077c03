"""What closing a club would end (`A12`)."""

from dataclasses import dataclass

from backend import clock, db
from backend.accounts.queries import AccountView


@dataclass(frozen=True, slots=True)
class DatesAhead:
    """How many dates of a club are to come, and how many people have a seat or a place in line on them."""

    dates: int
    people: int


def _people(has_part: str) -> str:
    return f"SELECT membership_id FROM bookings WHERE {has_part} AND instance_id = ANY (ARRAY(SELECT id FROM ahead))"


# Whoever has a seat, waits, or is offered one is found in an index each.
AHEAD = f"""
WITH ahead AS MATERIALIZED (
    SELECT id FROM event_instances WHERE account_id = $1 AND starts_at > $2 AND state = 'SCHEDULED')
SELECT (SELECT count(*) FROM ahead) AS dates, (SELECT count(*) FROM (
    {_people("seats > 0")} UNION {_people("waiting > 0")} UNION {_people("offered > 0")}) people) AS people
"""


async def dates_ahead(account: AccountView) -> DatesAhead:
    """The dates that would be cancelled now."""
    row = await db.row(AHEAD, account.id, clock.now())
    assert row is not None
    return DatesAhead(row["dates"], row["people"])
