"""Whether an instance with a minimum runs: participants are warned, and then it is decided (`S7`)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.each import do_each
from backend.events.cancel import cancel_locked
from backend.events.locking import load_instance, require_scheduled
from backend.events.notifications import notify_participants, organisers, participants
from backend.events.queries import find_instance
from backend.i18n import N_, Voice, Words
from backend.outbox.enqueue import Recipient, enqueue
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats import store
from backend.seats.rows import bump_versions
from backend.seats.state import InstanceState


class DecisionKind(StrEnum):
    """What an organiser's decision did."""

    DONE = "done"
    ALREADY = "already"  # it had been decided so before


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The answer to the organiser who decided. The command line prints it as JSON: these names stay."""

    kind: DecisionKind
    words: Words


# Instances whose minimum is to be decided at a moment that the query's end compares, soonest first. $1 is the
# present.
UNDECIDED = """
SELECT i.id FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN LATERAL (SELECT booked FROM instance_seats WHERE instance_id = i.id OFFSET 0) s ON true
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND i.decided_at IS NULL AND r.min_to_run IS NOT NULL
    AND i.starts_at - make_interval(mins => r.decide_before_minutes)
"""
TO_WARN = f"""
{UNDECIDED} BETWEEN $1::timestamptz + interval '1 microsecond'
    AND $1::timestamptz + make_interval(mins => r.warn_before_minutes)
    AND i.warned_at IS NULL AND s.booked < r.min_to_run ORDER BY i.starts_at, i.id
"""
TO_DECIDE = f"""
{UNDECIDED} <= $1 AND (s.booked >= r.min_to_run OR i.decision_asked_at IS NULL)
ORDER BY i.starts_at, i.id
"""


async def warn_of_minimum() -> int:
    """Warn the participants of instances that lack people, once for each instance and start.

    The job of every minute, before the decision (`S7`). Returns how many instances they were warned of.
    """
    now = clock.now()
    due = [row["id"] for row in await db.rows(TO_WARN, now)]
    return await do_each(
        "warning of a minimum", due, lambda instance_id: _warn_participants(instance_id, now)
    )


async def _warn_participants(instance_id: int, now: datetime) -> bool:
    async with db.transaction(store.lock(instance_id)):
        row = await _load_undecided(instance_id, now)
        if row is None or row["warned_at"] is not None or row["missing"] <= 0:
            return False
        await db.execute("UPDATE event_instances SET warned_at = $2 WHERE id = $1", instance_id, now)
        recipients: list[Recipient] = [
            (participant["user_id"], {}) for participant in await participants(instance_id)
        ]
        await enqueue(
            Kind.MINIMUM,
            recipients,
            account_id=row["account_id"],
            instance_id=instance_id,
            at=now,
            once_per=row["starts_at"],
        )
    return True


async def decide_minimum() -> int:
    """Decide on the instances whose decision is due. The job of every minute (`S7`).

    An instance with enough people is confirmed. Otherwise it is cancelled or its organisers are asked, as the
    series is set. Each instance is decided by itself, with its seats row locked before anybody is counted: a
    booking at the same moment is counted, or finds the instance cancelled. When an instance was made, moved
    or given its minimum too late for the participants to expect a decision, its organisers are asked in any
    case.

    Returns how many instances were decided or asked about.
    """
    now = clock.now()
    due = [row["id"] for row in await db.rows(TO_DECIDE, now)]
    return await do_each("decision on a minimum", due, lambda instance_id: _decide_due(instance_id, now))


async def _decide_due(instance_id: int, now: datetime) -> bool:
    async with db.transaction(store.lock(instance_id)):
        row = await _load_undecided(instance_id, now)
        if row is None or row["decides_at"] > now:
            return False
        if row["missing"] <= 0:
            await _confirm(row, None, now)
        elif row["decide_by_itself"] and row["is_foreseeable"]:
            await _cancel(row, None, now)
            await _notify_organisers(Kind.CALLED_OFF, row, now, reason=_cancel_reason(row))
        elif row["decision_asked_at"] is None:
            await _ask_organisers(row, now)
        else:
            return False
    return True


async def decide_instance(code: str, person: Person, *, run: bool) -> DecisionResult:
    """An organiser decides, whatever the number of people is: it runs, or it is cancelled (`S7`).

    That it runs is decided once; it can still be cancelled afterwards. Raises `Cancelled`, `Ended`,
    `Forbidden`, `NotFound`, `Busy`.
    """
    address = await find_instance(code)
    account = await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction(store.lock(address.id)):
        instance = await load_instance(address.id, now)
        if instance["state"] == InstanceState.CANCELLED and not run:
            return DecisionResult(DecisionKind.ALREADY, Words(N_("It is already called off.")))
        require_scheduled(instance)
        if run and instance["decided_at"] is not None:
            return DecisionResult(DecisionKind.ALREADY, Words(N_("It is already decided: it goes ahead.")))
        row = await _load_with_count(address.id)
        assert row is not None
        if run:
            await _confirm(row, person.id, now)
            await record_audit(account.id, person.id, "run", f"instance {address.id}")
            return DecisionResult(
                DecisionKind.DONE, Words(N_("It goes ahead. Everyone who signed up can count on it."))
            )
        await _cancel(row, person.id, now)
    return DecisionResult(DecisionKind.DONE, Words(N_("Called off. Everyone concerned will be told.")))


async def _load_with_count(instance_id: int) -> db.Row | None:
    """An instance with its count of people and the moment `decides_at`.

    The decision `is_foreseeable` when the instance was made, moved and given its minimum before `decides_at`.
    """
    return await db.row(
        "SELECT d.*, d.decides_at > greatest(d.created_at, d.moved_at, d.series_updated_at) AS is_foreseeable"
        " FROM (SELECT i.*, r.min_to_run, r.decide_by_itself, r.updated_at AS series_updated_at, s.booked,"
        " r.min_to_run - s.booked AS missing, a.language,"
        " i.starts_at - make_interval(mins => r.decide_before_minutes) AS decides_at"
        " FROM event_instances i JOIN event_series r ON r.id = i.series_id"
        " JOIN instance_seats s ON s.instance_id = i.id JOIN accounts a ON a.id = i.account_id"
        " WHERE i.id = $1) d",
        instance_id,
    )


async def _load_undecided(instance_id: int, now: datetime) -> db.Row | None:
    """The instance, counted while its seats row is locked; None when there is nothing left to decide."""
    row = await _load_with_count(instance_id)
    if row is None or row["state"] != InstanceState.SCHEDULED or row["starts_at"] <= now:
        return None
    return row if row["decided_at"] is None and row["min_to_run"] is not None else None


async def _confirm(row: db.Row, user_id: int | None, now: datetime) -> None:
    await _record_decision(row["id"], user_id, now)
    # Participants who were never warned need not hear that it runs.
    if row["warned_at"] is not None:
        await notify_participants(row["account_id"], row["id"], Kind.CONFIRMED, now)
    await bump_versions([row["id"]])


async def _cancel(row: db.Row, user_id: int | None, now: datetime) -> None:
    await _record_decision(row["id"], user_id, now)
    await cancel_locked(row["account_id"], row["id"], user_id, _cancel_reason(row), now)


async def _record_decision(instance_id: int, user_id: int | None, now: datetime) -> None:
    await db.execute(
        "UPDATE event_instances SET decided_at = $2, decided_by = $3 WHERE id = $1", instance_id, now, user_id
    )


async def _ask_organisers(row: db.Row, now: datetime) -> None:
    await db.execute("UPDATE event_instances SET decision_asked_at = $2 WHERE id = $1", row["id"], now)
    await _notify_organisers(Kind.DECIDE, row, now)


async def _notify_organisers(kind: Kind, row: db.Row, now: datetime, **detail: object) -> None:
    recipients: list[Recipient] = [(user_id, detail) for user_id in await organisers(row["account_id"])]
    await enqueue(
        kind,
        recipients,
        account_id=row["account_id"],
        instance_id=row["id"],
        at=now,
        once_per=row["starts_at"],
    )


def _cancel_reason(row: db.Row) -> str:
    """Why it is cancelled, in the account's language: cards show it like a reason an organiser wrote."""
    voice = Voice(row["language"])
    if row["min_to_run"] is None or row["missing"] <= 0:
        return voice.gettext(N_("It was decided not to hold this event."))
    return voice.ngettext(
        N_("Too few people: %(n)s signed up, and at least %(least)s are needed."),
        N_("Too few people: %(n)s signed up, and at least %(least)s are needed."),
        row["booked"],
        least=row["min_to_run"],
    )
