"""Tests wait for what they wait for, never for time to pass."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for folder in ("tests", "e2e") for path in (ROOT / folder).rglob("*.py"))


def sleeps(source: str) -> list[int]:
    """The lines on which a module lets time pass: a `sleep` that is not the pause of a loop which asks again, and any
    `wait_for_timeout`. `sleep(0)` lets others run, and takes no time."""
    tree = ast.parse(source)
    asks_again = {node for loop in ast.walk(tree) if isinstance(loop, ast.While) for node in ast.walk(loop)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        yields = bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == 0
        if name == "wait_for_timeout" or (name == "sleep" and node not in asks_again and not yields):
            found.append(node.lineno)
    return found


def test_no_test_sleeps() -> None:
    slept = {str(path.relative_to(ROOT)): sleeps(path.read_text()) for path in MODULES}
    assert {path: lines for path, lines in slept.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("time.sleep(2)", [1]),
        ("page.wait_for_timeout(500)", [1]),
        ("asyncio.sleep(0)", []),
        ("while not there():\n    time.sleep(0.1)", []),
    ],
)
def test_a_sleep_is_found(source: str, lines: list[int]) -> None:
    assert sleeps(source) == lines
