"""Series, as organisers see them."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.events.drafts import SeriesDraft


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series with what organisers want to know of it at a glance."""

    id: int
    account_id: int
    draft: SeriesDraft
    group_title: str
    dates_ahead: int
    next_start: datetime | None

    @property
    def hue(self) -> int:
        return self.id % 7


SERIES = """
SELECT r.*, coalesce(g.title, '') AS group_title, n.ahead, n.next_start
FROM event_series r LEFT JOIN groups g ON g.id = r.group_id
LEFT JOIN LATERAL (
    SELECT count(*) AS ahead, min(starts_at) AS next_start FROM event_instances i
    WHERE i.series_id = r.id AND i.state = 'SCHEDULED' AND i.ends_at > $2
) n ON true
"""


def _series(row: db.Row) -> SeriesView:
    fields = {name: row[name] for name in SeriesDraft.__dataclass_fields__}
    fields["remind_before_minutes"] = tuple(fields["remind_before_minutes"])
    return SeriesView(
        id=row["id"],
        account_id=row["account_id"],
        draft=SeriesDraft(**fields),
        group_title=row["group_title"],
        dates_ahead=row["ahead"],
        next_start=row["next_start"],
    )


async def all_series(account_id: int) -> list[SeriesView]:
    """The club's series: those with dates to come first, by the next of them."""
    rows = await db.rows(
        f"{SERIES} WHERE r.account_id = $1 ORDER BY n.next_start NULLS LAST, r.id",
        account_id,
        clock.now(),
    )
    return [_series(row) for row in rows]


async def series(account_id: int, series_id: int) -> SeriesView | None:
    """One series of the club, or None (`A1`)."""
    row = await db.row(
        f"{SERIES} WHERE r.account_id = $1 AND r.id = $3", account_id, clock.now(), series_id
    )
    return _series(row) if row else None
