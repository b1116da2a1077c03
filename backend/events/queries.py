"""Series as organisers see them, and the way from a public code to its instance."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.addresses import Address, Addresses
from backend.events.drafts import SeriesDraft
from backend.recurrence.timing import UNBOUNDED, SeriesBounds

# An instance `i` that may be deleted: no edit by hand, no booking however old, no card, also none shared, no message, no claim
# of seats, and no poll that chose it.
UNTOUCHED = """(i.edited_at IS NULL AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM shared_cards h WHERE h.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM seat_claims s WHERE s.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM poll_options o WHERE o.made_instance_id = i.id))"""

addresses = Addresses("SELECT id, account_id FROM all_event_instances WHERE code = $1")


async def find_instance(code: str) -> Address:
    """The instance with this public code, which may be in the archive. Raises `NotFound`."""
    return await addresses.find(code)


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series as organisers see it. The command line prints it as JSON: these names stay."""

    id: int
    account_id: int
    draft: SeriesDraft
    group_title: str
    dates_ahead: int  # scheduled instances that are not over
    next_start: datetime | None
    part: SeriesBounds = UNBOUNDED  # of its rule's occurrences, once it was split (S4)
    follows_id: int | None = None  # the series it was split from
    paused_at: datetime | None = None
    archived_at: datetime | None = None
    drifted: int = 0  # instances no longer in its rule, which wait for an organiser's decision (S4)

    @property
    def hue(self) -> int:
        return self.id % 7


SELECT_SERIES = """
SELECT r.*, coalesce(g.title, '') AS group_title, n.ahead, n.next_start, n.drifted
FROM event_series r LEFT JOIN groups g ON g.id = r.group_id
LEFT JOIN LATERAL (
    SELECT count(*) AS ahead, min(starts_at) AS next_start, count(i.drifted_at) AS drifted
    FROM event_instances i WHERE i.series_id = r.id AND i.state = 'SCHEDULED' AND i.ends_at > $2
) n ON true
"""


def draft_from_row(row: db.Row) -> SeriesDraft:
    """The draft that a row of `event_series` was saved from."""
    fields = {name: row[name] for name in SeriesDraft.__dataclass_fields__}
    fields["remind_before_minutes"] = tuple(fields["remind_before_minutes"])
    return SeriesDraft(**fields)


def _view_from_row(row: db.Row) -> SeriesView:
    return SeriesView(
        id=row["id"],
        account_id=row["account_id"],
        draft=draft_from_row(row),
        group_title=row["group_title"],
        dates_ahead=row["ahead"],
        next_start=row["next_start"],
        part=SeriesBounds(row["dates_from"], row["dates_before"]),
        follows_id=row["follows_id"],
        paused_at=row["paused_at"],
        archived_at=row["archived_at"],
        drifted=row["drifted"],
    )


async def all_series(account_id: int, *, archived: bool = False) -> list[SeriesView]:
    """The account's series by their next start, those without one last; or the `archived` ones (`S9`)."""
    rows = await db.rows(
        f"{SELECT_SERIES} WHERE r.account_id = $1 AND (r.archived_at IS NOT NULL) = $3"
        " ORDER BY n.next_start NULLS LAST, r.id",
        account_id,
        clock.now(),
        archived,
    )
    return [_view_from_row(row) for row in rows]


async def series_by_id(account_id: int, series_id: int) -> SeriesView | None:
    """One series of the account, or None (`A1`)."""
    row = await db.row(
        f"{SELECT_SERIES} WHERE r.account_id = $1 AND r.id = $3", account_id, clock.now(), series_id
    )
    return _view_from_row(row) if row else None


SERIES_NAMED_MAX = 200  # that a list offers to choose from


async def series_names(account_id: int) -> list[tuple[int, str]]:
    """The ids and titles of the account's series that are not archived, by title."""
    rows = await db.rows(
        "SELECT id, title FROM event_series WHERE account_id = $1 AND archived_at IS NULL"
        " ORDER BY lower(title), id LIMIT $2",
        account_id,
        SERIES_NAMED_MAX,
    )
    return [(row["id"], row["title"]) for row in rows]
