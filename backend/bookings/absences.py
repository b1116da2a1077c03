"""What stayed empty: no-shows (`B12`), and late cancellations whose seat nobody took (`B6`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.archive import of_archive
from backend.audit.actions import record_audit
from backend.errors import Invalid, NotFound
from backend.i18n import N_
from backend.known_zones import first_known
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME
from backend.typed_text import clean_line

REASON_MAX = 200  # characters of why an absence is pardoned


class AbsenceKind(StrEnum):
    """Why seats stayed empty, as `absences.kind` holds it."""

    LATE = "late"  # cancelled after the deadline, and nobody took the seat
    NO_SHOW = "no-show"  # booked, and not checked in


@dataclass(frozen=True, slots=True)
class Absence:
    """Seats of a member that stayed empty."""

    id: int
    membership_id: int
    name: str
    code: str
    title: str
    zone: str
    starts_at: datetime
    kind: AbsenceKind
    seats: int
    pardoned: bool


# A member who was promoted after the deadline has cancelled nothing late.
LATE = """
INSERT INTO absences (account_id, instance_id, membership_id, kind, seats, at)
SELECT b.account_id, b.instance_id, b.membership_id, $3, b.seats, $2
FROM bookings b JOIN event_instances i ON i.id = b.instance_id JOIN event_series r ON r.id = i.series_id
WHERE b.instance_id = ANY($1::bigint[]) AND b.replace_since IS NOT NULL AND b.seats > 0
    AND b.checked_in_at IS NULL
    AND coalesce(b.promoted_at
        < i.starts_at - make_interval(mins => coalesce(r.cancel_before_minutes, 0)), true)
ON CONFLICT ON CONSTRAINT absences_instance_id_membership_id_key DO NOTHING
"""

NO_SHOWS = """
INSERT INTO absences (account_id, instance_id, membership_id, kind, seats, at)
SELECT account_id, instance_id, membership_id, $3, seats, $2 FROM bookings
WHERE instance_id = $1 AND seats > 0 AND checked_in_at IS NULL AND replace_since IS NULL
ON CONFLICT ON CONSTRAINT absences_instance_id_membership_id_key DO NOTHING
"""


async def record_late(instance_ids: Sequence[int], at: datetime) -> None:
    """Record the late cancellations of instances that are over, inside the caller's transaction; doing it
    again changes nothing."""
    await db.execute(LATE, instance_ids, at, AbsenceKind.LATE)


async def record_no_shows(instance_id: int, at: datetime) -> int:
    """Record the parties that did not come, inside the caller's transaction; how many are new."""
    return await db.execute(NO_SHOWS, instance_id, at, AbsenceKind.NO_SHOW)


async def delete_no_shows(instance_id: int) -> None:
    """Take back the no-shows of an instance that nobody has pardoned, inside the caller's transaction."""
    await db.execute(
        "DELETE FROM absences WHERE instance_id = $1 AND kind = $2 AND pardoned_at IS NULL",
        instance_id,
        AbsenceKind.NO_SHOW,
    )


# Of a member they are found by the member's index, and of all of a club by the club's.
_OF_MEMBER = "(SELECT * FROM absences WHERE membership_id = $2 OFFSET 0)"
ABSENCES = f"""
SELECT x.*, i.code, i.starts_at, coalesce(i.title, r.title) AS title, r.zone, {DISPLAY_NAME} AS name
FROM absences x JOIN event_instances i ON i.id = x.instance_id JOIN event_series r ON r.id = i.series_id
JOIN memberships m ON m.id = x.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id
WHERE x.account_id = $1 AND ($2::bigint IS NULL OR x.membership_id = $2)
ORDER BY i.starts_at DESC, x.id DESC LIMIT $3
"""
ABSENCES_OF_MEMBER = ABSENCES.replace("FROM absences x", f"FROM {_OF_MEMBER} x")


async def absences(account_id: int, *, membership_id: int | None = None, limit: int = 200) -> list[Absence]:
    """The club's absences, newest first; of one member when asked."""
    values = account_id, membership_id, limit
    sql = ABSENCES if membership_id is None else ABSENCES_OF_MEMBER
    older = await db.rows(of_archive(sql), *values)
    rows = sorted([*await db.rows(sql, *values), *older], key=lambda row: row["starts_at"], reverse=True)
    return [
        Absence(
            id=row["id"],
            membership_id=row["membership_id"],
            name=row["name"],
            code=row["code"],
            title=row["title"],
            zone=first_known(row["zone"]),
            starts_at=row["starts_at"],
            kind=AbsenceKind(row["kind"]),
            seats=row["seats"],
            pardoned=row["pardoned_at"] is not None,
        )
        for row in rows[:limit]
    ]


async def pardon(person: Person, account_id: int, absence_id: int, *, reason: str = "") -> None:
    """Let an absence not count, for the reason that the history of the club keeps; idempotent. Raises `Invalid`,
    `Forbidden`, `NotFound`."""
    reason = clean_line(reason)
    if len(reason) > REASON_MAX:
        raise Invalid(N_("At most %(most)s characters, please."), field="reason", most=REASON_MAX)
    account = await authorize(person, account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction():
        if not await db.execute(
            "UPDATE absences SET pardoned_at = coalesce(pardoned_at, $3),"
            " pardoned_by = coalesce(pardoned_by, $4)"
            " WHERE id = $1 AND account_id = $2",
            absence_id,
            account.id,
            clock.now(),
            person.id,
        ):
            raise NotFound()
        await record_audit(account.id, person.id, "pardon", f"absence {absence_id}", reason=reason)
