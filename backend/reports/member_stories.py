"""What a member did in their club, as its organisers see it: how often they came, and which series they have a seat in."""

from dataclasses import dataclass

from backend import clock, db
from backend.archive import of_archive


@dataclass(frozen=True, slots=True)
class MemberStory:
    """`booked` counts past dates with a seat, `came` those they were checked in to; `standing` names their series."""

    booked: int
    came: int
    upcoming: int
    standing: tuple[str, ...]


# A member's bookings by their own index alone: the planner, which knows no club's size, may also go through all those of a club.
COUNTS = """
SELECT count(*) FILTER (WHERE i.starts_at <= $3) AS booked,
    count(*) FILTER (WHERE i.starts_at <= $3 AND b.checked_in_at IS NOT NULL) AS came,
    count(*) FILTER (WHERE i.starts_at > $3) AS upcoming
FROM (SELECT * FROM bookings WHERE membership_id = $2 AND seats > 0 OFFSET 0) b
JOIN event_instances i ON i.id = b.instance_id WHERE b.account_id = $1 AND i.state <> 'CANCELLED'
"""


async def member_story(account_id: int, membership_id: int) -> MemberStory:
    """The story of one member of the account, its archive included."""
    totals = {"booked": 0, "came": 0, "upcoming": 0}
    for sql in (COUNTS, of_archive(COUNTS)):
        row = await db.row(sql, account_id, membership_id, clock.now())
        assert row is not None
        for name in totals:
            totals[name] += row[name]
    standing = await db.rows(
        "SELECT r.title FROM regulars x JOIN event_series r ON r.id = x.series_id"
        " WHERE x.account_id = $1 AND x.membership_id = $2 ORDER BY lower(r.title), r.id",
        account_id,
        membership_id,
    )
    return MemberStory(**totals, standing=tuple(row["title"] for row in standing))
