"""How the dates of a series follow when it was changed (`S4`, `W4`)."""

from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.events.actions import materialize
from backend.events.locking import bump_sequence, lock_instances, submit_locked
from backend.events.rules import Timing, timing_of
from backend.people.queries import Person
from backend.seats.state import Request, Verb, Via
from backend.seats.store import bump_versions

# What nobody has touched may be taken away: no hand, no booking however old, no card, no word to anybody, no claim,
# no poll that chose it.
UNTOUCHED = """(i.edited_at IS NULL AND NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM cards c WHERE c.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM seat_claims s WHERE s.instance_id = i.id)
    AND NOT EXISTS (SELECT 1 FROM poll_options o WHERE o.made_instance_id = i.id))"""

SHOWN_IN_CALENDARS = ("title", "description", "place", "map_url", "zone", "duration_minutes")


async def sync_instances(
    series_id: int, was: db.Row, was_timing: Timing, person: Person, at: datetime
) -> None:
    """Bring the dates to come in line with the series' row as it is now; `was` is the row before. Its row is locked."""
    ids = await lock_instances(series_id, at)
    row = await db.row("SELECT * FROM event_series WHERE id = $1", series_id)
    assert row is not None
    timing = timing_of(row)
    if not timing.same_rhythm(was_timing):
        gone = await _drop_or_drift(ids, was_timing, timing, at)
        ids = [instance_id for instance_id in ids if instance_id not in gone]
    if row["duration_minutes"] != was["duration_minutes"]:
        await _set_duration(ids, timing, at)
    if row["capacity"] != was["capacity"]:
        await _set_capacity(ids, was["capacity"], row["capacity"], person)
    if any(row[name] != was[name] for name in SHOWN_IN_CALENDARS):
        await bump_sequence(ids, at)
    await bump_versions(ids)
    await materialize(series_id, at)


async def _drop_or_drift(ids: Sequence[int], was: Timing, now: Timing, at: datetime) -> frozenset[int]:
    """Take away the dates to come that the rule no longer has and nobody has touched; the others of them drift, and wait
    for an organiser's word. The ids of those taken away.

    One that the rule before did not have either was kept by hand, and is not asked about again.
    """
    rows = await db.rows(
        f"SELECT i.id, i.original_start, i.drifted_at, {UNTOUCHED} AS untouched FROM event_instances i"
        " WHERE i.id = ANY($1::bigint[]) AND i.state = 'SCHEDULED' AND i.starts_at > $2",
        ids,
        at,
    )
    had = was.among(row["original_start"] for row in rows)
    has = now.among(row["original_start"] for row in rows)
    lost = [row for row in rows if row["original_start"] not in has]
    gone = [row["id"] for row in lost if row["untouched"]]
    drifting = [
        row["id"]
        for row in lost
        if not row["untouched"] and row["original_start"] in had and row["drifted_at"] is None
    ]
    back = [row["id"] for row in rows if row["original_start"] in has]
    await db.execute("DELETE FROM event_instances WHERE id = ANY($1::bigint[])", gone)
    await db.execute("UPDATE event_instances SET drifted_at = $2 WHERE id = ANY($1::bigint[])", drifting, at)
    await db.execute(
        "UPDATE event_instances SET drifted_at = NULL WHERE id = ANY($1::bigint[]) AND drifted_at IS NOT NULL",
        back,
    )
    return frozenset(gone)


async def _set_duration(ids: Sequence[int], timing: Timing, at: datetime) -> None:
    await db.execute(
        "UPDATE event_instances SET ends_at = starts_at + $3::interval"
        " WHERE id = ANY($1::bigint[]) AND starts_at > $2 AND edited_at IS NULL",
        ids,
        at,
        timing.length,
    )


async def _set_capacity(ids: Sequence[int], was: int | None, capacity: int | None, person: Person) -> None:
    """Give the dates this number of seats (`W4`), but not those that were given another by hand."""
    rows = await db.rows(
        "SELECT i.id FROM event_instances i JOIN instance_seats s ON s.instance_id = i.id"
        " WHERE i.id = ANY($1::bigint[]) AND i.edited_at IS NULL AND s.capacity IS NOT DISTINCT FROM $2 ORDER BY i.id",
        ids,
        was,
    )
    request = Request(Verb.CAPACITY, Via.DASHBOARD, by=person.id, capacity=capacity)
    await submit_locked([row["id"] for row in rows], request)
