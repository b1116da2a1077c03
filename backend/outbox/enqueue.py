"""Writing messages in the transaction that causes them: the only `INSERT INTO messages` (`M1`)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict, Unpack

from backend import db
from backend.outbox.kinds import Kind

Recipient = tuple[int, Mapping[str, object]]  # the person's id, and the detail their text is made from


class Columns(TypedDict):
    """The columns of a message, each as an SQL expression. No second message with a `dedupe` is written."""

    account_id: str
    dedupe: str
    due_at: str  # also when it was created
    detail: NotRequired[str]
    user_id: NotRequired[str]
    group_id: NotRequired[str]
    topic_id: NotRequired[str]
    instance_id: NotRequired[str]
    announcement_id: NotRequired[str]


def insert_messages(kind: Kind, source: str, **columns: Unpack[Columns]) -> str:
    """The statement that writes a message for each row of `source`, which is everything after FROM."""
    return _insert(f"'{kind}'", str(int(kind.policy.priority)), source, columns)


def insert_mixed_messages(kind: str, source: str, **columns: Unpack[Columns]) -> str:
    """The same where every row has a kind of its own, which the SQL expression `kind` says; one that is
    not in `Kind` violates the priority's NOT NULL."""
    priorities = " ".join(f"WHEN '{each}' THEN {int(each.policy.priority)}" for each in Kind)
    return _insert(kind, f"CASE {kind} {priorities} END", source, columns)


def _insert(kind: str, priority: str, source: str, columns: Columns) -> str:
    values: dict[str, str] = {
        "kind": kind,
        "priority": priority,
        "detail": "'{}'::jsonb",
        "created_at": columns["due_at"],
    }
    values.update(columns)  # type: ignore[arg-type]
    return (
        f"INSERT INTO messages ({', '.join(values)}) SELECT {', '.join(values.values())} FROM {source}"
        " ON CONFLICT ON CONSTRAINT messages_dedupe_key DO NOTHING"
    )


ENQUEUE = insert_mixed_messages(
    "$1::text",
    "unnest($5::bigint[], $6::text[], $7::text[]) AS r (user_id, detail, dedupe)",
    account_id="$2::bigint",
    instance_id="$3::bigint",
    user_id="r.user_id",
    detail="r.detail::jsonb",
    dedupe="r.dedupe",
    due_at="$4::timestamptz",
)


async def enqueue(
    kind: Kind,
    recipients: Sequence[Recipient],
    *,
    account_id: int,
    at: datetime,
    instance_id: int | None = None,
    subject: int | None = None,
    once_per: datetime | None = None,
) -> None:
    """Write one message for each recipient, due at once.

    Nobody gets a second about the same `subject` (the instance, unless it is something else) `once_per`
    moment, which is `at` unless it is another.
    """
    about = subject if instance_id is None else instance_id
    assert about is not None
    await db.execute(
        ENQUEUE,
        kind,
        account_id,
        instance_id,
        at,
        [user_id for user_id, _ in recipients],
        [json.dumps(detail) for _, detail in recipients],
        [dedupe_key(kind, about, user_id, once_per or at) for user_id, _ in recipients],
    )


def dedupe_key(kind: Kind, subject: int, user_id: int, at: datetime, nth: int = 0) -> str:
    """The key under which a person gets a message once: its kind, what it is about, and which time of it."""
    return f"{kind}:{subject}:{user_id}:{at.isoformat()}:{nth}"
