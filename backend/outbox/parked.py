"""Messages that were given up, for an account's organisers to see and to send again (`M2`)."""

from dataclasses import dataclass
from datetime import datetime

from backend import clock, db
from backend.accounts.queries import authorize
from backend.accounts.rules import Permission
from backend.audit.actions import record_audit
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


async def parked_messages(account_id: int, *, limit: int = 50) -> list[ParkedMessage]:
    """What could not be sent to the account's people and groups, newest first."""
    rows = await db.rows(
        "SELECT m.id, m.kind, m.error, m.created_at, coalesce(g.title, u.first_name) AS name,"
        f" coalesce(u.last_name, '') AS last_name, coalesce(i.title, r.title, '') AS title {PARKED}"
        " ORDER BY m.created_at DESC, m.id DESC LIMIT $2",
        account_id,
        limit,
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


async def send_parked_again(person: Person, account_id: int) -> int:
    """Try once more what could not be sent: it is due now, with all its attempts; how many.

    What is stale by then is not sent. Raises `Forbidden`, `NotFound`.
    """
    account = await authorize(person, account_id, Permission.ANNOUNCE)
    async with db.transaction():
        again = await db.execute(
            "UPDATE messages SET state = 'due', due_at = $2, attempts = 0, error = ''"
            " WHERE account_id = $1 AND state = 'parked'",
            account.id,
            clock.now(),
        )
        if again:
            await record_audit(account.id, person.id, "send again", "messages", count=again)
    return again
