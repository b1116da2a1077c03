"""Which of a club's past dates would lose their people, for each time that history can be kept (`A13`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.history import DELAY, YEARS
from backend.archive import of_archive


def _years_ago(years: int) -> str:
    return f"(SELECT $2::timestamptz - make_interval(years => {years}))"


_OLDER = ", ".join(
    f"count(*) FILTER (WHERE i.ends_at < {_years_ago(years)})::int AS dates_{years},"
    f" min(i.starts_at) FILTER (WHERE i.ends_at < {_years_ago(years)}) AS oldest_{years}"
    for years in YEARS
)
# Before when the account $1 has lost the people of its dates at $2, by this choice or an earlier one.
_DELETED_BEFORE = f"""(SELECT coalesce(greatest(a.history_deleted_before,
    CASE WHEN a.history_chosen_at <= $2::timestamptz - make_interval(days => {DELAY.days})
        THEN $2::timestamptz - make_interval(years => a.history_years) END), '-infinity') FROM accounts a WHERE a.id = $1)"""
# The account's own dates are read once, and of none is it asked whether anybody took part.
OLDER = f"""
SELECT {_OLDER} FROM event_instances i
WHERE i.account_id = $1 AND i.state <> 'SCHEDULED' AND i.ends_at >= {_DELETED_BEFORE}
    AND i.starts_at < {_years_ago(min(YEARS))} AND i.ends_at < {_years_ago(min(YEARS))}
"""


@dataclass(frozen=True, slots=True)
class OlderDates:
    """How many dates are older, and when the first of them began."""

    dates: int
    oldest: datetime | None


async def older_dates(account_id: int) -> dict[int, OlderDates]:
    """For each of `YEARS`, the account's dates that ended before, in the archive too, unless their people are deleted by
    now."""
    found = [await db.row(sql, account_id, clock.now()) for sql in (OLDER, of_archive(OLDER))]
    rows = [row for row in found if row is not None]
    return {
        years: OlderDates(
            sum(row[f"dates_{years}"] for row in rows),
            min((row[f"oldest_{years}"] for row in rows if row[f"oldest_{years}"]), default=None),
        )
        for years in YEARS
    }
