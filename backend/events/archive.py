"""Archiving a series, and restoring it (`S9`)."""

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid
from backend.events.cancel import cancel_locked, validate_reason
from backend.events.locking import lock_instances, lock_series
from backend.events.materialization import materialize_series
from backend.events.queries import UNTOUCHED
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.typed_text import clean_line


async def archive_series(person: Person, account_id: int, series_id: int, reason: str = "") -> int:
    """Archive a series: it gets no new instances and leaves the lists (`S9`).

    Future instances that nobody has touched are deleted; the others are cancelled, and their participants
    notified with the reason. Without a reason this is refused as soon as anybody is booked, waits or said
    maybe. Archiving twice changes nothing.

    Returns how many instances were cancelled. Raises `Invalid`, `Forbidden`, `NotFound`, `Busy`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    reason = clean_line(reason)
    async with db.transaction():
        series = await lock_series(series_id, account.id)
        if series["archived_at"] is not None:
            return 0
        instances = await db.rows(
            f"SELECT i.id, {UNTOUCHED} AS untouched, EXISTS (SELECT 1 FROM bookings b"
            " WHERE b.instance_id = i.id AND b.answer IN ('in', 'maybe')) AS has_participants"
            " FROM event_instances i WHERE i.id = ANY($1::bigint[]) AND i.starts_at > $2"
            " AND i.state = 'SCHEDULED' ORDER BY i.id",
            await lock_instances(series_id, now),
            now,
        )
        with_participants = sum(instance["has_participants"] for instance in instances)
        if with_participants and not reason:
            raise Invalid(
                N_("People have booked %(n)s upcoming date. Say why it is cancelled; they will be told."),
                plural=N_(
                    "People have booked %(n)s upcoming dates. Say why they are cancelled; they will be told."
                ),
                n=with_participants,
                field="reason",
            )
        reason = validate_reason(
            reason or Voice(account.language).gettext(N_("This event is no longer held."))
        )
        untouched = [instance["id"] for instance in instances if instance["untouched"]]
        await db.execute("DELETE FROM event_instances WHERE id = ANY($1::bigint[])", untouched)
        touched = [instance["id"] for instance in instances if not instance["untouched"]]
        for instance_id in touched:
            await cancel_locked(account.id, instance_id, person.id, reason, now)
        await db.execute(
            "UPDATE event_series SET archived_at = $2, updated_at = $2 WHERE id = $1", series_id, now
        )
        await record_audit(account.id, person.id, "archive", f"series {series_id}", cancelled=len(touched))
    return len(touched)


async def restore_series(person: Person, account_id: int, series_id: int) -> int:
    """Take a series out of the archive and make its instances of the weeks ahead, with their regulars seated
    (`B11`).

    Returns how many instances were made: 0 when the series was not archived. Cancelled instances stay
    cancelled. Raises `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    now = clock.now()
    async with db.transaction():
        series = await lock_series(series_id, account.id)
        if series["archived_at"] is None:
            return 0
        await db.execute(
            "UPDATE event_series SET archived_at = NULL, updated_at = $2 WHERE id = $1", series_id, now
        )
        instance_ids = await materialize_series(series_id, now)
        await record_audit(account.id, person.id, "restore", f"series {series_id}")
    return len(instance_ids)
