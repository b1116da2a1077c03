"""Which instances of a series keep values of their own when it is changed (`S4`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend import clock, db
from backend.recurrence.timing import timing_from_row

OWN_VALUES_MAX = 200  # instances of one series that are named


class OwnValue(StrEnum):
    """What an instance may have of its own; all but the time and the length are columns of its series."""

    TIME = "time"
    LENGTH = "duration_minutes"
    CAPACITY = "capacity"
    GUESTS = "guests_max"
    TITLE = "title"
    EMOJI = "emoji"
    PLACE = "place"
    MAP = "map_url"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class OwnValues:
    """An instance to come, and what it has of its own. Times are aware instants; `zone` is the series'."""

    code: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    values: tuple[OwnValue, ...]


_TEXTS = (
    OwnValue.GUESTS,
    OwnValue.TITLE,
    OwnValue.EMOJI,
    OwnValue.PLACE,
    OwnValue.MAP,
    OwnValue.DESCRIPTION,
)
_SELECT = f"""
SELECT i.code, i.starts_at, i.ends_at, i.starts_local, i.original_local,
    i.ends_at - i.starts_at <> make_interval(mins => r.duration_minutes) AS "{OwnValue.LENGTH}",
    s.capacity IS DISTINCT FROM r.capacity AS "{OwnValue.CAPACITY}",
    {", ".join(f'i.{name} IS NOT NULL AND i.{name} <> r.{name} AS "{name}"' for name in _TEXTS)}
FROM event_instances i JOIN event_series r ON r.id = i.series_id JOIN instance_seats s ON s.instance_id = i.id
WHERE i.series_id = $1 AND i.state = 'SCHEDULED' AND i.starts_at > $2 AND i.drifted_at IS NULL
    AND (i.edited_at IS NOT NULL OR s.capacity IS DISTINCT FROM r.capacity)
ORDER BY i.starts_at, i.id LIMIT {OWN_VALUES_MAX}
"""


async def own_values(account_id: int, series_id: int) -> list[OwnValues]:
    """The instances to come that have something of their own, soonest first, without those that drift (`A1`).

    Raises `InvalidRecurrence`, `UnknownZone`.
    """
    series = await db.row(
        "SELECT * FROM event_series WHERE id = $1 AND account_id = $2", series_id, account_id
    )
    if series is None:
        return []
    rows = await db.rows(_SELECT, series_id, clock.now())
    in_rule = timing_from_row(series).select(row["starts_local"] for row in rows)
    found = []
    for row in rows:
        has_own_time = row["starts_local"] not in in_rule or row["starts_local"] != row["original_local"]
        values = [value for value in OwnValue if (has_own_time if value == OwnValue.TIME else row[value])]
        if values:
            found.append(
                OwnValues(row["code"], row["starts_at"], row["ends_at"], series["zone"], tuple(values))
            )
    return found
