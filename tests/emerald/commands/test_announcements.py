"""`emerald announce` and its neighbours, as an organiser's script uses them (`C5`, `X4`)."""

from datetime import timedelta
from typing import Any

from backend import clock
from tests.workers import command


async def test_an_organiser_announces_by_command(olga: Any, alice: Any, club: Any) -> None:
    """Seen first, kept for later, listed, and stopped."""
    tell = ("announce", "--account", "Kallio Yoga", "--text", "Closed <today>", "--as", "1001")
    seen = await command(*tell, "--groups", "all", "--members", "--preview")
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout == (
        "Closed <today>\n\nGroups: Kallio Yoga\nMembers: 4, cannot be reached: 0, want none: 0\n"
    )
    at = (clock.now() + timedelta(days=3)).isoformat()
    kept = await command(*tell, "--groups", str(club.group_id), "--at", at)
    assert kept.stdout.startswith("2 scheduled: 0 delivered"), kept
    stopped = await command("announcements", "stop", "2", "--as", "1001")
    assert stopped.stdout == "Stopped; 0 messages are not sent.\n", stopped
    listed = await command("announcements", "--account", "Kallio Yoga", "--as", "1001")
    assert [line.split(":")[0] for line in listed.stdout.splitlines()] == ["2 stopped", "1 stopped"]
    refused = await command(*tell[:-1], "1002", "--members")
    assert (refused.returncode, refused.stdout) == (1, "") and "organisers" in refused.stderr
    nothing = await command("parked", "--account", "Kallio Yoga", "--as", "1001")
    assert nothing.stdout == "Nothing is parked.\n", nothing


async def test_who_is_missing_by_command(olga: Any, instance: Any) -> None:
    code = await instance()
    found = await command("missing", code, "--as", "1001")
    assert found.stdout == "Everybody known to the group has answered.\n", found
