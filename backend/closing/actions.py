"""Closing a club (`A12`): an owner asks for it, has a week to change their mind, and then a job does it."""

from datetime import datetime, timedelta

from backend import clock, db
from backend.accounts.closing import close_locked, lock_account, set_closing
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.announcements.actions import stop_announcement
from backend.audit.actions import record_audit
from backend.departures.leaving import end_standing_seats
from backend.each import do_each
from backend.errors import Invalid, Refusal
from backend.events.archive import archive_series
from backend.i18n import N_, Voice
from backend.linking.actions import unlink_group
from backend.outbox.kinds import Kind
from backend.outbox.organisers import notify_organisers
from backend.people.queries import Person
from backend.people.queries import person as person_by_id
from backend.polls.closing import close_poll
from backend.typed_text import clean_line

CLOSING_DELAY = timedelta(days=7)


class ClosingTooLate(Refusal):
    """The week is over: the club is being closed, or is closed."""

    outcome = "closing-too-late"
    message = N_("The week is over, and the club is being closed.")


async def request_closing(person: Person, account_id: int, *, name: str) -> datetime:
    """Close the club in a week; `name` is its name as the person typed it. The other organisers are notified. Asking
    again changes nothing. Returns when. Raises `Invalid`, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    at = clock.now()
    async with db.transaction():
        row = await lock_account(account.id)
        if clean_line(name) != row["name"]:
            raise Invalid(N_("Type the name exactly as it is written above."), field="name")
        if row["closing_at"] is not None:
            known: datetime = row["closing_at"]
            return known
        closing_at = at + CLOSING_DELAY
        await set_closing(account.id, closing_at)
        await record_audit(
            account.id, person.id, "ask to close", "account", closing_at=closing_at.isoformat()
        )
        await _notify(Kind.ACCOUNT_CLOSING, account.id, row, person, at, closing_at)
    return closing_at


async def withdraw_closing(person: Person, account_id: int) -> None:
    """Keep the club after all; idempotent. Raises `ClosingTooLate`, `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.MANAGE_OWNERS)
    at = clock.now()
    async with db.transaction():
        row = await lock_account(account.id)
        if row["closing_at"] is None:
            return
        if row["closing_at"] <= at:
            raise ClosingTooLate()
        await set_closing(account.id, None)
        await record_audit(account.id, person.id, "keep", "account")
        await _notify(Kind.ACCOUNT_KEPT, account.id, row, person, at, row["closing_at"])


async def _notify(
    kind: Kind, account_id: int, row: db.Row, person: Person, at: datetime, closing_at: datetime
) -> None:
    await notify_organisers(
        account_id,
        kind,
        account_id,
        at,
        besides=person.id,
        account_name=row["name"],
        zone=row["zone"],
        closing_at=closing_at.isoformat(),
    )


DUE = "SELECT id FROM accounts WHERE closing_at <= $1 AND closed_at IS NULL ORDER BY id"
AN_OWNER = """
SELECT user_id FROM memberships WHERE account_id = $1 AND role = 'OWNER' AND left_at IS NULL ORDER BY id LIMIT 1
"""


async def close_due_accounts() -> int:
    """Close the clubs whose week is over; how many. A job of every ten minutes."""
    rows = await db.rows(DUE, clock.now())
    return await do_each("closing", [row["id"] for row in rows], _close)


async def _close(account_id: int) -> int:
    """Close a club, step by step: whoever is interrupted begins again and finds what is left. Whoever has a seat or a
    place in line ahead is told by the cancellation."""
    owner = await person_by_id(await db.value(AN_OWNER, account_id))
    assert owner is not None, "a club has an owner (A2)"
    await _end_dates(owner, account_id)
    for row in await db.rows(
        "SELECT code FROM polls WHERE account_id = $1 AND closed_at IS NULL", account_id
    ):
        await close_poll(row["code"], owner)
    unsent = (
        "SELECT id FROM announcements WHERE account_id = $1 AND state IN ('draft', 'scheduled', 'sending')"
    )
    for row in await db.rows(unsent, account_id):
        await stop_announcement(owner, row["id"])
    for row in await db.rows("SELECT id FROM groups WHERE account_id = $1 ORDER BY id", account_id):
        await unlink_group(owner, account_id, row["id"])
    members = await db.rows(
        "SELECT id FROM memberships WHERE account_id = $1 AND left_at IS NULL", account_id
    )
    await end_standing_seats([row["id"] for row in members])
    at = clock.now()
    async with db.transaction():
        row = await lock_account(account_id)
        await close_locked(account_id, row["language"], at)
        await record_audit(account_id, None, "close", "account")
    return 1


async def _end_dates(owner: Person, account_id: int) -> None:
    row = await db.row("SELECT language FROM accounts WHERE id = $1", account_id)
    assert row is not None
    reason = Voice(row["language"]).gettext(N_("The club is closed."))
    live = "SELECT id FROM event_series WHERE account_id = $1 AND archived_at IS NULL ORDER BY id"
    for series in await db.rows(live, account_id):
        await archive_series(owner, account_id, series["id"], reason)
