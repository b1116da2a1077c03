"""Whether a date with a minimum runs: people are warned, and then it is decided (`S7`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
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


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What was decided, as the answer to who decided it. `kind`: done, already."""

    kind: str
    words: Words


# Dates whose settling is ahead, soonest first. $1 is the present moment.
UNDECIDED = """
SELECT i.id FROM event_instances i
JOIN event_series r ON r.id = i.series_id
JOIN instance_seats s ON s.instance_id = i.id
WHERE i.state = 'SCHEDULED' AND i.starts_at > $1 AND i.decided_at IS NULL AND r.min_to_run IS NOT NULL
    AND i.starts_at - make_interval(mins => r.decide_before_minutes)
"""
TO_WARN = f"""
{UNDECIDED} BETWEEN $1::timestamptz + interval '1 microsecond' AND $1::timestamptz + make_interval(mins => r.warn_before_minutes)
    AND i.warned_at IS NULL AND s.booked < r.min_to_run ORDER BY i.starts_at, i.id
"""
TO_DECIDE = f"""
{UNDECIDED} <= $1 AND (s.booked >= r.min_to_run OR i.decision_asked_at IS NULL)
ORDER BY i.starts_at, i.id
"""


async def warn_of_minimum() -> int:
    """The minute's job before the decision: who is booked, waits or said maybe is told how many are missing, once for
    each date and start; how many dates that was (`S7`)."""
    at = clock.now()
    return sum([await _warn(row["id"], at) for row in await db.rows(TO_WARN, at)])


async def _warn(instance_id: int, at: datetime) -> bool:
    async with db.transaction(store.lock(instance_id)):
        row = await _undecided(instance_id, at)
        if row is None or row["warned_at"] is not None or row["missing"] <= 0:
            return False
        await db.execute("UPDATE event_instances SET warned_at = $2 WHERE id = $1", instance_id, at)
        whom: list[Recipient] = [(one["user_id"], {}) for one in await participants(instance_id)]
        await enqueue(
            Kind.MINIMUM,
            whom,
            account_id=row["account_id"],
            instance_id=instance_id,
            at=at,
            once_per=row["starts_at"],
        )
    return True


async def decide_minimum() -> int:
    """The minute's job at the decision: enough have come, and it runs; or else it is called off, or its organisers are
    asked, as the series wants it; how many dates were settled or asked about (`S7`).

    Each date by itself, with its seats row locked before anybody is counted: a booking that arrives at the same moment
    is counted, or finds the date called off. One that was made, moved or given its minimum too late for this is asked
    about in any case.
    """
    at = clock.now()
    return sum([await _decide(row["id"], at) for row in await db.rows(TO_DECIDE, at)])


async def _decide(instance_id: int, at: datetime) -> bool:
    async with db.transaction(store.lock(instance_id)):
        row = await _undecided(instance_id, at)
        if row is None or row["decides_at"] > at:
            return False
        if row["missing"] <= 0:
            await _confirm(row, None, at)
        elif row["decide_by_itself"] and row["foreseen"]:
            await _call_off(row, None, at)
        elif row["decision_asked_at"] is None:
            await _ask_organisers(row, at)
        else:
            return False
    return True


async def decide_instance(code: str, person: Person, *, run: bool) -> DecisionResult:
    """An organiser's word: it runs with who there is, or it is called off; whatever the number is (`S7`).

    That it runs is decided once; it can be called off all the same. Raises `Cancelled`, `Ended`, `Forbidden`,
    `NotFound`, `Busy`.
    """
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        still = await load_instance(where.id, at)
        if still["state"] == "CANCELLED" and not run:
            return DecisionResult("already", Words(N_("It is called off already.")))
        require_scheduled(still)
        if run and still["decided_at"] is not None:
            return DecisionResult("already", Words(N_("It runs; that is decided already.")))
        row = await _row(where.id)
        assert row is not None
        if run:
            await _confirm(row, person.id, at)
            await record_audit(club.id, person.id, "run", f"instance {where.id}")
            return DecisionResult("done", Words(N_("It runs. Everybody who comes can count on it.")))
        await _call_off(row, person.id, at)
    return DecisionResult("done", Words(N_("Called off. Everybody concerned is told.")))


async def _row(instance_id: int) -> db.Row | None:
    """A date with its count. Its decision was *foreseen* when people could know of it: a date that was made, moved or
    given a minimum only after its decision time is not called off by itself."""
    return await db.row(
        "SELECT d.*, d.decides_at > greatest(d.created_at, d.moved_at, d.settled_how_at) AS foreseen FROM ("
        " SELECT i.*, r.min_to_run, r.decide_by_itself, r.updated_at AS settled_how_at, s.booked,"
        " r.min_to_run - s.booked AS missing, a.language,"
        " i.starts_at - make_interval(mins => r.decide_before_minutes) AS decides_at"
        " FROM event_instances i JOIN event_series r ON r.id = i.series_id"
        " JOIN instance_seats s ON s.instance_id = i.id JOIN accounts a ON a.id = i.account_id WHERE i.id = $1) d",
        instance_id,
    )


async def _undecided(instance_id: int, at: datetime) -> db.Row | None:
    """The date, counted while its seats row is locked; None when there is nothing to decide any more."""
    row = await _row(instance_id)
    if row is None or row["state"] != "SCHEDULED" or row["starts_at"] <= at:
        return None
    return row if row["decided_at"] is None and row["min_to_run"] is not None else None


async def _confirm(row: db.Row, by: int | None, at: datetime) -> None:
    await _settle(row["id"], by, at)
    # Who was never told that it was in doubt need not hear that it is not.
    if row["warned_at"] is not None:
        await notify_participants(row["account_id"], row["id"], Kind.CONFIRMED, at)
    await bump_versions([row["id"]])


async def _call_off(row: db.Row, by: int | None, at: datetime) -> None:
    await _settle(row["id"], by, at)
    await cancel_locked(row["account_id"], row["id"], by, too_few(row), at)


async def _settle(instance_id: int, by: int | None, at: datetime) -> None:
    await db.execute(
        "UPDATE event_instances SET decided_at = $2, decided_by = $3 WHERE id = $1",
        instance_id,
        at,
        by,
    )


async def _ask_organisers(row: db.Row, at: datetime) -> None:
    await db.execute("UPDATE event_instances SET decision_asked_at = $2 WHERE id = $1", row["id"], at)
    whom: list[Recipient] = [(user_id, {}) for user_id in await organisers(row["account_id"])]
    await enqueue(
        Kind.DECIDE,
        whom,
        account_id=row["account_id"],
        instance_id=row["id"],
        at=at,
        once_per=row["starts_at"],
    )


def too_few(row: db.Row) -> str:
    """Why it is called off, in the club's language: it is written on the card as an organiser's own words are."""
    voice = Voice(row["language"])
    if row["min_to_run"] is None or row["missing"] <= 0:
        return voice.say(N_("It was decided that it does not take place."))
    return voice.count(
        N_("Too few people: %(n)s comes, and at least %(least)s are needed."),
        N_("Too few people: %(n)s come, and at least %(least)s are needed."),
        row["booked"],
        least=row["min_to_run"],
    )
