"""Cancelling one date, and undoing it (`S5`)."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorise
from backend.accounts.rules import Act
from backend.audit.actions import note
from backend.bookings import store
from backend.bookings.actions import find
from backend.bookings.rules import Request, Verb, Via
from backend.bookings.series.seats import (
    ask_desks,
    change_calendars,
    open_date,
    show_anew,
)
from backend.bookings.series.telling import tell_concerned
from backend.errors import Invalid
from backend.i18n import N_
from backend.people.queries import Person

REASON_MAX = 300


async def cancel_date(code: str, person: Person, reason: str) -> None:
    """Cancel one date (`S5`): bookings stay as they are, so that it can be undone; who is booked, waits or said maybe is
    told. Doing it again changes nothing. Raises `Invalid`, `Ended`, `Forbidden`, `NotFound`, `Busy`."""
    reason = checked_reason(reason)
    where = await find(code)
    club = await authorise(person, where.account_id, Act.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        row = await open_date(where.id, at)
        if row["state"] != "CANCELLED":
            await call_off(club.id, where.id, person.id, reason, at)


async def restore_date(code: str, person: Person) -> None:
    """Undo a cancellation, until its start (`S5`): everybody has the seat or the place in line they had, and is told.

    Raises `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    where = await find(code)
    club = await authorise(person, where.account_id, Act.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        if (await open_date(where.id, at))["state"] != "CANCELLED":
            return
        await db.execute(
            "UPDATE event_instances SET state = 'SCHEDULED', cancelled_at = NULL, cancelled_by = NULL, cancel_reason = ''"
            " WHERE id = $1",
            where.id,
        )
        await change_calendars([where.id], at)
        await tell_concerned(club.id, where.id, "restored", at)
        await show_anew([where.id])
        # Seats given back while it was cancelled go to who waits.
        await ask_desks([where.id], Request(Verb.FILL, Via.SYSTEM))
        await note(club.id, person.id, "restore", f"instance {where.id}")


def checked_reason(reason: str) -> str:
    """The reason on one line. Raises `Invalid` when there is none, or it is too long."""
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(N_("Say why, in a few words: it is what people read."), field="reason")
    if len(reason) > REASON_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="reason", most=REASON_MAX)
    return reason


async def call_off(
    account_id: int, instance_id: int, by: int | None, reason: str, at: datetime
) -> None:
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
    await ask_desks([instance_id], Request(Verb.FILL, Via.SYSTEM))
    await change_calendars([instance_id], at)
    await tell_concerned(account_id, instance_id, "cancelled", at, reason=reason)
    await show_anew([instance_id])
    await note(account_id, by, "cancel", f"instance {instance_id}", reason=reason)
