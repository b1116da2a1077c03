"""Closing polls (`P2`), and making the instance of the winning date (`P4`)."""

from dataclasses import dataclass
from enum import StrEnum

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.i18n import Words
from backend.people.queries import Person
from backend.polls import replies, store
from backend.polls.actions import find_poll
from backend.polls.event_creation import CreatedEvent, EventDetails, create_event, created_event


class ClosingKind(StrEnum):
    """Whether closing changed anything."""

    DONE = "done"
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class ClosingResult:
    """The result of closing a poll. `made` is the instance that was made of it, by this closing or before."""

    kind: ClosingKind
    words: Words
    made: CreatedEvent | None


async def close_poll(code: str, person: Person, *, make: EventDetails | None = None) -> ClosingResult:
    """Close a poll for good and, with `make`, make the instance of its winning date (`P4`). Doing either
    again changes nothing. A poll that is closed already can still have its instance made.

    Raises `InvalidForm` and `Invalid`, which leave the poll as it was, `Forbidden`, `NotFound`.
    """
    where = await find_poll(code)
    account = await authorize(person, where.account_id, Permission.MANAGE_POLLS)
    if make is not None:
        await authorize(person, where.account_id, Permission.MANAGE_EVENTS)
    at = clock.now()
    async with db.transaction(store.lock(where.id)):
        closed = await db.execute(
            "UPDATE polls SET closed_at = $2, closed_by = $3 WHERE id = $1 AND closed_at IS NULL"
            " AND (closes_at IS NULL OR closes_at > $2)",
            where.id,
            at,
            person.id,
        )
        if closed:
            await record_audit(account.id, person.id, "close", f"poll {where.id}")
        before = await created_event(where.id)
        made = before
        if make is not None and before is None:
            made = await create_event(account, person, where.id, make, at)
        if closed or made is not before:
            await store.bump_versions([where.id])
    if made is not None and before is None:
        reply = replies.event_created(made.starts_at, made.claim_until, account.zone)
        return ClosingResult(ClosingKind.DONE, reply, made)
    if made is not None and make is not None:
        reply = replies.event_already_created(made.starts_at, account.zone)
        return ClosingResult(ClosingKind.ALREADY, reply, made)
    if closed:
        return ClosingResult(ClosingKind.DONE, replies.closed(), made)
    return ClosingResult(ClosingKind.ALREADY, replies.already_closed(), made)


OVERDUE = """
SELECT t.poll_id FROM poll_tallies t JOIN polls p ON p.id = t.poll_id WHERE p.closed_at IS NULL AND p.closes_at <= $1
"""


async def close_due() -> int:
    """Record that polls past their deadline are closed, so that their cards are rendered anew; how many.

    Nothing waits for it: a deadline that has passed closes a poll for every reader (`P2`).
    """
    at = clock.now()
    if not await db.value(f"SELECT EXISTS ({OVERDUE})", at):
        return 0
    async with db.transaction():
        due = await db.rows(f"{OVERDUE} ORDER BY t.poll_id FOR NO KEY UPDATE OF t", at)
        closed = await db.rows(
            "UPDATE polls SET closed_at = closes_at WHERE id = ANY($1::bigint[]) AND closed_at IS NULL RETURNING id",
            [row["poll_id"] for row in due],
        )
        await store.bump_versions([row["id"] for row in closed])
    return len(closed)
