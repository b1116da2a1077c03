"""The results as a table for people and as JSON for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from ops.drill.drill import Result

HEADINGS = ("scenario", "PostgreSQL", "RTO s", "RPO s", "slowest s", "acknowledged", "tries failed", "")


def table(results: Iterable[Result]) -> str:
    """A Markdown table, one row for each scenario."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *map(_row, results)]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _row(one: Result) -> tuple[str, ...]:
    return (
        one.scenario,
        one.engine,
        f"{one.recovery:.1f}",
        f"{one.loss:.1f}",
        f"{one.slowest:.1f}",
        f"{one.acknowledged:,}",
        f"{sum(one.failures.values()):,}",
        "good" if one.passed else " ".join(one.faults).replace("|", "/"),
    )


def add_to(file: Path, results: Iterable[Result]) -> None:
    """Add all figures to a JSON file, which may have those of another engine."""
    before = json.loads(file.read_text()) if file.exists() else []
    file.write_text(json.dumps(before + [asdict(one) | {"passed": one.passed} for one in results], indent=2))
