"""Which of a club's past dates would lose their people, for each time that history can be kept (`A13`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.archive import of_archive

OLDER = """
SELECT y.years, count(*)::int AS dates, min(i.starts_at) AS oldest
FROM unnest($3::int[]) AS y (years)
JOIN event_instances i ON i.account_id = $1 AND i.starts_at < $2::timestamptz - make_interval(years => y.years)
    AND i.ends_at < $2::timestamptz - make_interval(years => y.years) AND i.state <> 'SCHEDULED'
WHERE EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id)
GROUP BY y.years
"""


@dataclass(frozen=True, slots=True)
class OlderDates:
    """How many dates are older and still have people, and when the first of them began."""

    dates: int = 0
    oldest: datetime | None = None


async def older_dates(account_id: int, choices: Sequence[int]) -> dict[int, OlderDates]:
    """For each of these numbers of years, the account's dates that ended before; in the archive too."""
    found = dict.fromkeys(choices, OlderDates())
    now = clock.now()
    for sql in (OLDER, of_archive(OLDER)):
        for row in await db.rows(sql, account_id, now, list(choices)):
            one = found[row["years"]]
            oldest = row["oldest"] if one.oldest is None else min(one.oldest, row["oldest"])
            found[row["years"]] = OlderDates(one.dates + row["dates"], oldest)
    return found
