"""The allocator's writes: bookings, log, messages and the seats rows in one statement (`B8`, `M1`)."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from backend.audit.actions import record_audit
from backend.outbox.enqueue import dedupe_key, insert_mixed_messages
from backend.recordsets import Recordset, Statement
from backend.seats.requests import Request, Verb
from backend.seats.state import InstanceFacts, LogEntry, Notification, Party, SeatState

NOTIFY = insert_mixed_messages(
    "kind",
    "{notifications}",
    account_id="account_id",
    instance_id="instance_id",
    user_id="user_id",
    detail="detail::jsonb",
    dedupe="dedupe",
    due_at="{now}",
)

WRITE = Statement(
    """
WITH booked AS (
    INSERT INTO bookings AS b (answered_at, account_id, instance_id, membership_id, answer, seats, waiting, offered,
        priority, queued_at, seated_at, offer_until, lapsed_at, replace_since, promoted_at, move_stays_at, guest_names)
    SELECT {now}, account_id, instance_id, membership_id, answer, seats, waiting, offered,
        priority, queued_at, seated_at, offer_until, lapsed_at, replace_since, promoted_at, move_stays_at,
        string_to_array(guest_names, chr(10))
    FROM {parties}
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
    SELECT {now}, account_id, instance_id, membership_id, by_user_id, via, verb,
        seats_before, seats_after, waiting_before, waiting_after, offered_before, offered_after, request_id
    FROM {log}
), notified AS (
    {notify}
)
UPDATE instance_seats s SET capacity = seats.capacity, over = seats.over, booked = s.booked + seats.booked,
    offered = s.offered + seats.offered, waiting = s.waiting + seats.waiting, releasing = s.releasing + seats.releasing,
    queued_at = seats.queued_at, freed_at = seats.freed_at, called_at = seats.called_at,
    part_notified_to = seats.part_notified_to, part_seats = seats.part_seats, version = s.version + 1
FROM {seats} WHERE s.instance_id = seats.instance_id
""".replace("{notify}", NOTIFY),
    values={"now": "timestamptz"},
    parties=Recordset(
        account_id="bigint",
        instance_id="bigint",
        membership_id="bigint",
        answer="text",
        seats="int",
        waiting="int",
        offered="int",
        priority="int",
        queued_at="timestamptz",
        seated_at="timestamptz",
        offer_until="timestamptz",
        lapsed_at="timestamptz",
        replace_since="timestamptz",
        promoted_at="timestamptz",
        move_stays_at="timestamptz",
        guest_names="text",
    ),
    log=Recordset(
        account_id="bigint",
        instance_id="bigint",
        membership_id="bigint",
        by_user_id="bigint",
        via="text",
        verb="text",
        seats_before="int",
        seats_after="int",
        waiting_before="int",
        waiting_after="int",
        offered_before="int",
        offered_after="int",
        request_id="uuid",
    ),
    notifications=Recordset(
        account_id="bigint",
        instance_id="bigint",
        user_id="bigint",
        kind="text",
        detail="text",
        dedupe="text",
    ),
    # The counters are changes, not values.
    seats=Recordset(
        instance_id="bigint",
        capacity="int",
        over="int",
        booked="int",
        offered="int",
        waiting="int",
        releasing="int",
        queued_at="timestamptz",
        freed_at="timestamptz",
        called_at="timestamptz",
        part_notified_to="bigint",
        part_seats="int",
    ),
)


async def write(states: Sequence[SeatState], now: datetime) -> None:
    """Write bookings, log, messages and the seats rows in one statement; and to the audit log what organisers did."""
    notifications = [(state.instance, n) for state in states for n in state.notifications]
    await WRITE.execute(
        now=now,
        parties=[_booking(state.instance, party) for state in states for party in state.changed.values()],
        log=[_log_row(state.instance, entry) for state in states for entry in state.log],
        notifications=[
            _message(instance, one, now, nth) for nth, (instance, one) in enumerate(notifications)
        ],
        seats=[_counters(state) for state in states],
    )
    for state in states:
        for request in state.audited:
            await _audit(state, request)


def _booking(instance: InstanceFacts, party: Party) -> dict[str, Any]:
    return {
        "account_id": instance.account_id,
        "instance_id": instance.instance_id,
        "membership_id": party.membership_id,
        "answer": party.answer,
        "seats": party.seats,
        "waiting": party.waiting,
        "offered": party.offered,
        "priority": party.priority,
        "queued_at": party.queued_at,
        "seated_at": party.seated_at,
        "offer_until": party.offer_until,
        "lapsed_at": party.skipped_at,
        "replace_since": party.releasing_since,
        "promoted_at": party.promoted_at,
        "move_stays_at": party.move_confirmed_at,
        # An array of arrays would have to be a rectangle; a name has no line break in it.
        "guest_names": "\n".join(party.names),
    }


def _log_row(instance: InstanceFacts, entry: LogEntry) -> dict[str, Any]:
    return {
        "account_id": instance.account_id,
        "instance_id": instance.instance_id,
        "membership_id": entry.membership_id,
        "by_user_id": entry.by,
        "via": entry.via,
        "verb": entry.change,
        "seats_before": entry.seats_before,
        "seats_after": entry.seats_after,
        "waiting_before": entry.waiting_before,
        "waiting_after": entry.waiting_after,
        "offered_before": entry.offered_before,
        "offered_after": entry.offered_after,
        "request_id": entry.request_id,
    }


def _message(instance: InstanceFacts, notification: Notification, now: datetime, nth: int) -> dict[str, Any]:
    detail: dict[str, object] = {"seats": notification.seats}
    if notification.until is not None:
        detail["until"] = notification.until.isoformat()
    return {
        "account_id": instance.account_id,
        "instance_id": instance.instance_id,
        "user_id": notification.user_id,
        "kind": notification.kind,
        "detail": json.dumps(detail),
        "dedupe": dedupe_key(notification.kind, instance.instance_id, notification.user_id, now, nth),
    }


def _counters(state: SeatState) -> dict[str, Any]:
    return {
        "instance_id": state.instance.instance_id,
        "capacity": state.capacity,
        "over": state.over,
        "booked": state.booked - state.before.booked,
        "offered": state.offered - state.before.offered,
        "waiting": state.waiting - state.before.waiting,
        "releasing": state.releasing - state.before.releasing,
        "queued_at": state.last_moment,
        "freed_at": state.freed_at,
        "called_at": state.notified_at,
        "part_notified_to": state.part_notified_to,
        "part_seats": state.part_seats,
    }


async def _audit(state: SeatState, request: Request) -> None:
    detail: dict[str, object] = {
        "membership": request.membership_id,
        "guests": request.guests,
        "over": request.over,
    }
    if request.verb is Verb.CAPACITY:
        detail = {"capacity": state.capacity}
    instance = state.instance
    await record_audit(
        instance.account_id, request.by, request.verb, f"instance {instance.instance_id}", **detail
    )
