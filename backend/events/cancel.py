"""Cancelling one date, and undoing it (`S5`)."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid
from backend.events.locking import bump_sequence, load_instance, submit_locked
from backend.events.notifications import notify_participants
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats import store
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import bump_versions

REASON_MAX = 300


async def cancel_instance(code: str, person: Person, reason: str) -> None:
    """Cancel one date (`S5`): bookings stay as they are, so that it can be undone; who is booked, waits or said maybe is
    told. Doing it again changes nothing. Raises `Invalid`, `Ended`, `Forbidden`, `NotFound`, `Busy`."""
    reason = validate_reason(reason)
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        row = await load_instance(where.id, at)
        if row["state"] != "CANCELLED":
            await cancel_locked(club.id, where.id, person.id, reason, at)


async def restore_instance(code: str, person: Person) -> None:
    """Undo a cancellation, until its start (`S5`): everybody has the seat or the place in line they had, and is told.

    Raises `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        if (await load_instance(where.id, at))["state"] != "CANCELLED":
            return
        await db.execute(
            "UPDATE event_instances SET state = 'SCHEDULED', cancelled_at = NULL, cancelled_by = NULL, cancel_reason = ''"
            " WHERE id = $1",
            where.id,
        )
        await bump_sequence([where.id], at)
        await notify_participants(club.id, where.id, Kind.RESTORED, at)
        await bump_versions([where.id])
        # Seats given back while it was cancelled go to who waits.
        await submit_locked([where.id], Request(Verb.FILL, Via.SYSTEM))
        await record_audit(club.id, person.id, "restore", f"instance {where.id}")


def validate_reason(reason: str) -> str:
    """The reason on one line. Raises `Invalid` when there is none, or it is too long."""
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(N_("Say why, in a few words: it is what people read."), field="reason")
    if len(reason) > REASON_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="reason", most=REASON_MAX)
    return reason


async def cancel_locked(account_id: int, instance_id: int, by: int | None, reason: str, at: datetime) -> None:
    """The one way a date is cancelled, inside the transaction that holds its seats row: offers die, people are told,
    cards and calendars follow. What has been decided about it stays decided, should it be restored (`S5`, `S7`)."""
    await db.execute(
        "UPDATE event_instances SET state = 'CANCELLED', cancelled_at = $2, cancelled_by = $3, cancel_reason = $4,"
        " drifted_at = NULL WHERE id = $1",
        instance_id,
        at,
        by,
        reason,
    )
    await submit_locked([instance_id], Request(Verb.FILL, Via.SYSTEM))
    await bump_sequence([instance_id], at)
    await notify_participants(account_id, instance_id, Kind.CANCELLED, at, reason=reason)
    await bump_versions([instance_id])
    await record_audit(account_id, by, "cancel", f"instance {instance_id}", reason=reason)
