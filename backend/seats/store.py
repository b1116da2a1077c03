"""The desk's SQL: what it locks, reads and writes, each in one statement."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from backend import db
from backend.audit.actions import record_audit
from backend.outbox.enqueue import dedupe_key, insert_mixed_messages
from backend.seats.promotion import Stage, promotion_windows_of
from backend.seats.state import FREEING, Facts, Notification, Party, Request, SeatState, Verb
from backend.seats.windows import Windows

UNLIMITED = 2**31 - 1

PARTY = (
    "m.id AS membership_id, m.user_id, m.left_at IS NULL AS live, b.id AS booking_id, b.answer, b.seats,"
    " b.waiting AS waits, b.offered AS offers, b.priority, b.queued_at AS party_queued_at, b.seated_at, b.offer_until,"
    " b.lapsed_at, b.replace_since, b.promoted_at, b.move_asked_at, b.move_stays_at,"
    " b.guest_names"
)

CLAIMS = "EXISTS (SELECT 1 FROM seat_claims c WHERE c.instance_id = b.instance_id AND c.membership_id = b.membership_id)"

# One row for each who asks. The facts are repeated on every row: it is one round trip, and most ask of different dates.
LOAD = f"""
SELECT s.instance_id, s.account_id, s.capacity, s.over, s.booked, s.offered, s.waiting, s.releasing, s.queued_at, s.freed_at,
    s.called_at, i.state, i.cancel_reason, i.starts_at, i.ends_at, i.claim_until,
    coalesce(i.title, r.title) AS title, coalesce(i.guests_max, r.guests_max) AS guests_max, r.zone, r.fill_gaps,
    r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes,
    r.offers_before_minutes, r.offer_minutes, r.first_tap_before_minutes,
    {PARTY},
    CASE WHEN b.waiting + b.offered > 0 THEN (
        SELECT count(*) FROM bookings q WHERE q.instance_id = s.instance_id AND q.waiting > 0
        AND (q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))
    ) END AS ahead,
    CASE WHEN s.waiting > 0 THEN (
        SELECT count(*) FROM bookings q WHERE q.instance_id = s.instance_id AND q.waiting > 0 AND q.priority > 0
    ) ELSE 0 END AS privileged,
    CASE WHEN i.claim_until > $4 THEN EXISTS (
        SELECT 1 FROM seat_claims c WHERE c.instance_id = s.instance_id AND c.membership_id = m.id
    ) ELSE false END AS claims
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS asked (instance_id, user_id, membership_id)
JOIN instance_seats s ON s.instance_id = asked.instance_id
JOIN event_instances i ON i.id = s.instance_id
JOIN event_series r ON r.id = i.series_id
LEFT JOIN memberships m ON m.account_id = s.account_id AND m.id = coalesce(asked.membership_id, (
    SELECT own.id FROM memberships own WHERE own.account_id = s.account_id AND own.user_id = asked.user_id))
LEFT JOIN bookings b ON b.instance_id = s.instance_id AND b.membership_id = m.id
"""

# Whose offer has expired, or ends because the date is off; and who looks for a replacement.
EXPIRED = f"""
SELECT {PARTY}, (
        SELECT count(*) FROM bookings q WHERE q.instance_id = b.instance_id AND q.waiting > 0
        AND (q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))
    ) AS ahead, CASE WHEN b.priority > 0 THEN {CLAIMS} ELSE false END AS claims
FROM bookings b JOIN memberships m ON m.id = b.membership_id
WHERE b.instance_id = $1 AND b.offered > 0 AND (b.offer_until <= $2 OR $3)
"""
REPLACING = f"""
SELECT {PARTY}, 0 AS ahead, false AS claims FROM bookings b JOIN memberships m ON m.id = b.membership_id
WHERE b.instance_id = $1 AND b.replace_since IS NOT NULL ORDER BY b.replace_since, b.id
"""

# The heads of the queue, and the heads of those who were not passed over. Who could not even fit into the empty room is
# left out: they hold nobody back.
WAITLIST = f"""
SELECT * FROM (
    SELECT {PARTY}, row_number() OVER (ORDER BY b.priority DESC, b.queued_at, b.id) - 1 AS ahead,
        row_number() OVER (PARTITION BY b.lapsed_at IS NULL, b.seats + b.waiting + b.offered <= $2 ORDER BY b.priority DESC, b.queued_at, b.id) AS nth,
        CASE WHEN b.priority > 0 THEN {CLAIMS} ELSE false END AS claims
    FROM bookings b JOIN memberships m ON m.id = b.membership_id
    WHERE b.instance_id = $1 AND b.waiting > 0
) q WHERE seats + waits + offers <= $2 AND nth <= $3 ORDER BY ahead
"""

# With "fill gaps" the earliest party that fits may be far back, behind many bigger ones: the first of every size are of
# interest.
WAITLIST_WITH_GAPS = WAITLIST.replace(
    "PARTITION BY b.lapsed_at IS NULL", "PARTITION BY b.waiting, b.lapsed_at IS NULL"
)

NOTIFY = insert_mixed_messages(
    "t.kind",
    "unnest($30::text[], $31::bigint[], $32::bigint[], $33::bigint[], $34::text[], $35::text[])"
    " AS t (kind, account_id, instance_id, user_id, detail, dedupe)",
    account_id="t.account_id",
    instance_id="t.instance_id",
    user_id="t.user_id",
    detail="t.detail::jsonb",
    dedupe="t.dedupe",
    due_at="$1::timestamptz",
)

WRITE = f"""
WITH booked AS (
    INSERT INTO bookings AS b (answered_at, account_id, instance_id, membership_id, answer, seats, waiting, offered,
        priority, queued_at, seated_at, offer_until, lapsed_at, replace_since, promoted_at, move_stays_at, guest_names)
    SELECT $1, t.account_id, t.instance_id, t.membership_id, t.answer, t.seats, t.waiting, t.offered, t.priority,
        t.queued_at, t.seated_at, t.offer_until, t.lapsed_at, t.replace_since, t.promoted_at, t.move_stays_at,
        string_to_array(t.guest_names, chr(10))
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::int[], $7::int[], $8::int[],
        $9::int[], $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[],
        $15::timestamptz[], $16::timestamptz[], $36::text[]) AS t (account_id, instance_id, membership_id, answer, seats,
        waiting, offered, priority, queued_at, seated_at, offer_until, lapsed_at, replace_since, promoted_at, move_stays_at,
        guest_names)
    ON CONFLICT ON CONSTRAINT bookings_instance_id_membership_id_key DO UPDATE SET
        answer = excluded.answer, seats = excluded.seats, waiting = excluded.waiting, offered = excluded.offered,
        priority = excluded.priority, queued_at = excluded.queued_at, seated_at = excluded.seated_at,
        offer_until = excluded.offer_until, lapsed_at = excluded.lapsed_at, replace_since = excluded.replace_since,
        promoted_at = excluded.promoted_at, move_stays_at = excluded.move_stays_at, answered_at = excluded.answered_at,
        guest_names = excluded.guest_names,
        checked_in_at = CASE WHEN excluded.seats > 0 THEN b.checked_in_at END,
        checked_in_by = CASE WHEN excluded.seats > 0 THEN b.checked_in_by END,
        came = CASE WHEN excluded.seats > 0 AND b.came > 0 THEN least(b.came, excluded.seats) END
), logged AS (
    INSERT INTO event_participation_log (at, account_id, instance_id, membership_id, by_user_id, via, verb,
        seats_before, seats_after, waiting_before, waiting_after, offered_before, offered_after, request_id)
    SELECT $1, t.* FROM unnest($17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[], $22::text[],
        $23::int[], $24::int[], $25::int[], $26::int[], $27::int[], $28::int[], $29::uuid[]) AS t
), told AS (
    {NOTIFY}
)
UPDATE instance_seats s SET capacity = t.capacity, over = t.over, booked = s.booked + t.booked,
    offered = s.offered + t.offered, waiting = s.waiting + t.waiting, releasing = s.releasing + t.releasing,
    queued_at = t.queued_at, freed_at = t.freed_at, called_at = t.called_at, version = s.version + 1
FROM unnest($37::bigint[], $38::int[], $39::int[], $40::int[], $41::int[], $42::int[], $43::int[],
        $44::timestamptz[], $45::timestamptz[], $46::timestamptz[])
    AS t (instance_id, capacity, over, booked, offered, waiting, releasing, queued_at, freed_at, called_at)
WHERE s.instance_id = t.instance_id
"""

InstanceRequest = tuple[int, Request]  # of which instance, and what


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


async def load(asked: Sequence[InstanceRequest], now: datetime) -> dict[int, SeatState]:
    """Open the desks that are asked: facts, counters, and the bookings of those asking. What is not there is left out."""
    found = await db.rows(
        LOAD,
        [instance_id for instance_id, _ in asked],
        [request.user_id for _, request in asked],
        [request.membership_id for _, request in asked],
        now,
    )
    desks: dict[int, SeatState] = {}
    for row in found:
        desk = desks.get(row["instance_id"])
        if desk is None:
            desk = desks[row["instance_id"]] = _state(row, now)
        if row["membership_id"] is not None:
            desk.seat_party(_party(row))
    return desks


async def load_concerned(desk: SeatState, requests: Sequence[Request]) -> None:
    """Lay on the desk whom its requests, or the clock, may concern besides those who ask: expired offers, holders who look
    for a replacement, and the queue when there is something to give."""
    facts = desk.facts
    if desk.offered:
        off = facts.state != "SCHEDULED" or desk.now >= facts.starts_at
        _add_parties(desk, await db.rows(EXPIRED, facts.instance_id, desk.now, off))
    if desk.releasing:
        _add_parties(desk, await db.rows(REPLACING, facts.instance_id))
    # Who only wants a seat meets the queue when there is one to give.
    to_give = desk.free or desk.releasing or any(p.offered for p in desk.parties.values())
    if desk.waiting and (to_give or any(request.verb in FREEING for request in requests)):
        await _load_waitlist(desk, requests)


async def _load_waitlist(desk: SeatState, requests: Sequence[Request]) -> None:
    """The heads of the queue: as many as could be seated by what is free and what those on the desk hold, or could go by
    themselves, and one more, who tells that somebody still waits. Another capacity, and the call of the last hours, may
    concern everybody."""
    concerns_all = (
        desk.capacity is None
        or desk.stage is Stage.FIRST_TAP
        or desk.releasing
        or any(r.verb in (Verb.CAPACITY, Verb.REPLACE) for r in requests)
    )
    if concerns_all:
        largest, most = UNLIMITED, UNLIMITED
    else:
        held = sum(party.seats + party.offered for party in desk.parties.values())
        largest, most = desk.capacity or 0, desk.free + held + len(requests) + 1
    sql = WAITLIST_WITH_GAPS if desk.facts.fill_gaps else WAITLIST
    _add_parties(desk, await db.rows(sql, desk.facts.instance_id, largest, most))


def _add_parties(desk: SeatState, rows: Iterable[db.Row]) -> None:
    for row in rows:
        if row["membership_id"] not in desk.parties:
            desk.seat_party(_party(row))


async def already_done(asked: Sequence[InstanceRequest]) -> frozenset[UUID]:
    """Which of these requests the log shows to be done: for after a lost connection."""
    done = await db.rows(
        "SELECT request_id FROM event_participation_log"
        " WHERE instance_id = ANY($1::bigint[]) AND request_id = ANY($2::uuid[])",
        [instance_id for instance_id, _ in asked],
        [request.id for _, request in asked],
    )
    return frozenset(row["request_id"] for row in done)


async def write(desks: Sequence[SeatState], now: datetime) -> None:
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
        [p.offered for _, p in parties],
        [p.priority for _, p in parties],
        [p.queued_at for _, p in parties],
        [p.seated_at for _, p in parties],
        [p.offer_until for _, p in parties],
        [p.lapsed_at for _, p in parties],
        [p.replace_since for _, p in parties],
        [p.promoted_at for _, p in parties],
        [p.stays_at for _, p in parties],
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
        [x.offered_before for _, x in log],
        [x.offered_after for _, x in log],
        [x.request_id for _, x in log],
        [n.kind for _, n in notices],
        [f.account_id for f, _ in notices],
        [f.instance_id for f, _ in notices],
        [n.user_id for _, n in notices],
        [_detail(n) for _, n in notices],
        [dedupe_key(n.kind, f.instance_id, n.user_id, now, i) for i, (f, n) in enumerate(notices)],
        # An array of arrays would have to be a rectangle; a name has no line break in it.
        ["\n".join(p.names) for _, p in parties],
        [d.facts.instance_id for d in desks],
        [d.capacity for d in desks],
        [d.over for d in desks],
        [d.booked - d.before[0] for d in desks],
        [d.offered - d.before[1] for d in desks],
        [d.waiting - d.before[2] for d in desks],
        [d.releasing - d.before[3] for d in desks],
        [d.queued_at for d in desks],
        [d.freed_at for d in desks],
        [d.called_at for d in desks],
    )
    for desk in desks:
        for act in desk.acts:
            await _audit(desk, act)


def _detail(notice: Notification) -> str:
    said: dict[str, object] = {"seats": notice.seats}
    if notice.until is not None:
        said["until"] = notice.until.isoformat()
    return json.dumps(said)


async def _audit(desk: SeatState, act: Request) -> None:
    detail: dict[str, object] = {
        "membership": act.membership_id,
        "guests": act.guests,
        "over": act.over,
    }
    if act.verb is Verb.CAPACITY:
        detail = {"capacity": desk.capacity}
    await record_audit(
        desk.facts.account_id, act.by, act.verb, f"instance {desk.facts.instance_id}", **detail
    )


def _state(row: db.Row, now: datetime) -> SeatState:
    return SeatState(
        facts=_facts(row),
        now=now,
        capacity=row["capacity"],
        over=row["over"],
        booked=row["booked"],
        offered=row["offered"],
        waiting=row["waiting"],
        queued_at=row["queued_at"],
        releasing=row["releasing"],
        freed_at=row["freed_at"],
        called_at=row["called_at"],
        privileged=row["privileged"],
        before=(row["booked"], row["offered"], row["waiting"], row["releasing"]),
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
        clockwork=promotion_windows_of(row),
        guests_max=row["guests_max"],
        fill_gaps=row["fill_gaps"],
        claim_until=row["claim_until"],
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
        offer_until=row["offer_until"],
        lapsed_at=row["lapsed_at"],
        replace_since=row["replace_since"],
        promoted_at=row["promoted_at"],
        asked_at=row["move_asked_at"],
        stays_at=row["move_stays_at"],
        claims=row["claims"],
        names=tuple(row["guest_names"] or ()),
    )


# --- what other slices ask of the seats, inside a transaction of theirs ---


async def open_seats(instance_ids: Sequence[int], account_id: int, capacity: int | None) -> None:
    """Give instances just made their seats rows; `capacity` None is no limit."""
    await db.execute(
        "INSERT INTO instance_seats (instance_id, account_id, capacity) SELECT unnest($1::bigint[]), $2, $3",
        instance_ids,
        account_id,
        capacity,
    )


async def bump_versions(instance_ids: Sequence[int]) -> None:
    """Make cards and screens show these instances again (`C2`)."""
    await db.execute(
        "UPDATE instance_seats SET version = version + 1 WHERE instance_id = ANY($1::bigint[])", instance_ids
    )


async def ask_booked_again(instance_id: int, at: datetime, *, spared: Sequence[int]) -> None:
    """The instance has moved: everyone who is booked is asked whether they still come (`S6`), but for the bookings
    `spared`; and the waitlist has not been notified of a free seat under the new start."""
    await db.execute("UPDATE instance_seats SET called_at = NULL WHERE instance_id = $1", instance_id)
    await db.execute(
        "UPDATE bookings SET move_asked_at = CASE WHEN id = ANY($3::bigint[]) THEN NULL ELSE $2::timestamptz END,"
        " move_stays_at = NULL WHERE instance_id = $1 AND seats > 0",
        instance_id,
        at,
        spared,
    )
