"""`emerald announce` and its neighbours, as an organiser's script uses them (`C5`, `X4`)."""

import json
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from backend import clock, db
from backend.groups.presence import mark_present
from backend.groups.queries import group_of_chat
from backend.zones import ClockChangeKind, find_clock_change, offset_changes, wall_clock
from tests.workers import command


async def test_an_organiser_announces_by_command(olga: Any, alice: Any, account: Any) -> None:
    """Seen first, kept for later, listed, and stopped."""
    announce = ("announce", "--account", "Kallio Yoga", "--text", "Closed <today>", "--as", "1001")
    seen = await command(*announce, "--groups", "all", "--members", "--preview")
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout.startswith(
        "Closed <today>\n\nGroups: Kallio Yoga\nMembers: 4, cannot be reached: 0, opted out: 0\n"
    )
    assert (await command("announcements", "--account", "Kallio Yoga", "--as", "1001")).stdout == (
        "No announcements yet.\n"
    ), "a preview leaves nothing behind"
    at = (clock.now() + timedelta(days=3)).isoformat()
    kept = await command(*announce, "--groups", str(account.group_id), "--at", at)
    assert kept.stdout.startswith("2 scheduled: 0 delivered"), kept
    stopped = await command("announcements", "stop", "2", "--as", "1001")
    assert stopped.stdout == "Stopped. 0 messages were not sent.\n", stopped
    listed = await command("announcements", "--account", "Kallio Yoga", "--as", "1001")
    assert [line.split(":")[0] for line in listed.stdout.splitlines()] == ["2 stopped"]
    refused = await command(*announce[:-1], "1002", "--members")
    assert (refused.returncode, refused.stdout) == (1, "") and "organisers" in refused.stderr
    nothing = await command("parked", "--account", "Kallio Yoga", "--as", "1001")
    assert nothing.stdout == "No messages are parked.\n", nothing


HELSINKI = "Europe/Helsinki"


def next_changed_hours() -> dict[ClockChangeKind, str]:
    """Half past three on the nights of the next changes of Helsinki’s clocks: one is skipped, one comes twice."""
    now = clock.now()
    nights = [
        wall_clock(at, HELSINKI).date() for at in offset_changes(HELSINKI, now, now + timedelta(days=364))
    ]
    hours = {}
    for night in nights:
        change = find_clock_change(datetime.combine(night, time(3, 30)), HELSINKI)
        assert change is not None
        hours[change.kind] = f"{night}T03:30"
    return hours


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("gap", "does not exist in Europe/Helsinki, because the clocks go forward then: it becomes 04:30."),
        ("fold", "comes twice in Europe/Helsinki, because the clocks go back then: the first one counts."),
    ],
)
async def test_an_hour_that_the_clocks_skip_or_repeat_is_told(
    olga: Any, account: Any, kind: str, said: str
) -> None:
    """`S3`: an announcement and a poll's end go by the same rule."""
    hour = next_changed_hours()[ClockChangeKind(kind)]
    of_account = ("--account", "Kallio Yoga", "--as", "1001")
    kept = await command("announce", *of_account, "--text", "Early", "--members", "--at", hour)
    assert kept.returncode == 0 and kept.stderr == f"{hour} {said}\n", kept
    poll = ("create-poll", *of_account, "--question", "When?", "--option", "A", "--option", "B")
    assert (await command(*poll, "--closes", hour)).stderr == f"{hour} {said}\n"


async def test_a_date_that_is_moved_into_a_skipped_hour_is_told(
    olga: Any, account: Any, instance: Any
) -> None:
    """`S3`, `S6`"""
    hour = next_changed_hours()[ClockChangeKind.GAP]
    moved = await command("event", "move", await instance(), "--starts-at", hour, "--as", "1001")
    assert moved.returncode == 0 and "it becomes 04:30." in moved.stderr, moved


async def test_who_is_missing_by_command(
    olga: Any, alice: Any, bob: Any, account: Any, instance: Any
) -> None:
    """`P5`: listed, and asked once a day."""
    code = await instance()
    await db.execute("DELETE FROM group_members")
    found = await command("missing", code, "--as", "1001")
    assert found.stdout == "Everyone known in the group has answered.\n", found
    group = await group_of_chat(account.chat_id)
    assert group is not None
    for person in (alice, bob):
        await mark_present(person, group)
    found = await command("missing", code, "--as", "1001")
    assert found.stdout == "Alice\nBob\n", found
    asked = await command("missing", code, "--remind", "--as", "1001")
    assert asked.stdout == "2 people will be asked.\n", asked
    nowhere = await command("missing", await instance(group_id=None), "--as", "1001")
    assert (nowhere.returncode, nowhere.stdout) == (1, "") and "It has no group" in nowhere.stderr
    again = await command("missing", code, "--remind", "--as", "1001", "--json")
    assert (again.returncode, again.stdout) == (1, "") and "You can ask again" in again.stderr


async def test_what_could_not_be_sent_is_listed_and_tried_again(olga: Any, account: Any, bob: Any) -> None:
    """`M2`."""
    await db.execute(
        "INSERT INTO messages (account_id, user_id, kind, detail, dedupe, priority, due_at, created_at,"
        " state, error)"
        " VALUES ($1, $2, 'promoted', '{}', 'x', 1, $3, $3, 'parked', 'Bad Request: chat not found')",
        account.id,
        bob.id,
        clock.now(),
    )
    of_account = ("parked", "--account", "Kallio Yoga", "--as", "1001")
    [line] = (await command(*of_account)).stdout.splitlines()
    assert line.endswith(" promoted Bob: Bad Request: chat not found")
    assert json.loads((await command(*of_account, "--json")).stdout)[0]["kind"] == "promoted"
    again = await command(*of_account, "--again")
    assert again.stdout == "1 messages will be tried again.\n", again
    assert await db.value("SELECT state FROM messages") == "due"
