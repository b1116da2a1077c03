"""Each slice writes only its own tables: those that its `tables.py` declares. Everybody may read them all."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BACKEND = ROOT / "backend"
WRITE = re.compile(
    r"(?<!FOR )(?<!KEY )(?<!DO )\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|TRUNCATE)\s+(\{|[a-z_]+)"
)
UNKNOWN = "{"  # the name is put in by an f-string


class Write(NamedTuple):
    """A statement in a module that writes a table."""

    path: Path
    line: int
    table: str


def slice_of(path: Path) -> str:
    """The slice a module belongs to; a module outside of them is one of its own."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == "backend" else parts[0]


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for package in ("backend", "bot", "emerald", "webapp"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def writes_of(path: Path, tree: ast.Module) -> Iterator[Write]:
    """The tables that the SQL in a module's strings writes. What an f-string puts in reads as `{`."""
    inside_fstring = {
        id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else UNKNOWN for part in node.values]
            text = "".join(str(part) for part in parts)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside_fstring
        ):
            text = node.value
        else:
            continue
        for found in WRITE.finditer(text):
            yield Write(path, getattr(node, "lineno", 0), found[1])


def declared_tables(tree: ast.Module) -> Iterator[str]:
    """The tables of the Piccolo classes in a module."""
    for node in ast.walk(tree):
        for keyword in node.keywords if isinstance(node, ast.ClassDef) else ():
            if keyword.arg == "tablename" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)


@pytest.fixture(scope="module")
def owners() -> dict[str, str]:
    """The slice that declares each table."""
    return {table: slice_of(path) for path, tree in modules() for table in declared_tables(tree)}


def foreign(writes: Iterator[Write], owners: dict[str, str]) -> list[str]:
    """The writes of a table by a slice that does not own it."""
    return [
        f"{write.path.relative_to(ROOT)}:{write.line} writes {write.table}"
        for write in writes
        if write.table in owners | {UNKNOWN: ""} and slice_of(write.path) != owners.get(write.table)
    ]


# Moves rows of several slices, whole and unchanged, into the twins of their tables.
ARCHIVE = ROOT / "emerald" / "archive.py"


def test_every_slice_writes_only_its_own_tables(owners: dict[str, str]) -> None:
    writes = [write for path, tree in modules() if path != ARCHIVE for write in writes_of(path, tree)]
    assert foreign(iter(writes), owners) == []
    # Each table has somebody who writes it, so the search has missed none; series are also written through
    # Piccolo.
    assert {write.table for write in writes} >= owners.keys()


def test_only_its_own_slice_writes_a_table_through_piccolo() -> None:
    """Other slices' tables are named by foreign keys, in `tables.py`, and by the migrations."""
    importers = [
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and re.fullmatch(r"backend\.\w+\.tables", node.module or "")
        and (node.module or "").split(".")[1] != slice_of(path)
    ]
    assert {path.name for path in importers} <= {"tables.py", "piccolo_app.py"}


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ('db.execute("UPDATE bookings SET came = 1")', "bookings"),
        ('db.execute("WITH gone AS (DELETE FROM bookings RETURNING id) SELECT 1")', "bookings"),
        ('SQL = f"""\nINSERT INTO bookings AS b (id) SELECT {NAME}"""', "bookings"),
        ('db.execute("INSERT INTO"\n" bookings (id) VALUES (1)")', "bookings"),
        ('db.execute(f"DELETE FROM {table} WHERE id = 1")', UNKNOWN),
    ],
)
def test_a_write_by_another_slice_is_found(source: str, table: str, owners: dict[str, str]) -> None:
    path = BACKEND / "polls" / "actions.py"
    found = list(writes_of(path, ast.parse(source)))
    assert [write.table for write in found] == [table]
    assert len(foreign(iter(found), owners)) == 1


@pytest.mark.parametrize(
    "source",
    [
        'db.execute("SELECT 1 FROM bookings FOR NO KEY UPDATE")',
        'db.execute("SELECT 1 FROM bookings b FOR UPDATE OF b")',
        'db.execute("INSERT INTO polls (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 1")',
    ],
)
def test_locks_and_conflicts_are_no_writes(source: str, owners: dict[str, str]) -> None:
    path = BACKEND / "polls" / "actions.py"
    assert foreign(writes_of(path, ast.parse(source)), owners) == []
