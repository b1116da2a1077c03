"""The desk's SQL: what it locks, reads and writes, each in one statement."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from backend import db
from backend.audit.actions import note
from backend.bookings.rules import Desk, Facts, Party, Request, Verb
from backend.events.rules import Windows
from backend.messages.rules import ANSWERS, dedupe

ANY = 2**31 - 1

PARTY = (
    "m.id AS membership_id, m.user_id, m.left_at IS NULL AS live, b.id AS booking_id, b.answer, b.seats,"
    " b.waiting AS waits, b.offered AS offers, b.priority, b.queued_at AS party_queued_at, b.seated_at"
)

# The facts are repeated on every party's row: one round trip, and there are few parties.
LOOK = f"""
SELECT s.account_id, s.capacity, s.over, s.booked, s.offered, s.waiting, s.queued_at,
    i.state, i.cancel_reason, i.starts_at, i.ends_at,
    r.title, r.zone, r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes, r.guests_max, r.fill_gaps,
    p.*
FROM instance_seats s
JOIN event_instances i ON i.id = s.instance_id
JOIN event_series r ON r.id = i.series_id
LEFT JOIN LATERAL (
    SELECT {PARTY},
        CASE WHEN b.waiting > 0 THEN (
            SELECT count(*) FROM bookings q WHERE q.instance_id = s.instance_id AND q.waiting > 0
            AND (q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))
        ) END AS ahead
    FROM memberships m
    LEFT JOIN bookings b ON b.instance_id = s.instance_id AND b.membership_id = m.id
    WHERE m.account_id = s.account_id AND (m.user_id = ANY($2::bigint[]) OR m.id = ANY($3::bigint[]))
) p ON true
WHERE s.instance_id = $1
"""

# The heads of the queue. Who could not even fit into the empty room is left out: they hold nobody back.
QUEUE = f"""
SELECT * FROM (
    SELECT {PARTY}, row_number() OVER (ORDER BY b.priority DESC, b.queued_at, b.id) - 1 AS ahead
    FROM bookings b JOIN memberships m ON m.id = b.membership_id
    WHERE b.instance_id = $1 AND b.waiting > 0
) q WHERE seats + waits + offers <= $2 ORDER BY ahead LIMIT $3
"""

# With "fill gaps" the earliest party that fits may be far back, behind many bigger ones: the first of every size are of
# interest.
QUEUE_WITH_GAPS = f"""
SELECT * FROM (
    SELECT {PARTY}, row_number() OVER (ORDER BY b.priority DESC, b.queued_at, b.id) - 1 AS ahead,
        row_number() OVER (PARTITION BY b.waiting ORDER BY b.priority DESC, b.queued_at, b.id) AS nth_of_size
    FROM bookings b JOIN memberships m ON m.id = b.membership_id
    WHERE b.instance_id = $1 AND b.waiting > 0
) q WHERE seats + waits + offers <= $2 AND nth_of_size <= $3 ORDER BY ahead
"""

WRITE = """
WITH booked AS (
    INSERT INTO bookings AS b (account_id, instance_id, membership_id, answer, seats, waiting, priority, queued_at,
        seated_at, answered_at)
    SELECT $2, $1, t.* , $3 FROM unnest($4::bigint[], $5::text[], $6::int[], $7::int[], $8::int[], $9::timestamptz[],
        $10::timestamptz[]) AS t
    ON CONFLICT ON CONSTRAINT bookings_instance_id_membership_id_key DO UPDATE SET
        answer = excluded.answer, seats = excluded.seats, waiting = excluded.waiting, priority = excluded.priority,
        queued_at = excluded.queued_at, seated_at = excluded.seated_at, answered_at = excluded.answered_at
), logged AS (
    INSERT INTO event_participation_log (account_id, instance_id, at, membership_id, by_user_id, via, verb,
        seats_before, seats_after, waiting_before, waiting_after, request_id)
    SELECT $2, $1, $3, t.* FROM unnest($11::bigint[], $12::bigint[], $13::text[], $14::text[], $15::int[], $16::int[],
        $17::int[], $18::int[], $19::uuid[]) AS t
), told AS (
    INSERT INTO messages (account_id, instance_id, due_at, created_at, priority, user_id, kind, detail, dedupe)
    SELECT $2, $1, $3, $3, $20, t.user_id, t.kind, t.detail::jsonb, t.dedupe
    FROM unnest($21::bigint[], $22::text[], $23::text[], $24::text[]) AS t (user_id, kind, detail, dedupe)
    ON CONFLICT ON CONSTRAINT messages_dedupe_key DO NOTHING
)
UPDATE instance_seats SET capacity = $25, over = $26, booked = booked + $27, waiting = waiting + $28,
    queued_at = $29, version = version + 1
WHERE instance_id = $1
"""


def lock(instance_id: int) -> str:
    """The seats row is the queue for its seats: whoever holds it may count. Sent together with BEGIN."""
    return f"SELECT 1 FROM instance_seats WHERE instance_id = {int(instance_id)} FOR NO KEY UPDATE"


async def look(instance_id: int, requests: Sequence[Request], now: datetime) -> Desk | None:
    """Open the desk: the facts, the counters, and the bookings of those asking. None when there is no such instance."""
    found = await db.rows(
        LOOK,
        instance_id,
        [r.user_id for r in requests if r.user_id is not None],
        [r.membership_id for r in requests if r.membership_id is not None],
    )
    if not found:
        return None
    first = found[0]
    desk = Desk(
        facts=_facts(instance_id, first),
        now=now,
        capacity=first["capacity"],
        over=first["over"],
        booked=first["booked"],
        offered=first["offered"],
        waiting=first["waiting"],
        queued_at=first["queued_at"],
    )
    desk.before = (desk.booked, desk.waiting)
    for row in found:
        if row["membership_id"] is not None:
            desk.seat_party(_party(row))
    return desk


async def look_at_queue(desk: Desk, requests: Sequence[Request]) -> None:
    """Lay on the desk the heads of the queue: as many as could be seated by what is free and what those asking hold, or
    could go by themselves, and one more, who tells that somebody still waits. Another capacity may concern everybody."""
    if not desk.waiting:
        return
    if desk.capacity is None or any(r.verb is Verb.CAPACITY for r in requests):
        largest, most = ANY, ANY
    else:
        held = sum(party.seats for party in desk.parties.values())
        largest, most = desk.capacity, desk.free + held + len(requests) + 1
    sql = QUEUE_WITH_GAPS if desk.facts.fill_gaps else QUEUE
    for row in await db.rows(sql, desk.facts.instance_id, largest, most):
        if row["membership_id"] not in desk.parties:
            desk.seat_party(_party(row))


async def already_done(instance_id: int, requests: Sequence[Request]) -> frozenset[UUID]:
    """Which of these requests the log shows to be done: for after a lost connection."""
    done = await db.rows(
        "SELECT request_id FROM event_participation_log WHERE instance_id = $1 AND request_id = ANY($2::uuid[])",
        instance_id,
        [r.id for r in requests],
    )
    return frozenset(row["request_id"] for row in done)


async def write(desk: Desk) -> None:
    """Write bookings, log, messages and the seats row, each by its change; and what organisers did, rare as it is."""
    parties = list(desk.touched.values())
    log, notices = desk.log, desk.notices
    booked, waiting = desk.before
    await db.execute(
        WRITE,
        desk.facts.instance_id,
        desk.facts.account_id,
        desk.now,
        [p.membership_id for p in parties],
        [p.answer for p in parties],
        [p.seats for p in parties],
        [p.waiting for p in parties],
        [p.priority for p in parties],
        [p.queued_at for p in parties],
        [p.seated_at for p in parties],
        [x.membership_id for x in log],
        [x.by for x in log],
        [x.via for x in log],
        [x.verb for x in log],
        [x.seats_before for x in log],
        [x.seats_after for x in log],
        [x.waiting_before for x in log],
        [x.waiting_after for x in log],
        [x.request_id for x in log],
        ANSWERS,
        [n.user_id for n in notices],
        [n.kind for n in notices],
        [json.dumps({"seats": n.seats}) for n in notices],
        [
            dedupe(n.kind, desk.facts.instance_id, n.user_id, desk.now, i)
            for i, n in enumerate(notices)
        ],
        desk.capacity,
        desk.over,
        desk.booked - booked,
        desk.waiting - waiting,
        desk.queued_at,
    )
    for act in desk.acts:
        detail = {"membership": act.membership_id, "guests": act.guests, "over": act.over}
        if act.verb is Verb.CAPACITY:
            detail = {"capacity": desk.capacity}
        await note(
            desk.facts.account_id, act.by, act.verb, f"instance {desk.facts.instance_id}", **detail
        )


def _facts(instance_id: int, row: db.Row) -> Facts:
    windows = Windows.around(
        row["starts_at"],
        row["opens_before_minutes"],
        row["closes_before_minutes"],
        row["cancel_before_minutes"],
    )
    return Facts(
        instance_id=instance_id,
        account_id=row["account_id"],
        title=row["title"],
        zone=row["zone"],
        state=row["state"],
        cancel_reason=row["cancel_reason"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        windows=windows,
        guests_max=row["guests_max"],
        fill_gaps=row["fill_gaps"],
    )


def _party(row: db.Row) -> Party:
    return Party(
        membership_id=row["membership_id"],
        user_id=row["user_id"],
        live=row["live"],
        booking_id=row["booking_id"],
        answer=row["answer"] or "",
        seats=row["seats"] or 0,
        waiting=row["waits"] or 0,
        offered=row["offers"] or 0,
        priority=row["priority"] or 0,
        queued_at=row["party_queued_at"],
        seated_at=row["seated_at"],
        ahead=row["ahead"] or 0,
    )
