"""Zones are the business of `backend.zones` alone: neither the database nor the browser knows of any
(`S10`)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What in SQL depends on zone data, PostgreSQL's own, or on the session's zone. Sessions are in UTC, so that
# is a fault too where an instant is meant to have a day.
ZONED_SQL = {
    "converts between zones": r"\bat\s+time\s+zone\b",
    "converts by a function": (
        r"\b(?:timezone|make_timestamptz|date_bin|localtimestamp|localtime|current_date|current_time)\b\s*\(?"
    ),
    "takes a calendar apart": r"\bdate_trunc\s*\(|\bdate_part\s*\(|\bto_char\s*\(|\bto_timestamp\s*\([^)]*,",
    "takes a field other than the epoch": r"\bextract\s*\(\s*(?!epoch\b)\w+",
    "casts an instant to a wall clock": r"(?<![\d\s])\s*::\s*(?:date|time|timestamp)\b(?!tz)(?!\s+with\s+time\s+zone)",
    "sets the session's zone": r"\bset\s+(?:local\s+|session\s+)?time\s*zone\b",
    "names a zone": r"'[A-Z][A-Za-z]+/[A-Z][A-Za-z_]+'",
}
# Looks like SQL: prose would trip over the rules above.
SQL = re.compile(r"\b(?:select|insert\s+into|update|delete\s+from|from|where|join|order\s+by)\b", re.I)


def zoned(sql: str) -> list[str]:
    return [what for what, pattern in ZONED_SQL.items() if re.search(pattern, sql, re.I)]


def texts_of(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that are no docstrings; of an f-string what stands between the values."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else " x " for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def sql_of(folder: str) -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for text in texts_of(ast.parse(path.read_text("utf-8"))):
            if SQL.search(text):
                yield path.relative_to(ROOT).as_posix(), text


# These take the hour and the weekday of wall clocks that are stored (`starts_local`), and the length of spans.
OF_WALL_CLOCKS = "backend/reports/numbers.py"


def test_no_statement_asks_postgresql_about_a_zone() -> None:
    statements = [*sql_of("backend"), *sql_of("emerald")]
    assert len(statements) > 300
    found = [(path, sql) for path, sql in statements if zoned(sql)]
    assert [one for one in found if one[0] != OF_WALL_CLOCKS] == []
    assert len(found) == 3


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT starts_at AT TIME ZONE zone FROM x",
        "SELECT timezone('UTC', starts_at) FROM x",
        "SELECT date_trunc('day', starts_at, 'Europe/Helsinki') FROM x",
        "SELECT starts_at::date FROM x",
        "SELECT starts_at :: timestamp FROM x",
        "SELECT extract(dow FROM starts_at) FROM x",
        "SELECT to_char(starts_at, 'HH24:MI') FROM x",
        "SELECT * FROM x WHERE starts_at > current_date",
        "SET LOCAL TIME ZONE 'Europe/Helsinki'",
    ],
)
def test_zone_arithmetic_is_found(sql: str) -> None:
    """The negative control."""
    assert zoned(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT $1::timestamptz FROM x",
        "SELECT unnest($1::timestamp with time zone[]) FROM x",
        "SELECT extract(epoch FROM starts_at) FROM x",
        "SELECT starts_at - make_interval(mins => 5) FROM x",
        "SELECT to_timestamp(0) FROM x",
        "SELECT * FROM unnest($1::timestamp[]) x",
    ],
)
def test_instants_are_none(sql: str) -> None:
    assert zoned(sql) == []


# What a browser may do about zones: name its own, and format what was shifted already, in UTC.
ZONED_SCRIPT = re.compile(
    r"toLocale\w*String\((?!lang, \{ timeStyle: 'short', timeZone: 'UTC' \}\))[^\n]*"
    r"|Intl\.DateTimeFormat\((?!\)\.resolvedOptions\(\)\.timeZone)[^\n]*"
    r"|\.get(?:Hours|Minutes|Date|Day|Month|FullYear|TimezoneOffset)\(|\.toTimeString\(|\.toDateString\(|Temporal\b"
)


def test_no_script_of_ours_formats_an_instant_by_the_browsers_zones() -> None:
    scripts = sorted((ROOT / "webapp" / "static").glob("*.js"))
    assert {path.name for path in scripts} >= {"app.js", "session.js"}
    found = {path.name: ZONED_SCRIPT.findall(path.read_text("utf-8")) for path in scripts}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "script",
    [
        "new Date(x).toLocaleTimeString(lang, { timeStyle: 'short', timeZone: zone })",
        "new Date(x).toLocaleString()",
        "new Intl.DateTimeFormat(lang, how).format(x)",
        "new Date(x).getHours()",
    ],
)
def test_a_script_that_does_is_found(script: str) -> None:
    """The negative control."""
    assert ZONED_SCRIPT.search(script)
