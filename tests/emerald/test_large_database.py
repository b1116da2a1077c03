"""In a database of years, no screen, feed or job of every minute reads a large table whole."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Once a night, by their nature; and a person's export, ten an hour at most, whose joins with the twins of the archive are
# planned now one way and now another.
READ_WHOLE = {"archive", "check invariants", "export"}


def test_no_large_table_is_read_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scans"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert {name: tables for name, tables in found.items() if name not in READ_WHOLE} == {}
