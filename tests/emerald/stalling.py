"""What stalled processes of tests run. Loads none of our modules by itself (`tests/forked.py`)."""

import os
import re
import sys
from pathlib import Path

STALLED_AFTER = 1.0  # seconds


def run_until_stalled(arguments: list[str], at: str, out: Path) -> None:
    """Run `emerald <arguments>`, which stands still at this failpoint for ever, in a search that holds the
    interpreter. Writes what it says to the file `out`/2, and makes `out`/stalled when it begins to stand still."""
    os.dup2(os.open(f"{out}/2", os.O_WRONLY | os.O_CREAT), 2)
    from backend import failpoints
    from emerald import watchdog
    from emerald.cli import main

    async def stand_still() -> None:
        os.close(os.open(f"{out}/stalled", os.O_WRONLY | os.O_CREAT))
        re.fullmatch(r"(a+)+", "a" * 100 + "b")

    watchdog.STALLED_AFTER, watchdog.BEAT = STALLED_AFTER, STALLED_AFTER / 5
    failpoints.set_hook(at, stand_still)
    sys.exit(main(arguments))
