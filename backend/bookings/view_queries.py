"""Reading instances as their readers see them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.rules import Role
from backend.archive import of_archive
from backend.bookings.views import InstanceView, OwnBooking
from backend.events.drafts import Visibility
from backend.groups.sql import SEES_SERIES
from backend.known_zones import first_known
from backend.seats.availability import Availability
from backend.seats.preview import preview
from backend.seats.requests import Answer
from backend.seats.state import InstanceState, SeatState
from backend.seats.store import AHEAD, HOLDING, party_of, state_of

# Whether a member `m` is one of an instance `i` of a series `r`. A visitor is one only of what they take part in (A10), and so is
# a member who is not in the series' group (A5).
SEES_INSTANCE = f"""(m.visitor_since IS NULL AND {SEES_SERIES}
        OR EXISTS (SELECT 1 FROM bookings own WHERE own.instance_id = i.id AND own.membership_id = m.id)
        OR EXISTS (SELECT 1 FROM seat_claims own WHERE own.instance_id = i.id AND own.membership_id = m.id))"""
READER = f"memberships m ON m.account_id = i.account_id AND m.user_id = $1 AND m.left_at IS NULL AND {SEES_INSTANCE}"


# Whoever has the link of a series `r` that is open to them, unless an organiser removed them (A5, A9).
OPEN_BY_LINK = """(r.visibility = 'link' AND r.archived_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM memberships gone
    WHERE gone.account_id = i.account_id AND gone.user_id = $1 AND gone.removed_at IS NOT NULL))"""


VIEW = f"""
SELECT i.id, i.id AS instance_id, i.code, i.account_id, i.series_id, i.original_start, i.starts_at,
    i.ends_at, i.state, i.cancel_reason, i.sequence, i.edited_at, i.moved_from, i.drifted_at, i.decided_at,
    i.claim_until, i.list_closed_at,
    CASE WHEN i.list_closed_at IS NULL THEN s.booked ELSE (
        SELECT coalesce(sum(here.came), 0) FROM bookings here
        WHERE here.instance_id = i.id) END AS instance_came,
    a.name AS account_name, a.language AS account_language, a.zone AS account_zone,
    coalesce(i.title, r.title) AS title, coalesce(i.emoji, r.emoji) AS emoji,
    coalesce(i.description, r.description) AS description, coalesce(i.place, r.place) AS place,
    coalesce(i.map_url, r.map_url) AS map_url, coalesce(i.guests_max, r.guests_max) AS guests_max,
    r.zone, r.rule, r.starts_local, r.opens_before_minutes, r.closes_before_minutes, r.cancel_before_minutes,
    r.fill_gaps, r.visibility, r.group_id, r.topic_id, r.min_to_run, r.decide_before_minutes,
    r.decide_by_itself,
    r.offers_before_minutes, r.offer_minutes, r.first_tap_before_minutes,
    coalesce(c.first_name, '') AS canceller,
    s.capacity, s.over, s.booked, s.offered, s.waiting, s.releasing, s.called_at, s.queued_at, s.freed_at,
    s.part_notified_to, s.part_seats, s.version,
    {HOLDING} AS holding, 0 AS prioritized, m.role,
    m.id AS membership_id, m.user_id, true AS is_member, b.id AS booking_id, b.answer, b.seats,
        b.waiting AS waits,
    b.offered AS offers, b.priority, b.queued_at AS party_queued_at, b.seated_at, b.offer_until, b.lapsed_at,
    b.replace_since, b.promoted_at, b.move_asked_at, b.move_stays_at, b.guest_names,
    b.checked_in_at, b.came, x.kind AS absence, r.place AS usual_place,
    EXISTS (SELECT 1 FROM seat_claims k WHERE k.instance_id = i.id AND k.membership_id = m.id) AS has_claim,
    EXISTS (SELECT 1 FROM regulars g WHERE g.series_id = i.series_id AND g.membership_id = m.id) AS regular,
    CASE WHEN b.waiting + b.offered > 0 THEN {AHEAD} END AS ahead
FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN accounts a ON a.id = i.account_id
JOIN instance_seats s ON s.instance_id = i.id
LEFT JOIN telegram_users c ON c.id = i.cancelled_by
LEFT JOIN {READER}
LEFT JOIN bookings b ON b.instance_id = i.id AND b.membership_id = m.id
LEFT JOIN absences x ON x.instance_id = i.id AND x.membership_id = m.id AND x.pardoned_at IS NULL
"""


async def load_views(where: str, *parameters: object, now: datetime | None = None) -> list[InstanceView]:
    """The views of the rows of `VIEW` that this condition finds, with what their reader ($1) can have of
    each."""
    now = now or clock.now()
    return await views_of(await db.rows(f"{VIEW} WHERE {where}", *parameters), now)


async def views_of(rows: Sequence[db.Row], now: datetime) -> list[InstanceView]:
    """The views of these rows, in their order."""
    readers = [(state_of(row, now), party_of(row) if row["membership_id"] else None) for row in rows]
    found = await preview(readers)
    return [_view(row, state, one) for row, (state, _), one in zip(rows, readers, found, strict=True)]


async def load_archived_views(where: str, *parameters: object) -> list[InstanceView]:
    """As `load_views`, of what has moved into the archive."""
    now = clock.now()
    rows = await db.rows(of_archive(f"{VIEW} WHERE {where}"), *parameters)
    found = await preview([(state_of(row, now), None) for row in rows])
    views = [_view(row, state_of(row, now), one) for row, one in zip(rows, found, strict=True)]
    return [replace(view, is_archived=True) for view in views]


async def load_view(where: str, *parameters: object, now: datetime | None = None) -> InstanceView | None:
    """The first of them, or None."""
    return next(iter(await load_views(f"{where} LIMIT 1", *parameters, now=now)), None)


def _own_booking(row: db.Row, now: datetime) -> OwnBooking | None:
    if row["answer"] is None:
        return None
    until = row["offer_until"]
    return OwnBooking(
        answer=Answer(row["answer"]),
        seats=row["seats"],
        waiting=row["waits"],
        offered=row["offers"],
        held=row["offers"] if until and now < until else 0,
        place=row["ahead"] + 1 if row["waits"] else None,
        offer_until=until,
        is_releasing=row["replace_since"] is not None,
        needs_move_answer=row["move_asked_at"] is not None
        and row["move_stays_at"] is None
        and row["answer"] == Answer.IN,
        checked_in=row["checked_in_at"] is not None,
        was_skipped=row["lapsed_at"] is not None,
        promoted_at=row["promoted_at"],
        came=row["came"],
        absence=row["absence"] or "",
        queued_at=row["party_queued_at"],
        seated_at=row["seated_at"],
        guest_names=tuple(row["guest_names"]),
    )


def _view(row: db.Row, state: SeatState, found: Availability) -> InstanceView:
    return InstanceView(
        now=state.now,
        id=row["id"],
        code=row["code"],
        account_id=row["account_id"],
        series_id=row["series_id"],
        account_name=row["account_name"],
        account_language=row["account_language"],
        account_zone=first_known(row["account_zone"]),
        title=row["title"],
        emoji=row["emoji"],
        description=row["description"],
        place=row["place"],
        map_url=row["map_url"],
        zone=state.instance.zone,
        rule=row["rule"],
        starts_local=row["starts_local"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        original_start=row["original_start"],
        state=InstanceState(row["state"]),
        cancel_reason=row["cancel_reason"],
        cancelled_by=row["canceller"],
        windows=state.instance.windows,
        promotion=state.instance.promotion,
        guests_max=row["guests_max"],
        fill_gaps=row["fill_gaps"],
        visibility=Visibility(row["visibility"]),
        group_id=row["group_id"],
        topic_id=row["topic_id"],
        capacity=row["capacity"],
        over=row["over"],
        booked=state.booked,
        offered=state.offered,
        waiting=state.waiting,
        releasing=state.releasing,
        notified_at=row["called_at"],
        availability=found,
        version=row["version"],
        role=Role(row["role"]) if row["role"] else None,
        mine=_own_booking(row, state.now),
        claim_until=row["claim_until"],
        sequence=row["sequence"],
        is_edited=row["edited_at"] is not None,
        moved_from=row["moved_from"],
        is_drifted=row["drifted_at"] is not None,
        min_to_run=row["min_to_run"],
        decides_at=row["starts_at"] - timedelta(minutes=row["decide_before_minutes"]),
        decide_by_itself=row["decide_by_itself"],
        decided_at=row["decided_at"],
        list_closed_at=row["list_closed_at"],
        came=row["instance_came"],
        has_claim=row["has_claim"],
        is_regular=row["regular"],
        usual_place=row["usual_place"],
    )
