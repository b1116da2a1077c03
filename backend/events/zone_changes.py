"""Instances keep their wall clocks when newer zone data are installed (`S10`).

Each series records the version of the data that its instants were computed with. Whoever is about to change a
series brings it to the data of this process first, in the same transaction, and a job does so for all others:
nothing is ever computed from two releases at once, and no instance is made a second time. A process whose
data are older than those of a series moves nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from backend import clock, db, zone_data
from backend.audit.actions import record_audit
from backend.each import try_each
from backend.events.locking import bump_sequence, lock_instances, lock_series, submit_locked
from backend.events.queries import UNTOUCHED
from backend.events.wall_clocks import KeptTime, StoredInstance, keep_times
from backend.known_zones import known_or_none
from backend.outbox.kinds import Kind
from backend.outbox.organisers import notify_organisers
from backend.outbox.starts import follow_offers, follow_starts
from backend.recordsets import Recordset, Statement
from backend.recurrence.timing import timing_from_row
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import bump_versions, keep_offers
from backend.seats.state import InstanceState
from backend.zones import zone_names

log = structlog.get_logger()

LISTED_MAX = 12  # instances of each sort that the message to organisers names; the rest are counted

# Computed with older data, or not known with which; or with rows that a version without wall clocks wrote. Data
# that do not say their version may be others each time.
SERIES_TO_KEEP = """
SELECT r.id FROM event_series r WHERE r.zone = ANY($2::text[])
    AND (r.zone_data IS NULL OR r.zone_data COLLATE "C" < $1 OR r.zone_data = '' AND $1 = ''
        OR EXISTS (SELECT 1 FROM event_instances i WHERE i.series_id = r.id AND i.zone IS NULL))
ORDER BY r.id
"""


async def keep_wall_clocks() -> int:
    """The job of a starting worker, and of every ten minutes: bring each series to the zone data of this
    process; how many.

    A series that cannot be brought there is logged and does not hold up the others. Raises `Unavailable`.
    """
    kept, _ = await try_each("zone data of a series", await series_to_keep(), _keep_series)
    return kept


async def _keep_series(series_id: int) -> int:
    async with db.transaction():
        await follow_zone_data(await lock_series(series_id), clock.now())
    return 1


async def series_to_keep() -> list[int]:
    """The ids of the series that this process would bring to its zone data."""
    rows = await db.rows(SERIES_TO_KEEP, zone_data.current().version, sorted(zone_names()))
    return [row["id"] for row in rows]


async def newest_zone_data() -> str:
    """The newest version of the data that any series was computed with; "" when there is none."""
    return await db.value('SELECT max(zone_data COLLATE "C") FROM event_series') or ""


async def follow_zone_data(series: db.Row, now: datetime) -> db.Row:
    """Bring a series, whose row the caller has locked, to the zone data of this process; its row as it is
    then.

    Instances that have not begun move to the instant of their wall clock, with their seats rows locked,
    unless they were edited by hand. Those who are booked know the wall clock and are not asked anything
    (`S6`); organisers are notified of what moved by how much, and of what was not moved. Raises
    `InvalidRecurrence`, `UnknownZone`, `Busy`.
    """
    ours = zone_data.current().version
    if known_or_none(series["zone"]) is None:
        return series
    if series["zone_data"] is not None and ours < series["zone_data"]:
        # What is written now is computed with older data: whoever has the newer looks at it again.
        return await _record_zone_data(series["id"], ours)
    if series["zone_data"] == ours != zone_data.UNKNOWN and not await _has_others(series):
        return series
    await lock_instances(series["id"], now)
    await _keep_instances(series, now)
    return await _record_zone_data(series["id"], ours)


async def _record_zone_data(series_id: int, version: str) -> db.Row:
    row = await db.row("UPDATE event_series SET zone_data = $2 WHERE id = $1 RETURNING *", series_id, version)
    assert row is not None
    return row


async def _has_others(series: db.Row) -> bool:
    """Whether there are instances that a version without wall clocks has made or given another zone."""
    return bool(
        await db.value(
            "SELECT EXISTS (SELECT 1 FROM event_instances WHERE series_id = $1 AND zone IS DISTINCT FROM $2)",
            series["id"],
            series["zone"],
        )
    )


async def _keep_instances(series: db.Row, now: datetime) -> None:
    rows = await db.rows(
        "SELECT i.id, i.original_start, i.starts_at, i.zone, i.original_local, i.starts_local, i.state,"
        f" i.edited_at, i.drifted_at, {UNTOUCHED} AS untouched FROM event_instances i WHERE i.series_id = $1",
        series["id"],
    )
    kept = keep_times(
        timing_from_row(series),
        [_stored(row, now) for row in rows],
        (series["dates_from_local"], series["dates_before_local"]),
    )
    await db.execute("DELETE FROM event_instances WHERE id = ANY($1::bigint[])", list(kept.duplicates))
    rows = [row for row in rows if row["id"] not in kept.duplicates]
    await _write_times(rows, kept.times, series["zone"])
    await db.execute(
        "UPDATE event_instances SET drifted_at = $2 WHERE id = ANY($1::bigint[])", list(kept.drifting), now
    )
    await db.execute(
        "UPDATE event_series SET dates_from = $2, dates_before = $3, dates_from_local = $4,"
        " dates_before_local = $5 WHERE id = $1",
        series["id"],
        kept.bounds.since,
        kept.bounds.before,
        *kept.bounds_local,
    )
    await _follow_moves(series, rows, kept.times, now)


def _stored(row: db.Row, now: datetime) -> StoredInstance:
    scheduled = row["state"] == InstanceState.SCHEDULED
    return StoredInstance(
        id=row["id"],
        original_start=row["original_start"],
        starts_at=row["starts_at"],
        zone=row["zone"],
        original_local=row["original_local"],
        starts_local=row["starts_local"],
        has_begun=row["starts_at"] <= now or row["state"] == InstanceState.COMPLETED,
        is_edited=row["edited_at"] is not None,
        is_drifted=row["drifted_at"] is not None,
        is_touched=not (row["untouched"] and scheduled),
    )


# The keys of a series' instances may change places, and are compared row by row: first nobody has one.
FREE_KEYS = """
UPDATE event_instances SET original_local = NULL, original_start = to_timestamp(-id)
WHERE id = ANY($1::bigint[])
"""
WRITE_TIMES = Statement(
    """
UPDATE event_instances i SET zone = {zone},
    original_local = times.original_local, original_start = times.original_start,
    starts_local = times.starts_local, starts_at = times.starts_at,
    ends_at = i.ends_at + (times.starts_at - i.starts_at),
    moved_from = CASE WHEN i.moved_from = times.was_original THEN times.original_start ELSE i.moved_from END,
    claim_until = CASE WHEN i.claim_until = i.starts_at THEN times.starts_at
        WHEN i.claim_until IS NOT NULL THEN least(i.claim_until, times.starts_at) END
FROM {times} WHERE i.id = times.id
""",
    values={"zone": "text"},
    times=Recordset(
        id="bigint",
        original_local="timestamp",
        original_start="timestamptz",
        was_original="timestamptz",
        starts_local="timestamp",
        starts_at="timestamptz",
    ),
)


async def _write_times(rows: Sequence[db.Row], times: dict[int, KeptTime], zone: str) -> None:
    changed = [row for row in rows if _differs(row, times[row["id"]], zone)]
    await db.execute(FREE_KEYS, [row["id"] for row in changed])
    await WRITE_TIMES.execute(
        zone=zone,
        times=[
            {
                "id": row["id"],
                "original_local": times[row["id"]].original_local,
                "original_start": times[row["id"]].original_start,
                "was_original": row["original_start"],
                "starts_local": times[row["id"]].starts_local,
                "starts_at": times[row["id"]].starts_at,
            }
            for row in changed
        ],
    )


def _differs(row: db.Row, time: KeptTime, zone: str) -> bool:
    return (
        row["zone"],
        row["original_local"],
        row["original_start"],
        row["starts_local"],
        row["starts_at"],
    ) != (
        zone,
        time.original_local,
        time.original_start,
        time.starts_local,
        time.starts_at,
    )


async def _follow_moves(
    series: db.Row, rows: Sequence[db.Row], times: dict[int, KeptTime], now: datetime
) -> None:
    """Everything that depends on the start of an instance, when that is another instant or reads another wall
    clock."""
    moves: list[dict[str, Any]] = [
        {"id": row["id"], "was": row["starts_at"], "starts_at": times[row["id"]].starts_at}
        for row in rows
        if times[row["id"]].starts_at != row["starts_at"]
    ]
    misread = [row["id"] for row in rows if times[row["id"]].known_local != times[row["id"]].starts_local]
    moved = [move["id"] for move in moves]
    if not moved and not misread:
        return
    await bump_sequence(moved, now)
    await follow_starts(moves)
    offers = await keep_offers(moves)
    await follow_offers([{**offer, "until": offer["offer_until"].isoformat()} for offer in offers])
    await bump_versions([*moved, *misread])
    # How free seats move depends on the time until the start (W3).
    await submit_locked(moved, Request(Verb.FILL, Via.SYSTEM))
    log.info("wall clocks kept", series=series["id"], moved=len(moved), not_moved=len(misread))
    scheduled = {row["id"] for row in rows if row["state"] == InstanceState.SCHEDULED}
    detail = _report(
        [move for move in moves if move["id"] in scheduled], [times[id] for id in misread if id in scheduled]
    )
    await record_audit(
        series["account_id"],
        None,
        "zone data",
        f"series {series['id']}",
        moved=len(moved),
        misread=len(misread),
    )
    if detail:
        await notify_organisers(
            series["account_id"],
            Kind.CLOCKS_CHANGED,
            series["id"],
            now,
            title=series["title"],
            zone=series["zone"],
            version=zone_data.current().version,
            **detail,
        )


def _report(moves: Sequence[dict[str, Any]], misread: Sequence[KeptTime]) -> dict[str, Any]:
    """What organisers are told, soonest first: instances that moved, by how many minutes, and those that were
    edited by hand, with the wall clock that people know. Empty when there is nothing to tell."""
    if not moves and not misread:
        return {}
    starts: dict[int, list[str]] = defaultdict(list)
    for move in sorted(moves, key=lambda move: move["starts_at"]):
        starts[(move["starts_at"] - move["was"]) // timedelta(minutes=1)].append(
            move["starts_at"].isoformat()
        )
    misread = sorted(misread, key=lambda time: time.starts_at)
    return {
        "moves": [
            {"minutes": minutes, "count": len(group), "starts": group[:LISTED_MAX]}
            for minutes, group in starts.items()
        ],
        "edited": len(misread),
        "edits": [
            {"at": time.starts_at.isoformat(), "known": time.known_local.isoformat()}
            for time in misread[:LISTED_MAX]
        ],
    }
