"""Maintenance is announced in every club at once, by whoever runs Emerald (`C5`)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.accounts.actions import create_account
from backend.announcements import in_every_account
from backend.announcements.fan_out import fan_out
from backend.announcements.in_every_account import Announced, announce_maintenance
from backend.announcements.queries import announcements
from backend.errors import Invalid
from tests.workers import command

TEXT = "On Sunday from 2 to 4 Emerald is being maintained."

MADE = """
SELECT a.name, n.to_members, array_length(array(
    SELECT group_id FROM announcement_groups WHERE announcement_id = n.id), 1) AS groups
FROM announcements n JOIN accounts a ON a.id = n.account_id ORDER BY a.name
"""


async def made() -> list[tuple[str, bool, int | None]]:
    return [tuple(row.values()) for row in await db.rows(MADE)]


async def test_groups_are_told_and_members_of_clubs_without_one(olga: Any, account: Any) -> None:
    """A closed club is not told. Organisers see it among their announcements, and in the audit log."""
    await create_account("Without a group")
    closed = await create_account("Closed")
    await db.execute(
        "UPDATE accounts SET closing_at = $2, closed_at = $2 WHERE id = $1", closed.account_id, clock.now()
    )
    assert await announce_maintenance(TEXT) == Announced(accounts=2, before=0)
    assert await made() == [("Kallio Yoga", False, 1), ("Without a group", True, None)]
    await fan_out()
    (message,) = await db.rows("SELECT group_id, user_id FROM messages")
    assert (message["group_id"], message["user_id"]) == (account.group_id, None)
    (seen,) = await announcements(olga, account.id)
    assert (seen.announcement.text, seen.announcement.maintenance) == (TEXT, True)
    logged = await db.rows("SELECT account_id, user_id, verb FROM audit_log WHERE verb = 'send' ORDER BY id")
    assert [(row["user_id"], row["verb"]) for row in logged] == [(None, "send")] * 2


async def test_an_interrupted_call_is_repeated_without_telling_anyone_twice(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several at once too, whatever the batches."""
    monkeypatch.setattr(in_every_account, "BATCH_SIZE", 2)
    for number in range(6):
        await create_account(f"Club {number}")
    told = await asyncio.gather(*(announce_maintenance(TEXT) for _ in range(5)))
    assert sum(one.accounts for one in told) == 7
    assert await announce_maintenance(f" {TEXT} ") == Announced(accounts=0, before=7)
    assert await announce_maintenance("It is on Monday instead.") == Announced(accounts=7, before=0)


async def test_it_can_wait_and_go_to_members_too(account: Any, noon: datetime) -> None:
    at = noon + timedelta(hours=3)
    await announce_maintenance(TEXT, at=at, to_members=True)
    assert await made() == [("Kallio Yoga", True, 1)]
    assert await fan_out() == 0
    clock.advance(timedelta(hours=3))
    await fan_out()
    assert await db.value("SELECT count(*) FROM messages") == 5


@pytest.mark.parametrize(
    ("text", "days", "field"),
    [(" ", 0, "text"), ("x" * 4_096, 0, "text"), (TEXT, -1, "at"), (TEXT, 400, "at")],
)
async def test_what_cannot_be_is_refused(account: Any, text: str, days: int, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await announce_maintenance(text, at=clock.now() + timedelta(days=days) if days else None)
    assert refused.value.field == field
    assert await made() == []


async def test_it_is_a_command(account: Any) -> None:
    told = await command("maintenance", "announce", "--text", TEXT)
    assert (told.returncode, told.stdout) == (0, "Announced in 1 club.\n"), told.stderr
    again = await command("maintenance", "announce", "--text", TEXT, "--members")
    assert again.stdout == "Announced in 0 clubs. 1 knew it before.\n"
