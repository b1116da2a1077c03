"""Who came (`B12`), and what stayed empty: no-shows, and late cancellations that nobody took (`B6`)."""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import note
from backend.errors import Invalid, NotFound, Refusal
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME
from backend.seats import store
from backend.settings import settings

CODE = re.compile(r"emerald:([2-9a-z]{10}):(\d{1,18}):([0-9a-f]{20})")


class ListClosed(Refusal):
    """Attendance is settled; an organiser can open the list again."""

    outcome = "closed"
    message = N_("The list of this date is closed.")


class NotBegun(Refusal):
    """Nobody has stayed away before it is over."""

    outcome = "not-open"
    message = N_("The list can be closed once the date is over.")


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """Whom a check-in was for; `already` when they were here before."""

    membership_id: int
    name: str
    came: int
    seats: int
    already: bool


@dataclass(frozen=True, slots=True)
class Absence:
    """Seats of a member that stayed empty. `kind`: late, no-show."""

    id: int
    membership_id: int
    name: str
    code: str
    title: str
    zone: str
    starts_at: datetime
    kind: str
    seats: int
    pardoned: bool


# --- check-in ---


def check_in_code(code: str, membership_id: int) -> str:
    """What a member shows to be scanned: it names the date and the member, and cannot be made up."""
    return f"emerald:{code}:{membership_id}:{_mark(code, membership_id)}"


def _mark(code: str, membership_id: int) -> str:
    said = f"check-in {code} {membership_id}".encode()
    return hmac.new(settings.secret_key.encode(), said, "sha256").hexdigest()[:20]


async def my_check_in_code(code: str, person: Person) -> str:
    """The person's own code for a date they are in. Raises `NotFound`."""
    where = await find_instance(code)
    membership_id = await db.value(
        "SELECT m.id FROM memberships m JOIN bookings b ON b.membership_id = m.id AND b.instance_id = $2"
        " WHERE m.user_id = $1 AND m.account_id = $3 AND b.seats > 0",
        person.id,
        where.id,
        where.account_id,
    )
    if membership_id is None:
        raise NotFound(N_("You have no seat on this date, so there is nothing to check in."))
    return check_in_code(code, membership_id)


async def check_in(code: str, person: Person, membership_id: int, *, came: int | None = None) -> CheckedIn:
    """A member is here, with so many of their party, all of it when `came` is left out (`B12`). Doing it again changes
    only the number. Raises `ListClosed`, `Invalid`, `Forbidden`, `NotFound` for who has no seat."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.CHECK_IN)
    async with db.transaction(store.lock(where.id)):
        await _list_open(where.id)
        found = await db.row(
            f"SELECT b.seats, b.came, {DISPLAY_NAME} AS name"
            " FROM bookings b JOIN memberships m ON m.id = b.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id"
            " WHERE b.instance_id = $1 AND b.membership_id = $2 AND b.seats > 0",
            where.id,
            membership_id,
        )
        if found is None:
            raise NotFound(N_("This member has no seat on this date."))
        here = found["came"] or 0
        now_here = came or (here or found["seats"])
        if not 1 <= now_here <= found["seats"]:
            raise Invalid(
                N_("Between %(least)s and %(most)s, please."),
                field="came",
                least=1,
                most=found["seats"],
            )
        await db.execute(
            "UPDATE bookings SET checked_in_at = coalesce(checked_in_at, $3), checked_in_by = coalesce(checked_in_by, $4),"
            " came = $5 WHERE instance_id = $1 AND membership_id = $2",
            where.id,
            membership_id,
            clock.now(),
            person.id,
            now_here,
        )
        await _bump(where.id)
    return CheckedIn(membership_id, found["name"], now_here, found["seats"], already=here == now_here)


async def check_in_by_code(code: str, person: Person, scanned: str) -> CheckedIn:
    """A member's code was scanned at this date. Raises `Invalid` for what is no code, or one of another date, and as
    `check_in` does."""
    await authorize(person, (await find_instance(code)).account_id, Permission.CHECK_IN)
    read = CODE.fullmatch(scanned.strip())
    if read is None or not hmac.compare_digest(read[3], _mark(read[1], int(read[2]))):
        raise Invalid(N_("This is not a check-in code of Emerald."), field="code")
    if read[1] != code:
        raise Invalid(N_("This code is for another date."), field="code")
    return await check_in(code, person, int(read[2]))


async def undo_check_in(code: str, person: Person, membership_id: int) -> None:
    """It was a mistake: the member is not here. Raises `ListClosed`, `Forbidden`, `NotFound`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.CHECK_IN)
    async with db.transaction(store.lock(where.id)):
        await _list_open(where.id)
        await db.execute(
            "UPDATE bookings SET checked_in_at = NULL, checked_in_by = NULL, came = NULL"
            " WHERE instance_id = $1 AND membership_id = $2",
            where.id,
            membership_id,
        )
        await _bump(where.id)


async def _list_open(instance_id: int) -> None:
    if await db.value("SELECT list_closed_at IS NOT NULL FROM event_instances WHERE id = $1", instance_id):
        raise ListClosed()


async def _bump(instance_id: int) -> None:
    await db.execute("UPDATE instance_seats SET version = version + 1 WHERE instance_id = $1", instance_id)


# --- the list, and what stayed empty ---

# Who looked for a replacement and whose seat nobody took: late, unless the line gave it to them after the deadline (B6).
LATE = """
INSERT INTO absences (account_id, instance_id, membership_id, kind, seats, at)
SELECT b.account_id, b.instance_id, b.membership_id, 'late', b.seats, $2
FROM bookings b JOIN event_instances i ON i.id = b.instance_id JOIN event_series r ON r.id = i.series_id
WHERE b.instance_id = ANY($1::bigint[]) AND b.replace_since IS NOT NULL AND b.seats > 0 AND b.checked_in_at IS NULL
    AND coalesce(b.promoted_at < i.starts_at - make_interval(mins => coalesce(r.cancel_before_minutes, 0)), true)
ON CONFLICT ON CONSTRAINT absences_instance_id_membership_id_key DO NOTHING
"""

NO_SHOWS = """
INSERT INTO absences (account_id, instance_id, membership_id, kind, seats, at)
SELECT account_id, instance_id, membership_id, 'no-show', seats, $2 FROM bookings
WHERE instance_id = $1 AND seats > 0 AND checked_in_at IS NULL AND replace_since IS NULL
ON CONFLICT ON CONSTRAINT absences_instance_id_membership_id_key DO NOTHING
"""


async def complete_ended() -> int:
    """SCHEDULED becomes COMPLETED after its end (`S8`), and what nobody took is a late cancellation (`B6`); how many dates
    did. Their cards are redrawn."""
    at = clock.now()
    ids = [
        row["id"]
        for row in await db.rows(
            "SELECT id FROM event_instances WHERE state = 'SCHEDULED' AND ends_at <= $1 ORDER BY id",
            at,
        )
    ]
    if not ids:
        return 0
    async with db.transaction(store.lock_rows(ids)):
        ended = await db.rows(
            "UPDATE event_instances SET state = 'COMPLETED' WHERE id = ANY($1::bigint[]) AND state = 'SCHEDULED'"
            " AND ends_at <= $2 RETURNING id",
            ids,
            at,
        )
        over = [row["id"] for row in ended]
        await db.execute(LATE, over, at)
        await db.execute(
            "UPDATE instance_seats SET version = version + 1 WHERE instance_id = ANY($1::bigint[])",
            over,
        )
    return len(over)


async def close_list(code: str, person: Person) -> int:
    """Settle who came: booked and not checked in is a no-show (`B12`); how many parties. Closing it again changes nothing.

    Raises `NotBegun` before the end, `Forbidden`, `NotFound`.
    """
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        date = await db.row(
            "SELECT ends_at, state, list_closed_at FROM event_instances WHERE id = $1", where.id
        )
        if date is None:
            raise NotFound()
        if date["list_closed_at"] is not None:
            return 0
        if date["state"] == "CANCELLED" or date["ends_at"] > at:
            raise NotBegun()
        await db.execute(LATE, [where.id], at)
        missing = await db.execute(NO_SHOWS, where.id, at)
        await db.execute(
            "UPDATE event_instances SET list_closed_at = $2, list_closed_by = $3 WHERE id = $1",
            where.id,
            at,
            person.id,
        )
        await _bump(where.id)
        await note(club.id, person.id, "close list", f"instance {where.id}", no_shows=missing)
    return missing


async def reopen_list(code: str, person: Person) -> None:
    """Open the list again; its no-shows are taken back. Raises `Forbidden`, `NotFound`."""
    where = await find_instance(code)
    club = await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction(store.lock(where.id)):
        if not await db.execute(
            "UPDATE event_instances SET list_closed_at = NULL, list_closed_by = NULL"
            " WHERE id = $1 AND list_closed_at IS NOT NULL",
            where.id,
        ):
            return
        await db.execute(
            "DELETE FROM absences WHERE instance_id = $1 AND kind = 'no-show' AND pardoned_at IS NULL",
            where.id,
        )
        await _bump(where.id)
        await note(club.id, person.id, "reopen list", f"instance {where.id}")


async def absences(account_id: int, *, membership_id: int | None = None, limit: int = 200) -> list[Absence]:
    """The club's ledger, newest first; of one member when asked."""
    rows = await db.rows(
        "SELECT x.*, i.code, i.starts_at, coalesce(i.title, r.title) AS title, r.zone,"
        f" {DISPLAY_NAME} AS name"
        " FROM absences x JOIN event_instances i ON i.id = x.instance_id JOIN event_series r ON r.id = i.series_id"
        " JOIN memberships m ON m.id = x.membership_id LEFT JOIN telegram_users u ON u.id = m.user_id"
        " WHERE x.account_id = $1 AND ($2::bigint IS NULL OR x.membership_id = $2)"
        " ORDER BY i.starts_at DESC, x.id DESC LIMIT $3",
        account_id,
        membership_id,
        limit,
    )
    return [
        Absence(
            id=row["id"],
            membership_id=row["membership_id"],
            name=row["name"],
            code=row["code"],
            title=row["title"],
            zone=row["zone"],
            starts_at=row["starts_at"],
            kind=row["kind"],
            seats=row["seats"],
            pardoned=row["pardoned_at"] is not None,
        )
        for row in rows
    ]


async def pardon(person: Person, account_id: int, absence_id: int) -> None:
    """Let it not count; idempotent. Raises `Forbidden`, `NotFound`."""
    club = await authorize(person, account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction():
        if not await db.execute(
            "UPDATE absences SET pardoned_at = coalesce(pardoned_at, $3), pardoned_by = coalesce(pardoned_by, $4)"
            " WHERE id = $1 AND account_id = $2",
            absence_id,
            club.id,
            clock.now(),
            person.id,
        ):
            raise NotFound()
        await note(club.id, person.id, "pardon", f"absence {absence_id}")
