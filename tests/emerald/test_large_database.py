"""In a database of years, no screen, feed or job reads a large table whole."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_large_table_is_read_whole() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scans"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == {}
