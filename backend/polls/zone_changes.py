"""The dates of a poll keep their wall clocks when newer zone data are installed (`S10`), as instances do."""

from datetime import datetime

from backend import clock, db, zone_data
from backend.each import try_each
from backend.known_zones import first_known
from backend.polls import store
from backend.zones import exact_wall_clock, resolve_exact

# Dates to come that were computed with older data, or of which only the instant is known.
DATES_TO_KEEP = """
o.starts_at > $1 AND (o.zone_data IS NULL OR o.zone_data COLLATE "C" < $2)
"""


async def keep_poll_dates() -> int:
    """The job of a starting worker, and of every ten minutes: bring the dates of polls to the zone data of
    this process; of how many polls.

    A poll that cannot be brought there is logged and does not hold up the others. Raises `Unavailable`.
    """
    rows = await db.rows(
        f"SELECT DISTINCT o.poll_id FROM poll_options o WHERE {DATES_TO_KEEP} ORDER BY o.poll_id",
        clock.now(),
        zone_data.current().version,
    )
    kept, _ = await try_each("zone data of a poll", [row["poll_id"] for row in rows], _keep_poll)
    return kept


async def _keep_poll(poll_id: int) -> int:
    async with db.transaction(store.lock(poll_id)):
        await follow_zone_data(poll_id, clock.now())
    return 1


async def follow_zone_data(poll_id: int, now: datetime) -> None:
    """Bring the dates of a poll to the zone data of this process, inside the transaction that holds its
    tally.

    Of dates that older versions stored the wall clock is not known, and is taken to be what it is now.
    """
    ours = zone_data.current().version
    rows = await db.rows(
        "SELECT o.id, o.starts_at, o.starts_local, coalesce(o.zone, a.zone) AS zone FROM poll_options o"
        f" JOIN accounts a ON a.id = o.account_id WHERE o.poll_id = $3 AND {DATES_TO_KEEP} ORDER BY o.id",
        now,
        ours,
        poll_id,
    )
    if not rows:
        return
    zones = [first_known(row["zone"]) for row in rows]
    locals = [
        row["starts_local"] or exact_wall_clock(row["starts_at"], zone)
        for row, zone in zip(rows, zones, strict=True)
    ]
    starts = [resolve_exact(local, zone) for local, zone in zip(locals, zones, strict=True)]
    if len(set(starts)) < len(starts):  # a gap has moved one onto another: they stay apart as they are
        starts = [row["starts_at"] for row in rows]
    # The instants of a poll are a key, which is compared row by row: first nobody has one of them.
    ids = [row["id"] for row in rows]
    await db.execute(
        "UPDATE poll_options SET starts_at = to_timestamp(-id) WHERE id = ANY($1::bigint[])", ids
    )
    await db.execute(
        "UPDATE poll_options p SET starts_at = o.starts_at, starts_local = o.local, zone = o.zone, zone_data = $1"
        " FROM unnest($2::bigint[], $3::timestamptz[], $4::timestamp[], $5::text[])"
        " AS o (id, starts_at, local, zone) WHERE p.id = o.id",
        ours,
        ids,
        starts,
        locals,
        zones,
    )
    if any(start != row["starts_at"] for start, row in zip(starts, rows, strict=True)):
        await store.bump_versions([poll_id])
