"""The desk's SQL: what it locks, reads and writes, each in one statement."""

import json
from collections.abc import Iterable, Sequence
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

# One row for each who asks. The facts are repeated on every row: it is one round trip, and most ask of different dates.
LOOK = f"""
SELECT s.instance_id, s.account_id, s.capacity, s.over, s.booked, s.offered, s.waiting, s.queued_at,
    i.state, i.cancel_reason, i.starts_at, i.ends_at,
    coalesce(i.title, r.title) AS title, r.zone, r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes, coalesce(i.guests_max, r.guests_max) AS guests_max, r.fill_gaps,
    {PARTY},
    CASE WHEN b.waiting > 0 THEN (
        SELECT count(*) FROM bookings q WHERE q.instance_id = s.instance_id AND q.waiting > 0
        AND (q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))
    ) END AS ahead
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS asked (instance_id, user_id, membership_id)
JOIN instance_seats s ON s.instance_id = asked.instance_id
JOIN event_instances i ON i.id = s.instance_id
JOIN event_series r ON r.id = i.series_id
LEFT JOIN memberships m ON m.account_id = s.account_id AND m.id = coalesce(asked.membership_id, (
    SELECT own.id FROM memberships own WHERE own.account_id = s.account_id AND own.user_id = asked.user_id))
LEFT JOIN bookings b ON b.instance_id = s.instance_id AND b.membership_id = m.id
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
    INSERT INTO bookings AS b (answered_at, account_id, instance_id, membership_id, answer, seats, waiting, priority,
        queued_at, seated_at)
    SELECT $1, t.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::int[], $7::int[], $8::int[],
        $9::timestamptz[], $10::timestamptz[]) AS t
    ON CONFLICT ON CONSTRAINT bookings_instance_id_membership_id_key DO UPDATE SET
        answer = excluded.answer, seats = excluded.seats, waiting = excluded.waiting, priority = excluded.priority,
        queued_at = excluded.queued_at, seated_at = excluded.seated_at, answered_at = excluded.answered_at
), logged AS (
    INSERT INTO event_participation_log (at, account_id, instance_id, membership_id, by_user_id, via, verb,
        seats_before, seats_after, waiting_before, waiting_after, request_id)
    SELECT $1, t.* FROM unnest($11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::text[],
        $17::int[], $18::int[], $19::int[], $20::int[], $21::uuid[]) AS t
), told AS (
    INSERT INTO messages (due_at, created_at, priority, account_id, instance_id, user_id, kind, detail, dedupe)
    SELECT $1, $1, $22, t.account_id, t.instance_id, t.user_id, t.kind, t.detail::jsonb, t.dedupe
    FROM unnest($23::bigint[], $24::bigint[], $25::bigint[], $26::text[], $27::text[], $28::text[])
        AS t (account_id, instance_id, user_id, kind, detail, dedupe)
    ON CONFLICT ON CONSTRAINT messages_dedupe_key DO NOTHING
)
UPDATE instance_seats s SET capacity = t.capacity, over = t.over, booked = s.booked + t.booked,
    waiting = s.waiting + t.waiting, queued_at = t.queued_at, version = s.version + 1
FROM unnest($29::bigint[], $30::int[], $31::int[], $32::int[], $33::int[], $34::timestamptz[])
    AS t (instance_id, capacity, over, booked, waiting, queued_at)
WHERE s.instance_id = t.instance_id
"""

Asked = tuple[int, Request]  # of which instance, and what


def lock(*instance_ids: int) -> str:
    """A seats row is the queue for its seats: whoever holds it may count. Sent together with BEGIN.

    Who locks several does so in the order of their ids, so that nobody waits in a circle; and does not wait long, since
    it keeps those it has from others.
    """
    hurry = "SET LOCAL lock_timeout = '250ms';" if len(set(instance_ids)) > 1 else ""
    return hurry + lock_rows(instance_ids)


def lock_rows(instance_ids: Iterable[int]) -> str:
    """The same lock inside a transaction that has begun, for as long as it takes."""
    ids = ",".join(str(int(i)) for i in sorted(set(instance_ids)))
    return f"SELECT 1 FROM instance_seats WHERE instance_id IN ({ids}) ORDER BY instance_id FOR NO KEY UPDATE"


async def look(asked: Sequence[Asked], now: datetime) -> dict[int, Desk]:
    """Open the desks that are asked: facts, counters, and the bookings of those asking. What is not there is left out."""
    found = await db.rows(
        LOOK,
        [instance_id for instance_id, _ in asked],
        [request.user_id for _, request in asked],
        [request.membership_id for _, request in asked],
    )
    desks: dict[int, Desk] = {}
    for row in found:
        desk = desks.get(row["instance_id"])
        if desk is None:
            desk = desks[row["instance_id"]] = _desk(row, now)
        if row["membership_id"] is not None:
            desk.seat_party(_party(row))
    return desks


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


async def already_done(asked: Sequence[Asked]) -> frozenset[UUID]:
    """Which of these requests the log shows to be done: for after a lost connection."""
    done = await db.rows(
        "SELECT request_id FROM event_participation_log"
        " WHERE instance_id = ANY($1::bigint[]) AND request_id = ANY($2::uuid[])",
        [instance_id for instance_id, _ in asked],
        [request.id for _, request in asked],
    )
    return frozenset(row["request_id"] for row in done)


async def write(desks: Sequence[Desk], now: datetime) -> None:
    """Write bookings, log, messages and the seats rows, each by its change; and what organisers did, rare as it is."""
    parties = [(d.facts, p) for d in desks for p in d.touched.values()]
    log = [(d.facts, x) for d in desks for x in d.log]
    notices = [(d.facts, n) for d in desks for n in d.notices]
    await db.execute(
        WRITE,
        now,
        [f.account_id for f, _ in parties],
        [f.instance_id for f, _ in parties],
        [p.membership_id for _, p in parties],
        [p.answer for _, p in parties],
        [p.seats for _, p in parties],
        [p.waiting for _, p in parties],
        [p.priority for _, p in parties],
        [p.queued_at for _, p in parties],
        [p.seated_at for _, p in parties],
        [f.account_id for f, _ in log],
        [f.instance_id for f, _ in log],
        [x.membership_id for _, x in log],
        [x.by for _, x in log],
        [x.via for _, x in log],
        [x.verb for _, x in log],
        [x.seats_before for _, x in log],
        [x.seats_after for _, x in log],
        [x.waiting_before for _, x in log],
        [x.waiting_after for _, x in log],
        [x.request_id for _, x in log],
        ANSWERS,
        [f.account_id for f, _ in notices],
        [f.instance_id for f, _ in notices],
        [n.user_id for _, n in notices],
        [n.kind for _, n in notices],
        [json.dumps({"seats": n.seats}) for _, n in notices],
        [dedupe(n.kind, f.instance_id, n.user_id, now, i) for i, (f, n) in enumerate(notices)],
        [d.facts.instance_id for d in desks],
        [d.capacity for d in desks],
        [d.over for d in desks],
        [d.booked - d.before[0] for d in desks],
        [d.waiting - d.before[1] for d in desks],
        [d.queued_at for d in desks],
    )
    for desk in desks:
        for act in desk.acts:
            await _audit(desk, act)


async def _audit(desk: Desk, act: Request) -> None:
    detail: dict[str, object] = {
        "membership": act.membership_id,
        "guests": act.guests,
        "over": act.over,
    }
    if act.verb is Verb.CAPACITY:
        detail = {"capacity": desk.capacity}
    await note(
        desk.facts.account_id, act.by, act.verb, f"instance {desk.facts.instance_id}", **detail
    )


def _desk(row: db.Row, now: datetime) -> Desk:
    return Desk(
        facts=_facts(row),
        now=now,
        capacity=row["capacity"],
        over=row["over"],
        booked=row["booked"],
        offered=row["offered"],
        waiting=row["waiting"],
        queued_at=row["queued_at"],
        before=(row["booked"], row["waiting"]),
    )


def _facts(row: db.Row) -> Facts:
    windows = Windows.around(
        row["starts_at"],
        row["opens_before_minutes"],
        row["closes_before_minutes"],
        row["cancel_before_minutes"],
    )
    return Facts(
        instance_id=row["instance_id"],
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
