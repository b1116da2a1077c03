"""One instance of a series per start (`S11`): what becomes of another when one is moved to where it is."""

from collections.abc import Sequence
from datetime import datetime

from backend import db
from backend.audit.actions import record_audit
from backend.events.cancel import cancel_locked
from backend.events.locking import same_start
from backend.events.queries import UNTOUCHED
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.zones import resolve_local

# Nobody takes part in an instance `i`, nor has a claim on it.
EMPTY = """(NOT EXISTS (SELECT 1 FROM bookings b WHERE b.instance_id = i.id AND b.answer IN ('in', 'maybe'))
    AND NOT EXISTS (SELECT 1 FROM seat_claims s WHERE s.instance_id = i.id))"""


async def others_at(series_id: int, instance_id: int, starts_local: datetime, zone: str) -> list[int]:
    """The scheduled instances of a locked series that start at a wall clock, without this one."""
    if starts_local.tzinfo is not None:
        return []
    rows = await db.rows(
        "SELECT id FROM event_instances"
        " WHERE series_id = $1 AND starts_at = $2 AND state = 'SCHEDULED' AND id <> $3",
        series_id,
        resolve_local(starts_local.replace(second=0, microsecond=0), zone),
        instance_id,
    )
    return [row["id"] for row in rows]


async def take_start(row: db.Row, others: Sequence[int], person: Person, now: datetime) -> None:
    """Make room for an instance of a series that is moved to where others are, inside the transaction that
    holds the seats rows of all of them.

    When the hour of a series changes, booked instances stay at the old one, and empty ones are made at the
    new one. Where a booked one is moved there, it takes the place of the empty one: this is deleted, or
    cancelled when a card shows it. While it stays there, no other is made. Raises `Invalid` when somebody
    takes part in another, or it was edited by hand.
    """
    for other in await db.rows(
        f"SELECT i.id, i.edited_at, {UNTOUCHED} AS untouched, {EMPTY} AS is_empty"
        " FROM event_instances i WHERE i.id = ANY($1::bigint[]) AND i.state = 'SCHEDULED'",
        others,
    ):
        if other["edited_at"] is not None or not other["is_empty"]:
            raise same_start()
        if other["untouched"]:
            await db.execute("DELETE FROM event_instances WHERE id = $1", other["id"])
        else:
            voice = Voice(await db.value("SELECT language FROM accounts WHERE id = $1", row["account_id"]))
            reason = voice.gettext(N_("It takes place together with another date."))
            await cancel_locked(row["account_id"], other["id"], person.id, reason, now)
        await record_audit(
            row["account_id"], person.id, "merge", f"instance {row['id']}", instead_of=other["id"]
        )
