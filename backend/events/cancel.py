"""Cancelling one instance, and undoing it (`S5`)."""

from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid
from backend.events.locking import (
    bump_sequence,
    load_instance,
    lock_series_of,
    same_start,
    submit_locked,
)
from backend.events.notifications import notify_participants
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.outbox.kinds import Kind
from backend.people.queries import Person
from backend.seats import store
from backend.seats.requests import Request, Verb, Via
from backend.seats.rows import bump_versions
from backend.seats.state import InstanceState
from backend.typed_text import clean_line

REASON_MAX = 300  # characters


async def cancel_instance(code: str, person: Person, reason: str) -> None:
    """Cancel one instance and notify everyone who is booked, waits or said maybe (`S5`).

    Bookings stay as they are, so that it can be undone. Cancelling twice changes nothing. Raises `Invalid`,
    `Ended`, `Forbidden`, `NotFound`, `Busy`.
    """
    reason = validate_reason(reason)
    address = await find_instance(code)
    account = await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction(store.lock(address.id)):
        row = await load_instance(address.id, now)
        if row["state"] != InstanceState.CANCELLED:
            await cancel_locked(account.id, address.id, person.id, reason, now)


async def restore_instance(code: str, person: Person) -> None:
    """Undo a cancellation until the start (`S5`): everyone has the seat or the place in the waitlist they
    had, and is notified. An instance that is not cancelled stays as it is.

    Raises `Invalid` when another instance of the series starts then (`S11`), `Ended`, `Forbidden`,
    `NotFound`, `Busy`.
    """
    address = await find_instance(code)
    account = await authorize(person, address.account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        series = await lock_series_of(address.id, account.id)
        await db.execute(store.lock_rows([address.id]))
        row = await load_instance(address.id, now)
        if row["state"] != InstanceState.CANCELLED:
            return
        if await db.value(
            "SELECT EXISTS (SELECT 1 FROM event_instances WHERE series_id = $1 AND starts_at = $2"
            " AND state = 'SCHEDULED')",
            series["id"],
            row["starts_at"],
        ):
            raise same_start()
        await db.execute(
            "UPDATE event_instances SET state = 'SCHEDULED', cancelled_at = NULL, cancelled_by = NULL,"
            " cancel_reason = '' WHERE id = $1",
            address.id,
        )
        await bump_sequence([address.id], now)
        await notify_participants(account.id, address.id, Kind.RESTORED, now)
        await bump_versions([address.id])
        # Seats that were given back while it was cancelled go to the waitlist.
        await submit_locked([address.id], Request(Verb.FILL, Via.SYSTEM))
        await record_audit(account.id, person.id, "restore", f"instance {address.id}")


def validate_reason(reason: str) -> str:
    """The reason on one line. Raises `Invalid` when it is empty or longer than `REASON_MAX`."""
    reason = clean_line(reason)
    if not reason:
        raise Invalid(N_("Say why in a few words. People will read this."), field="reason")
    if len(reason) > REASON_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="reason", most=REASON_MAX)
    return reason


async def cancel_locked(
    account_id: int, instance_id: int, user_id: int | None, reason: str, now: datetime
) -> None:
    """Cancel an instance inside the transaction that holds its seats row. No other function does.

    Offers end, participants are notified, cards and calendars follow. A decision on its minimum stands,
    should it be restored (`S5`, `S7`). `user_id` is None when no person cancelled it.
    """
    await db.execute(
        "UPDATE event_instances SET state = 'CANCELLED', cancelled_at = $2, cancelled_by = $3,"
        " cancel_reason = $4, drifted_at = NULL WHERE id = $1",
        instance_id,
        now,
        user_id,
        reason,
    )
    await submit_locked([instance_id], Request(Verb.FILL, Via.SYSTEM))
    await bump_sequence([instance_id], now)
    await notify_participants(account_id, instance_id, Kind.CANCELLED, now, reason=reason)
    await bump_versions([instance_id])
    await record_audit(account_id, user_id, "cancel", f"instance {instance_id}", reason=reason)
