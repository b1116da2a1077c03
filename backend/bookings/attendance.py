"""Who came (`B12`): check-in at the door, and the attendance list, which is closed once it is settled."""

import hmac
import re
from dataclasses import dataclass

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.bookings.absences import delete_no_shows, record_late, record_no_shows
from backend.errors import Invalid, NotFound, Refusal
from backend.events.completion import complete_instances, mark_list_closed, mark_list_open
from backend.events.queries import find_instance
from backend.i18n import N_
from backend.people.queries import Person
from backend.people.sql import DISPLAY_NAME
from backend.seats import store
from backend.seats.attendance import clear_check_in, record_check_in
from backend.seats.rows import bump_versions
from backend.seats.state import InstanceState
from backend.settings import settings

CODE = re.compile(r"emerald:([2-9a-z]{10}):(\d{1,18}):([0-9a-f]{20})")


class ListClosed(Refusal):
    """The attendance list is settled; an organiser can open it again."""

    outcome = "closed"
    message = N_("The list of this date is closed.")


class NotBegun(Refusal):
    """Nobody is a no-show before the instance is over."""

    outcome = "not-open"
    message = N_("The list can be closed once the date is over.")


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The member a check-in was for; `already` when it changed nothing."""

    membership_id: int
    name: str
    came: int
    seats: int
    already: bool


# --- check-in ---


def check_in_code(code: str, membership_id: int) -> str:
    """The text of the QR code a member shows: it names the instance and the membership, and carries a
    signature."""
    return f"emerald:{code}:{membership_id}:{_signature(code, membership_id)}"


def _signature(code: str, membership_id: int) -> str:
    signed = f"check-in {code} {membership_id}".encode()
    return hmac.new(settings.secret_key.encode(), signed, "sha256").hexdigest()[:20]


async def my_check_in_code(code: str, person: Person) -> str:
    """The person's own code for an instance they have a seat on. Raises `NotFound`."""
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
    """Check a member in with `came` people of their party, all of it when `came` is left out (`B12`). Doing
    it again changes only the number. Raises `ListClosed`, `Invalid`, `Forbidden`, and `NotFound` when the
    member has no seat."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.CHECK_IN)
    async with db.transaction(store.lock(where.id)):
        await _require_open_list(where.id)
        found = await db.row(
            f"SELECT b.seats, b.came, {DISPLAY_NAME} AS name"
            " FROM bookings b JOIN memberships m ON m.id = b.membership_id"
            " LEFT JOIN telegram_users u ON u.id = m.user_id"
            " WHERE b.instance_id = $1 AND b.membership_id = $2 AND b.seats > 0",
            where.id,
            membership_id,
        )
        if found is None:
            raise NotFound(N_("This member has no seat on this date."))
        came_before = found["came"] or 0
        came = came or (came_before or found["seats"])
        if not 1 <= came <= found["seats"]:
            raise Invalid(
                N_("Between %(least)s and %(most)s, please."),
                field="came",
                least=1,
                most=found["seats"],
            )
        await record_check_in(where.id, membership_id, came=came, by=person.id, at=clock.now())
    return CheckedIn(membership_id, found["name"], came, found["seats"], already=came_before == came)


async def check_in_by_code(code: str, person: Person, scanned: str) -> CheckedIn:
    """Check in the member whose code was scanned. Raises `Invalid` for what is no code or belongs to another
    instance, and what `check_in` raises."""
    await authorize(person, (await find_instance(code)).account_id, Permission.CHECK_IN)
    parts = CODE.fullmatch(scanned.strip())
    if parts is None or not hmac.compare_digest(parts[3], _signature(parts[1], int(parts[2]))):
        raise Invalid(N_("This is not a check-in code of Emerald."), field="code")
    if parts[1] != code:
        raise Invalid(N_("This code is for another date."), field="code")
    return await check_in(code, person, int(parts[2]))


async def undo_check_in(code: str, person: Person, membership_id: int) -> None:
    """Take a mistaken check-in back. Raises `ListClosed`, `Forbidden`, `NotFound`."""
    where = await find_instance(code)
    await authorize(person, where.account_id, Permission.CHECK_IN)
    async with db.transaction(store.lock(where.id)):
        await _require_open_list(where.id)
        await clear_check_in(where.id, membership_id)


async def _require_open_list(instance_id: int) -> None:
    if await db.value("SELECT list_closed_at IS NOT NULL FROM event_instances WHERE id = $1", instance_id):
        raise ListClosed()


# --- the attendance list ---


async def complete_ended() -> int:
    """Complete the instances whose end has passed (`S8`) and record their late cancellations (`B6`); how many
    instances. Their cards are rendered anew."""
    at = clock.now()
    rows = await db.rows(
        "SELECT id FROM event_instances WHERE state = 'SCHEDULED' AND ends_at <= $1 ORDER BY id", at
    )
    if not rows:
        return 0
    ids = [row["id"] for row in rows]
    async with db.transaction(store.lock_rows(ids)):
        completed = await complete_instances(ids, at)
        await record_late(completed, at)
        await bump_versions(completed)
    return len(completed)


async def close_list(code: str, person: Person) -> int:
    """Close the attendance list: a party that is booked and not checked in is a no-show (`B12`); how many parties.
    Doing it again changes nothing.

    Raises `NotBegun` before the end, `Forbidden`, `NotFound`.
    """
    where = await find_instance(code)
    account = await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        row = await db.row(
            "SELECT ends_at, state, list_closed_at FROM event_instances WHERE id = $1", where.id
        )
        if row is None:
            raise NotFound()
        if row["list_closed_at"] is not None:
            return 0
        if row["state"] == InstanceState.CANCELLED or row["ends_at"] > at:
            raise NotBegun()
        await record_late([where.id], at)
        no_shows = await record_no_shows(where.id, at)
        await mark_list_closed(where.id, person.id, at)
        await bump_versions([where.id])
        await record_audit(account.id, person.id, "close list", f"instance {where.id}", no_shows=no_shows)
    return no_shows


async def reopen_list(code: str, person: Person) -> None:
    """Open the attendance list again; its no-shows are taken back. Raises `Forbidden`, `NotFound`."""
    where = await find_instance(code)
    account = await authorize(person, where.account_id, Permission.MANAGE_BOOKINGS)
    async with db.transaction(store.lock(where.id)):
        if not await mark_list_open(where.id):
            return
        await delete_no_shows(where.id)
        await bump_versions([where.id])
        await record_audit(account.id, person.id, "reopen list", f"instance {where.id}")
