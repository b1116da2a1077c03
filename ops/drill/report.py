"""The results as a table for people and as JSON for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict

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


def as_json(results: Iterable[Result]) -> str:
    """All figures."""
    return json.dumps([asdict(one) | {"passed": one.passed} for one in results], indent=2)
