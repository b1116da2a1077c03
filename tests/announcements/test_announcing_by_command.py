"""`emerald announce` and its neighbours, as an organiser's script uses them (`C5`, `X4`)."""

import asyncio
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from backend import clock

ROOT = Path(__file__).parents[2]


async def emerald(*arguments: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "emerald", *arguments],
        cwd=ROOT,
        env={**os.environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


async def test_an_organiser_announces_by_command(olga: Any, alice: Any, club: Any) -> None:
    """Seen first, kept for later, listed, and stopped."""
    tell = ("announce", "--account", "Kallio Yoga", "--text", "Closed <today>", "--as", "1001")
    seen = await emerald(*tell, "--groups", "all", "--members", "--preview")
    assert seen.returncode == 0, seen.stderr
    assert seen.stdout == (
        "Closed <today>\n\nGroups: Kallio Yoga\nMembers: 4, cannot be reached: 0, want none: 0\n"
    )
    at = (clock.now() + timedelta(days=3)).isoformat()
    kept = await emerald(*tell, "--groups", str(club.group_id), "--at", at)
    assert kept.stdout.startswith("2 scheduled: 0 delivered"), kept
    stopped = await emerald("announcements", "stop", "2", "--as", "1001")
    assert stopped.stdout == "Stopped; 0 messages are not sent.\n", stopped
    listed = await emerald("announcements", "--account", "Kallio Yoga", "--as", "1001")
    assert [line.split(":")[0] for line in listed.stdout.splitlines()] == ["2 stopped", "1 stopped"]
    refused = await emerald(*tell[:-1], "1002", "--members")
    assert (refused.returncode, refused.stdout) == (1, "") and "organisers" in refused.stderr
    nothing = await emerald("parked", "--account", "Kallio Yoga", "--as", "1001")
    assert nothing.stdout == "Nothing is parked.\n", nothing


async def test_who_is_missing_by_command(olga: Any, instance: Any) -> None:
    code = await instance()
    found = await emerald("missing", code, "--as", "1001")
    assert found.stdout == "Everybody known to the group has answered.\n", found
