"""In a database of years, no screen, feed or job reads a large table whole."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# They list all members of a club at once, which for a small club among many people is a whole read of the people.
OF_ALL_MEMBERS = {
    "member /dashboard/members",
    "organiser /dashboard/members",
    "member /dashboard/events/{code}",
    "organiser /dashboard/events/{code}",
    "organiser /app/events/{code}/attendance/new",
}


def test_no_large_table_is_read_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scans"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = {name: tables for name, tables in json.loads(done.stdout).items() if name not in OF_ALL_MEMBERS}
    assert found == {}
