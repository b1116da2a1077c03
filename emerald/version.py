"""The version: the first heading of CHANGELOG.md."""

import re
from pathlib import Path

_CHANGELOG = Path(__file__).resolve().parent.parent / "CHANGELOG.md"


def _first_heading() -> str:
    found = re.search(r"^## (\d+\.\d+\.\d+)", _CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise RuntimeError("CHANGELOG.md has no version heading")
    return found[1]


VERSION = _first_heading()
