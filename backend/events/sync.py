"""How the instances of a series follow when the series is changed (`S4`, `W4`)."""

from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.events.locking import bump_sequence, lock_instances, submit_locked
from backend.events.materialization import materialize_series
from backend.events.queries import UNTOUCHED
from backend.people.queries import Person
from backend.recurrence.timing import SeriesTiming, timing_from_row
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import bump_versions
from backend.zones import exact_wall_clock

SHOWN_IN_CALENDARS = ("title", "emoji", "description", "place", "map_url", "zone", "duration_minutes")


async def sync_instances(
    series_id: int, old_series: db.Row, old_timing: SeriesTiming, person: Person, now: datetime
) -> None:
    """Bring the instances that are not over in line with the series' row, which the caller has locked.

    `old_series` is the row before the change, and `old_timing` the timing these instances followed until now.
    """
    instance_ids = await lock_instances(series_id, now)
    series = await db.row("SELECT * FROM event_series WHERE id = $1", series_id)
    assert series is not None
    timing = timing_from_row(series)
    if not timing.has_same_starts(old_timing):
        deleted = await _delete_or_mark_drifted(instance_ids, old_timing, timing, now)
        instance_ids = [instance_id for instance_id in instance_ids if instance_id not in deleted]
    if timing.zone != old_timing.zone:
        await _change_zone(series_id, timing.zone)
    if series["duration_minutes"] != old_series["duration_minutes"]:
        await _set_duration(instance_ids, timing, now)
    if series["capacity"] != old_series["capacity"]:
        await _set_capacity(instance_ids, old_series["capacity"], series["capacity"], person)
    if any(series[name] != old_series[name] for name in SHOWN_IN_CALENDARS):
        await bump_sequence(instance_ids, now)
    await bump_versions(instance_ids)
    await materialize_series(series_id, now)


async def _delete_or_mark_drifted(
    instance_ids: Sequence[int], old_timing: SeriesTiming, timing: SeriesTiming, now: datetime
) -> frozenset[int]:
    """Delete the future instances that are no longer in the rule and that nobody has touched; mark the
    touched ones as drifted, for an organiser to decide on. Returns the ids of the deleted ones.

    An instance that was not in the old rule either was kept by hand, and is not asked about again.
    """
    rows = await db.rows(
        f"SELECT i.id, i.zone, i.original_local, i.original_start, i.drifted_at, {UNTOUCHED} AS untouched"
        " FROM event_instances i"
        " WHERE i.id = ANY($1::bigint[]) AND i.state = 'SCHEDULED' AND i.starts_at > $2",
        instance_ids,
        now,
    )
    old_locals = old_timing.select(row["original_local"] for row in rows)
    locals = timing.select(_local_in(timing.zone, row) for row in rows)
    removed = [row for row in rows if _local_in(timing.zone, row) not in locals]
    deleted = [row["id"] for row in removed if row["untouched"]]
    drifting = [
        row["id"]
        for row in removed
        if not row["untouched"] and row["original_local"] in old_locals and row["drifted_at"] is None
    ]
    in_rule = [row["id"] for row in rows if _local_in(timing.zone, row) in locals]
    await db.execute("DELETE FROM event_instances WHERE id = ANY($1::bigint[])", deleted)
    await db.execute("UPDATE event_instances SET drifted_at = $2 WHERE id = ANY($1::bigint[])", drifting, now)
    await db.execute(
        "UPDATE event_instances SET drifted_at = NULL"
        " WHERE id = ANY($1::bigint[]) AND drifted_at IS NOT NULL",
        in_rule,
    )
    return frozenset(deleted)


def _local_in(zone: str, row: db.Row) -> datetime | None:
    """The wall clock that identifies an instance in the zone; None when it stands beside the rule."""
    if row["original_local"] is None or row["zone"] == zone:
        local: datetime | None = row["original_local"]
        return local
    return exact_wall_clock(row["original_start"], zone)


async def _change_zone(series_id: int, zone: str) -> None:
    """Keep the instants of all instances, and write their wall clocks in another zone."""
    rows = await db.rows(
        "SELECT id, zone, original_local, original_start, starts_at FROM event_instances"
        " WHERE series_id = $1",
        series_id,
    )
    await db.execute("UPDATE event_instances SET original_local = NULL WHERE series_id = $1", series_id)
    await db.execute(
        "UPDATE event_instances i"
        " SET zone = $1, original_local = o.original_local, starts_local = o.starts_local"
        " FROM unnest($2::bigint[], $3::timestamp[], $4::timestamp[]) AS o (id, original_local, starts_local)"
        " WHERE i.id = o.id",
        zone,
        [row["id"] for row in rows],
        [_local_in(zone, row) for row in rows],
        [exact_wall_clock(row["starts_at"], zone) for row in rows],
    )


async def _set_duration(instance_ids: Sequence[int], timing: SeriesTiming, now: datetime) -> None:
    await db.execute(
        "UPDATE event_instances SET ends_at = starts_at + $3::interval"
        " WHERE id = ANY($1::bigint[]) AND starts_at > $2 AND edited_at IS NULL",
        instance_ids,
        now,
        timing.duration,
    )


async def _set_capacity(
    instance_ids: Sequence[int], old_capacity: int | None, capacity: int | None, person: Person
) -> None:
    """Give the instances a new capacity (`W4`), except those that have another than the old one by hand."""
    rows = await db.rows(
        "SELECT i.id FROM event_instances i JOIN instance_seats s ON s.instance_id = i.id"
        " WHERE i.id = ANY($1::bigint[]) AND i.edited_at IS NULL"
        " AND s.capacity IS NOT DISTINCT FROM $2 ORDER BY i.id",
        instance_ids,
        old_capacity,
    )
    request = Request(Verb.CAPACITY, Via.DASHBOARD, by=person.id, capacity=capacity)
    await submit_locked([row["id"] for row in rows], request)
