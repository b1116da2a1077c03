"""Putting a series away when it is over, and taking it out again (`S9`)."""

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import Invalid
from backend.events.cancel import cancel_locked, validate_reason
from backend.events.locking import lock_instances, lock_series
from backend.events.materialization import materialize_series
from backend.events.sync import UNTOUCHED
from backend.i18n import N_, Voice
from backend.people.queries import Person


async def archive_series(person: Person, account_id: int, series_id: int, reason: str = "") -> int:
    """Put a series away: it gets no more dates and leaves the lists. What somebody has booked, waits for or said maybe
    to is cancelled with the reason, and they are told; without one the answer is no, and how many dates it is about. What
    nobody has touched goes. How many dates were cancelled; doing it again changes nothing.

    Raises `Invalid`, `Forbidden`, `NotFound`, `Busy`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction():
        row = await lock_series(series_id, club.id)
        if row["archived_at"] is not None:
            return 0
        ids = await lock_instances(series_id, at)
        dates = await db.rows(
            f"SELECT i.id, {UNTOUCHED} AS untouched, EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id"
            " AND b.answer IN ('in', 'maybe')) AS wanted FROM event_instances i"
            " WHERE i.id = ANY($1::bigint[]) AND i.starts_at > $2 AND i.state = 'SCHEDULED' ORDER BY i.id",
            ids,
            at,
        )
        wanted = sum(date["wanted"] for date in dates)
        if wanted and not reason.strip():
            raise Invalid(
                N_("People count on %(n)s date ahead. Say why it is cancelled: they are told."),
                plural=N_("People count on %(n)s dates ahead. Say why they are cancelled: they are told."),
                n=wanted,
                field="reason",
            )
        said = reason.strip() or Voice(club.language).say(N_("This is not held any more."))
        said = validate_reason(said)
        gone = [date["id"] for date in dates if date["untouched"]]
        await db.execute("DELETE FROM event_instances WHERE id = ANY($1::bigint[])", gone)
        kept = [date["id"] for date in dates if not date["untouched"]]
        for instance_id in kept:
            await cancel_locked(club.id, instance_id, person.id, said, at)
        await db.execute(
            "UPDATE event_series SET archived_at = $2, updated_at = $2 WHERE id = $1", series_id, at
        )
        await record_audit(club.id, person.id, "archive", f"series {series_id}", cancelled=len(kept))
    return len(kept)


async def restore_series(person: Person, account_id: int, series_id: int) -> int:
    """Take a series out of the archive: its dates of the weeks ahead appear again; how many. What was cancelled stays so.

    Raises `Forbidden`, `NotFound`.
    """
    club = await authorize(person, account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction():
        row = await lock_series(series_id, club.id)
        if row["archived_at"] is None:
            return 0
        await db.execute(
            "UPDATE event_series SET archived_at = NULL, updated_at = $2 WHERE id = $1",
            series_id,
            at,
        )
        made = await materialize_series(series_id, at)
        await record_audit(club.id, person.id, "restore", f"series {series_id}")
    return len(made)
