"""Messages that were given up, for an account's organisers to see and to send again (`M2`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
from backend.errors import NotFound
from backend.outbox.states import MessageState
from backend.people.queries import Person


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """A message that could not be sent. `name` is the person's or the group's, `kind` as it is stored."""

    id: int
    kind: str
    name: str
    title: str
    error: str
    created_at: datetime


# The messages of account $1 that could not be sent, with what they are about.
PARKED = """
FROM messages m
LEFT JOIN telegram_users u ON u.id = m.user_id
LEFT JOIN groups g ON g.id = m.group_id
LEFT JOIN event_instances i ON i.id = m.instance_id
LEFT JOIN event_series r ON r.id = i.series_id
WHERE m.account_id = $1 AND m.state = 'parked'
"""


COLUMNS = f"""
SELECT m.id, m.kind, m.error, m.created_at, coalesce(g.title, u.first_name, '') AS name,
    coalesce(u.last_name, '') AS last_name, coalesce(i.title, r.title, '') AS title {PARKED}
"""


async def parked_messages(
    account_id: int, *, after: int | None = None, limit: int = 50
) -> list[ParkedMessage]:
    """What could not be sent to the account's people and groups, newest first; `after` is the message that the page
    before ended with."""
    rows = await db.rows(
        f"{COLUMNS} AND ($3::bigint IS NULL OR m.id < $3) ORDER BY m.id DESC LIMIT $2",
        account_id,
        limit,
        after,
    )
    return [
        ParkedMessage(
            row["id"],
            row["kind"],
            f"{row['name']} {row['last_name']}".strip(),
            row["title"],
            row["error"],
            row["created_at"],
        )
        for row in rows
    ]


async def parked_count(account_id: int) -> int:
    """How many could not be sent."""
    return int(
        await db.value("SELECT count(*) FROM messages WHERE account_id = $1 AND state = 'parked'", account_id)
    )


async def send_parked_again(person: Person, account_id: int, message_id: int | None = None) -> int:
    """Try once more what could not be sent, or one message of it: it is due now, with all its attempts; how many.

    What is stale by then is not sent. Raises `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.ANNOUNCE)
    async with db.transaction():
        again = await db.execute(
            "UPDATE messages SET state = 'due', due_at = $2, attempts = 0, error = ''"
            " WHERE account_id = $1 AND state = 'parked' AND ($3::bigint IS NULL OR id = $3)",
            account.id,
            clock.now(),
            message_id,
        )
        if message_id is not None and not again:
            await _require_message(account.id, message_id)
        if again:
            await record_audit(account.id, person.id, "send again", "messages", count=again)
    return again


async def drop_parked(person: Person, account_id: int, message_id: int, *, undo: bool = False) -> None:
    """Give up a message that could not be sent; `undo` parks it again. Doing it again changes nothing. Raises
    `Forbidden`, `NotFound`."""
    account = await authorize(person, account_id, Permission.ANNOUNCE)
    before, then = (
        (MessageState.DROPPED, MessageState.PARKED) if undo else (MessageState.PARKED, MessageState.DROPPED)
    )
    async with db.transaction():
        changed = await db.execute(
            "UPDATE messages SET state = $4 WHERE account_id = $1 AND id = $2 AND state = $3 AND error <> ''",
            account.id,
            message_id,
            before,
            then,
        )
        if not changed:
            await _require_message(account.id, message_id)
        elif not undo:
            await record_audit(account.id, person.id, "drop message", "messages", message=message_id)


async def _require_message(account_id: int, message_id: int) -> None:
    """Raises `NotFound` for a message of another account (`A1`)."""
    if not await db.value(
        "SELECT true FROM messages WHERE account_id = $1 AND id = $2", account_id, message_id
    ):
        raise NotFound()
