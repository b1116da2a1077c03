"""In a database of years, no screen, feed or job of every minute reads a large table whole."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Once a night, by their nature.
READ_WHOLE = {"archive", "check invariants"}


def test_no_large_table_is_read_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scans"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert {name: tables for name, tables in found.items() if name not in READ_WHOLE} == {}
