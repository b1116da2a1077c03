"""Making the instances of a series for the weeks ahead (`S2`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from backend import clock, codes, db
from backend.each import try_each
from backend.events.locking import lock_series
from backend.events.zone_changes import follow_zone_data
from backend.recurrence.occurrences import Occurrence
from backend.recurrence.timing import MAX_LOOKAHEAD, timing_from_row
from backend.seats.regulars import seat_regulars_of_new
from backend.seats.rows import open_seats
from backend.settings import settings

ZONE_CHANGE_MAX = timedelta(days=1)  # newer zone data may bring an occurrence before `made_until`
MOST_AT_ONCE = 400  # instances of one series made by one run: more than a daily series has in 52 weeks


async def materialize_series(series_id: int, now: datetime, *, after_made_until: bool = False) -> list[int]:
    """Make the missing instances of the weeks ahead and seat the regulars of the series in them (`S2`,
    `B11`).

    Returns the ids of the new instances. Called inside a transaction; raises `NotFound`, `InvalidRecurrence`,
    `UnknownZone`.

    Running it twice changes nothing: (series, original wall clock) is unique, whatever the zone data are. Nor
    is an instance made where another of the series starts already (`S11`). The first instance is made however
    far ahead it lies, so that a new series is never empty. A paused or archived series gets none (`S9`).

    With `after_made_until` only occurrences are made that the last run cannot have made.
    """
    series = await follow_zone_data(await lock_series(series_id), now)
    if series["paused_at"] is not None or series["archived_at"] is not None:
        return []
    timing = timing_from_row(series)
    until = now + timedelta(weeks=settings.weeks_ahead)
    after = now - timing.duration
    if after_made_until and series["made_until"] is not None:
        after = max(after, series["made_until"] - ZONE_CHANGE_MAX)
    occurrences = timing.occurrences(after=after, until=until, limit=MOST_AT_ONCE)
    if not occurrences and series["made_until"] is None:
        occurrences = timing.occurrences(after=after, until=now + MAX_LOOKAHEAD, limit=1)
    instance_ids = await _insert_instances(series, occurrences, timing.duration, now) if occurrences else []
    if len(occurrences) == MOST_AT_ONCE:  # the next run makes the rest
        until = occurrences[-1].original_start
    await db.execute("UPDATE event_series SET made_until = $2 WHERE id = $1", series_id, until)
    if instance_ids:
        await seat_regulars_of_new(instance_ids)
    return instance_ids


async def _insert_instances(
    series: db.Row, occurrences: Sequence[Occurrence], duration: timedelta, now: datetime
) -> list[int]:
    # Without a name for the conflict: the instants are a key too, for versions that know nothing else.
    rows = await db.rows(
        "INSERT INTO event_instances (account_id, series_id, code, zone, original_local, original_start,"
        " starts_local, starts_at, ends_at, created_at)"
        " SELECT $1, $2, o.code, $3, o.local, o.starts_at, o.local, o.starts_at, o.ends_at, $8"
        " FROM unnest($4::text[], $5::timestamp[], $6::timestamptz[], $7::timestamptz[])"
        " AS o (code, local, starts_at, ends_at) WHERE NOT EXISTS (SELECT 1 FROM event_instances i"
        " WHERE i.series_id = $2 AND i.starts_at = o.starts_at) ON CONFLICT DO NOTHING RETURNING id",
        series["account_id"],
        series["id"],
        series["zone"],
        [codes.new_code() for _ in occurrences],
        [occurrence.original_local for occurrence in occurrences],
        [occurrence.original_start for occurrence in occurrences],
        [occurrence.original_start + duration for occurrence in occurrences],
        now,
    )
    instance_ids = [int(row["id"]) for row in rows]
    await open_seats(instance_ids, series["account_id"], series["capacity"])
    return instance_ids


# A single event has its only instance from the start; a series that was split ends where the next one begins.
SERIES_BEHIND = """
SELECT id FROM event_series WHERE paused_at IS NULL AND archived_at IS NULL
    AND (made_until IS NULL OR made_until < $1 AND rule <> ''
        AND (dates_before IS NULL OR dates_before > made_until))
ORDER BY id
"""


async def materialize_all_series() -> int:
    """The daily job: make the missing instances of the weeks ahead of all series; how many (`S2`).

    A series that fails, such as one whose stored rule cannot be read, is logged and does not hold up the others. Raises
    `Unavailable`.
    """
    rows = await db.rows(SERIES_BEHIND, clock.now() + timedelta(weeks=settings.weeks_ahead))
    made, _ = await try_each("dates of a series", [row["id"] for row in rows], _materialize_one)
    return made


async def _materialize_one(series_id: int) -> int:
    async with db.transaction():
        return len(await materialize_series(series_id, clock.now(), after_made_until=True))
