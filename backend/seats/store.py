"""What the allocator locks and loads, each in one statement; `writing` has what it writes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from backend import db
from backend.groups.sql import SEES_SERIES
from backend.known_zones import first_known
from backend.seats.promotion import Stage, promotion_windows_of
from backend.seats.requests import FREEING, Request, Verb
from backend.seats.state import Counters, InstanceFacts, InstanceState, Party, SeatState
from backend.seats.windows import Windows

EVERYBODY = 2**31 - 1

# Parties in line before the party `b`, waiting or with an offer: by priority, then the moment of joining, then id (`W1`).
# There is an index for either kind.
_BEFORE = "(q.priority > b.priority OR q.priority = b.priority AND (q.queued_at, q.id) < (b.queued_at, b.id))"
AHEAD = f"""((
    SELECT count(*) FROM bookings q WHERE q.instance_id = b.instance_id AND q.waiting > 0 AND {_BEFORE}
) + (
    SELECT count(*) FROM bookings q
    WHERE q.instance_id = b.instance_id AND q.offered > 0 AND q.waiting = 0 AND {_BEFORE}
))"""
PLACE_IN_LINE = f"CASE WHEN b.waiting + b.offered > 0 THEN 1 + {AHEAD} END"
# Parties that have an offer on the instance of the seats row `s`, and wait for nothing more.
HOLDING = """CASE WHEN s.offered > 0 THEN (
    SELECT count(*) FROM bookings q WHERE q.instance_id = s.instance_id AND q.offered > 0 AND q.waiting = 0
) ELSE 0 END"""

# A visitor is a member of what is open by its link and of what they take part in (A10), and so is a member who is not in the
# series' group (A5); an organiser may seat them anywhere.
IS_MEMBER_OF_INSTANCE = f"""(m.left_at IS NULL AND (m.visitor_since IS NULL AND {SEES_SERIES} OR r.visibility = 'link'
    OR b.id IS NOT NULL OR requests.membership_id IS NOT NULL OR EXISTS (
        SELECT 1 FROM seat_claims own WHERE own.instance_id = i.id AND own.membership_id = m.id)))"""
PARTY = (
    "m.id AS membership_id, m.user_id, m.left_at IS NULL AS is_member, b.id AS booking_id, b.answer, b.seats,"
    " b.waiting AS waits, b.offered AS offers, b.priority, b.queued_at AS party_queued_at, b.seated_at, b.offer_until,"
    " b.lapsed_at, b.replace_since, b.promoted_at, b.move_asked_at, b.move_stays_at, b.guest_names"
)

HAS_CLAIM = "EXISTS (SELECT 1 FROM seat_claims c WHERE c.instance_id = b.instance_id AND c.membership_id = b.membership_id)"

# One row for each request. The facts are repeated on every row: it is one round trip, and most requests are for
# different instances.
LOAD = f"""
SELECT s.instance_id, s.account_id, s.capacity, s.over, s.booked, s.offered, s.waiting, s.releasing, s.queued_at, s.freed_at,
    s.called_at, s.part_notified_to, s.part_seats, i.state, i.cancel_reason, i.starts_at, i.ends_at, i.claim_until,
    coalesce(i.title, r.title) AS title, coalesce(i.guests_max, r.guests_max) AS guests_max, r.zone, r.fill_gaps,
    r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes,
    r.offers_before_minutes, r.offer_minutes, r.first_tap_before_minutes,
    {PARTY.replace("m.left_at IS NULL", IS_MEMBER_OF_INSTANCE)},
    CASE WHEN b.waiting + b.offered > 0 THEN {AHEAD} END AS ahead,
    {HOLDING} AS holding,
    CASE WHEN s.waiting > 0 THEN (
        SELECT count(*) FROM bookings q WHERE q.instance_id = s.instance_id AND q.waiting > 0 AND q.priority > 0
    ) ELSE 0 END + CASE WHEN s.offered > 0 THEN (
        SELECT count(*) FROM bookings q
        WHERE q.instance_id = s.instance_id AND q.offered > 0 AND q.waiting = 0 AND q.priority > 0
    ) ELSE 0 END AS prioritized,
    CASE WHEN i.claim_until > $4 THEN EXISTS (
        SELECT 1 FROM seat_claims c WHERE c.instance_id = s.instance_id AND c.membership_id = m.id
    ) ELSE false END AS has_claim
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS requests (instance_id, user_id, membership_id)
JOIN instance_seats s ON s.instance_id = requests.instance_id
JOIN event_instances i ON i.id = s.instance_id
JOIN event_series r ON r.id = i.series_id
LEFT JOIN memberships m ON m.account_id = s.account_id AND m.id = coalesce(requests.membership_id, (
    SELECT own.id FROM memberships own WHERE own.account_id = s.account_id AND own.user_id = requests.user_id))
LEFT JOIN bookings b ON b.instance_id = s.instance_id AND b.membership_id = m.id
"""

# Parties whose offer has expired, or ends because the instance is off; and those that look for a replacement.
EXPIRED = f"""
SELECT {PARTY}, {AHEAD} AS ahead, CASE WHEN b.priority > 0 THEN {HAS_CLAIM} ELSE false END AS has_claim
FROM bookings b JOIN memberships m ON m.id = b.membership_id
WHERE b.instance_id = $1 AND b.offered > 0 AND (b.offer_until <= $2 OR $3)
"""
RELEASING = f"""
SELECT {PARTY}, 0 AS ahead, false AS has_claim FROM bookings b JOIN memberships m ON m.id = b.membership_id
WHERE b.instance_id = $1 AND b.replace_since IS NOT NULL ORDER BY b.replace_since, b.id
"""

# The heads of the waitlist, and the heads of those that were not skipped. A party that could not even fit into the empty
# room is left out: it holds nobody back.
WAITLIST = f"""
SELECT w.*, w.waiting_ahead + (
    SELECT count(*) FROM bookings q WHERE q.instance_id = $1 AND q.offered > 0 AND q.waiting = 0 AND (q.priority > w.priority
        OR q.priority = w.priority AND (q.queued_at, q.id) < (w.party_queued_at, w.booking_id))
) AS ahead FROM (
    SELECT {PARTY}, row_number() OVER (ORDER BY b.priority DESC, b.queued_at, b.id) - 1 AS waiting_ahead,
        row_number() OVER (PARTITION BY b.lapsed_at IS NULL, b.seats + b.waiting + b.offered <= $2
            ORDER BY b.priority DESC, b.queued_at, b.id) AS nth,
        CASE WHEN b.priority > 0 THEN {HAS_CLAIM} ELSE false END AS has_claim
    FROM bookings b JOIN memberships m ON m.id = b.membership_id
    WHERE b.instance_id = $1 AND b.waiting > 0
) w WHERE seats + waits + offers <= $2 AND nth <= $3 ORDER BY waiting_ahead
"""

# With "fill gaps" the earliest party that fits may be far back, behind many bigger ones: the first of every size are of
# interest.
WAITLIST_WITH_GAPS = WAITLIST.replace(
    "PARTITION BY b.lapsed_at IS NULL", "PARTITION BY b.waiting, b.lapsed_at IS NULL"
)

InstanceRequest = tuple[int, Request]  # for which instance, and what


def lock(*instance_ids: int) -> str:
    """Lock these seats rows, sent together with BEGIN. A seats row is the queue for its seats: whoever holds it may count.

    Several are locked in the order of their ids, so that nobody waits in a circle; and not waited for long, since the ones
    that are held already keep others waiting.
    """
    impatience = "SET LOCAL lock_timeout = '250ms';" if len(set(instance_ids)) > 1 else ""
    return impatience + lock_rows(instance_ids)


def lock_rows(instance_ids: Iterable[int]) -> str:
    """The same lock inside a transaction that has begun, for as long as it takes."""
    ids = ",".join(str(int(i)) for i in sorted(set(instance_ids)))
    return f"SELECT 1 FROM instance_seats WHERE instance_id IN ({ids}) ORDER BY instance_id FOR NO KEY UPDATE"


async def load(requests: Sequence[InstanceRequest], now: datetime) -> dict[int, SeatState]:
    """The states of the requests' instances: facts, counters, and the bookings of the parties that ask. An instance that
    does not exist is left out."""
    rows = await db.rows(
        LOAD,
        [instance_id for instance_id, _ in requests],
        [request.user_id for _, request in requests],
        [request.membership_id for _, request in requests],
        now,
    )
    states: dict[int, SeatState] = {}
    for row in rows:
        state = states.get(row["instance_id"])
        if state is None:
            state = states[row["instance_id"]] = state_of(row, now)
        if row["membership_id"] is not None:
            state.add_party(party_of(row))
    return states


async def load_concerned(state: SeatState, requests: Sequence[Request], *, heads_only: bool = False) -> None:
    """Load the parties that the requests, or the clock, may concern besides those that ask: expired offers, parties that
    look for a replacement, and the waitlist when there is something to give. With `heads_only` as much of the waitlist as
    tells what there is for whom, though not whom to notify."""
    instance = state.instance
    if state.offered:
        off = instance.is_off(state.now)
        _add_parties(state, await db.rows(EXPIRED, instance.instance_id, state.now, off))
    if state.releasing:
        _add_parties(state, await db.rows(RELEASING, instance.instance_id))
    # A request that only wants a seat meets the waitlist when there is a seat to give.
    to_give = state.free or state.releasing or any(p.offered for p in state.parties.values())
    if state.waiting and (to_give or any(request.verb in FREEING for request in requests)):
        await _load_waitlist(state, requests, heads_only=heads_only)


async def _load_waitlist(state: SeatState, requests: Sequence[Request], *, heads_only: bool) -> None:
    """The heads of the waitlist: as many as could be seated by what is free and what the loaded parties hold, or could leave
    it, and one more, which shows that somebody still waits. Another capacity, and the notification of the last hours, may
    concern everybody."""
    concerns_all = (
        state.capacity is None
        or state.stage is Stage.FIRST_TAP
        or state.releasing
        or any(r.verb in (Verb.CAPACITY, Verb.REPLACE) for r in requests)
    )
    largest = EVERYBODY if state.capacity is None else state.capacity
    if concerns_all and not heads_only:
        largest, most = EVERYBODY, EVERYBODY
    else:
        held = sum(party.seats + party.offered for party in state.parties.values())
        most = state.free + state.releasing + held + len(requests) + 1
    sql = WAITLIST_WITH_GAPS if state.instance.fill_gaps else WAITLIST
    _add_parties(state, await db.rows(sql, state.instance.instance_id, largest, most))


def _add_parties(state: SeatState, rows: Iterable[db.Row]) -> None:
    for row in rows:
        if row["membership_id"] not in state.parties:
            state.add_party(party_of(row))


async def already_done(requests: Sequence[InstanceRequest]) -> frozenset[UUID]:
    """Which of these requests the log shows to be done: for after a lost connection."""
    done = await db.rows(
        "SELECT request_id FROM event_participation_log"
        " WHERE instance_id = ANY($1::bigint[]) AND request_id = ANY($2::uuid[])",
        [instance_id for instance_id, _ in requests],
        [request.id for _, request in requests],
    )
    return frozenset(row["request_id"] for row in done)


def state_of(row: db.Row, now: datetime) -> SeatState:
    """The state in a row that has the columns of `LOAD`, still without parties."""
    return SeatState(
        instance=_facts(row),
        now=now,
        capacity=row["capacity"],
        over=row["over"],
        booked=row["booked"],
        offered=row["offered"],
        waiting=row["waiting"],
        last_moment=row["queued_at"],
        releasing=row["releasing"],
        holding=row["holding"],
        freed_at=row["freed_at"],
        notified_at=row["called_at"],
        part_notified_to=row["part_notified_to"],
        part_seats=row["part_seats"],
        prioritized=row["prioritized"],
        before=Counters(row["booked"], row["offered"], row["waiting"], row["releasing"]),
    )


def _facts(row: db.Row) -> InstanceFacts:
    zone = first_known(row["zone"])
    windows = Windows.around(
        row["starts_at"],
        row["opens_before_minutes"],
        row["closes_before_minutes"],
        row["cancel_before_minutes"],
    )
    return InstanceFacts(
        instance_id=row["instance_id"],
        account_id=row["account_id"],
        title=row["title"],
        zone=zone,
        state=InstanceState(row["state"]),
        cancel_reason=row["cancel_reason"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        windows=windows,
        promotion=promotion_windows_of(row, zone),
        guests_max=row["guests_max"],
        fill_gaps=row["fill_gaps"],
        claim_until=row["claim_until"],
    )


def party_of(row: db.Row) -> Party:
    """The party in a row that has the columns `PARTY`, `ahead` and `has_claim`."""
    return Party(
        membership_id=row["membership_id"],
        user_id=row["user_id"],
        is_member=row["is_member"],
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
        skipped_at=row["lapsed_at"],
        releasing_since=row["replace_since"],
        promoted_at=row["promoted_at"],
        move_asked_at=row["move_asked_at"],
        move_confirmed_at=row["move_stays_at"],
        has_claim=row["has_claim"],
        names=tuple(row["guest_names"] or ()),
    )
