"""Messages are written in one place, each of a kind the table knows (`M1`)."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from backend import db
from backend.outbox.enqueue import enqueue, insert_messages, insert_mixed_messages
from backend.outbox.kinds import Kind, Priority
from backend.outbox.states import MessageState
from backend.people.preferences import Mutable

ROOT = Path(__file__).parents[2]
INSERT = re.compile(r"INSERT\s+INTO\s+messages\b", re.IGNORECASE)


def modules_that_insert() -> Iterator[str]:
    for room in ("backend", "bot", "emerald", "webapp"):
        for path in sorted((ROOT / room).rglob("*.py")):
            # A literal may be broken over lines.
            if INSERT.search(re.sub(r'"\s*\n\s*f?"', "", path.read_text())):
                yield str(path.relative_to(ROOT))


def test_one_module_inserts_messages() -> None:
    assert list(modules_that_insert()) == ["backend/outbox/enqueue.py"]


async def test_one_message_for_each_recipient_and_not_a_second(
    account: Any, alice: Any, bob: Any, noon: datetime
) -> None:
    """`M1`: the priority is the kind's, and what was written once is not written again."""
    for _ in range(2):
        async with db.transaction():
            await enqueue(
                Kind.POLL_UNANSWERED,
                [(alice.id, {"poll_id": 7}), (bob.id, {"poll_id": 7})],
                account_id=account.id,
                subject=7,
                at=noon,
            )
    rows = await db.rows("SELECT user_id, priority, due_at, detail FROM messages ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (alice.id, Priority.REMINDER, noon, '{"poll_id": 7}'),
        (bob.id, Priority.REMINDER, noon, '{"poll_id": 7}'),
    ]


async def test_a_kind_the_table_does_not_have_cannot_be_written(account: Any, alice: Any) -> None:
    statement = insert_mixed_messages(
        "r.kind",
        "(VALUES ($3::text)) AS r (kind)",
        account_id="$1::bigint",
        user_id="$2::bigint",
        dedupe="r.kind",
        due_at="now()",
    )
    async with db.transaction():
        assert await db.execute(statement, account.id, alice.id, Kind.OFFER) == 1
    with pytest.raises(Exception, match="priority"):
        async with db.transaction():
            await db.execute(statement, account.id, alice.id, "greeting")


@pytest.mark.parametrize("kind", Kind)
async def test_every_kind_can_be_written_with_its_own_priority(account: Any, alice: Any, kind: Kind) -> None:
    one = insert_messages(
        kind, "(SELECT 1) r", account_id="$1::bigint", user_id="$2::bigint", dedupe="'one'", due_at="now()"
    )
    mixed = insert_mixed_messages(
        "$3::text",
        "(SELECT 1) r",
        account_id="$1::bigint",
        user_id="$2::bigint",
        dedupe="'mixed'",
        due_at="now()",
    )
    async with db.transaction():
        await db.execute(one, account.id, alice.id)
        await db.execute(mixed, account.id, alice.id, kind)
    rows = await db.rows("SELECT kind, priority FROM messages")
    assert [tuple(row) for row in rows] == [(kind, kind.policy.priority)] * 2


def test_what_can_be_muted_is_what_people_can_mute() -> None:
    """`M5`"""
    muted_by = [kind.policy.muted_by for kind in Kind if kind.policy.muted_by is not None]
    assert sorted(muted_by) == sorted(Mutable)


async def test_the_database_lists_the_states_and_what_can_be_muted(database: None) -> None:
    """Their check constraints, so that neither knows a value the other does not."""
    for constraint, values in (
        ("messages_state_check", set(MessageState)),
        ("telegram_users_muted_kinds_check", set(Mutable)),
    ):
        definition = await db.value(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", constraint
        )
        assert set(re.findall(r"'([\w-]+)'::text", definition)) == values
