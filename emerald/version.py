"""The version: the first heading of CHANGELOG.md, which also says what to do before an update."""

import re
import sys
from pathlib import Path

# Beside the code; where the code was installed as a package, in the data of that environment.
_PLACES = (Path(__file__).resolve().parent.parent, Path(sys.prefix) / "share" / "emerald")
_CHANGELOG = next(
    (path for place in _PLACES if (path := place / "CHANGELOG.md").is_file()), _PLACES[0] / "CHANGELOG.md"
)
_HEADING = re.compile(r"^## (\d+\.\d+\.\d+)", re.MULTILINE)
_NOTE = re.compile(r"^- \*\*Before you update\*\*:? *(.*?)(?=^- |^#|\Z)", re.MULTILINE | re.DOTALL)


def _first_heading() -> str:
    found = _HEADING.search(_CHANGELOG.read_text(encoding="utf-8"))
    if found is None:
        raise RuntimeError("CHANGELOG.md has no version heading")
    return found[1]


def notes_before_updating(since: str | None = None) -> list[str]:
    """What operators do before they start this version, one paragraph each: its own notes, or those of all versions
    after `since`."""
    text = _CHANGELOG.read_text(encoding="utf-8")
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    found: list[str] = []
    for position, (heading, end) in enumerate(zip(headings, ends, strict=True)):
        is_wanted = _number(heading[1]) > _number(since) if since else position == 0
        if is_wanted:
            found += [" ".join(note[1].split()) for note in _NOTE.finditer(text, heading.end(), end)]
    return found


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


VERSION = _first_heading()
