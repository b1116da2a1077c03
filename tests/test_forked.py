"""That processes of tests can be forked from one that has loaded the program (`tests/forked.py`)."""

import ast
from collections.abc import Iterator, Sequence

import pytest

from backend.database_address import DatabaseAddress
from backend.settings import settings
from tests import forked
from tests.workers import run


def used_while_loading(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """What is evaluated while a module is loaded, without the bodies of functions."""
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from used_while_loading(node.decorator_list)
        elif not isinstance(node, ast.Lambda):
            yield node
            yield from used_while_loading(list(ast.iter_child_nodes(node)))


def uses_settings(source: str) -> bool:
    """Whether a module takes something from the settings while it is loaded. The settings as a whole may be the
    default of an argument."""
    return any(
        (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "settings")
        or (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "settings")
        for node in used_while_loading(ast.parse(source).body)
    )  # fmt: skip


def test_preloaded_modules_use_settings_only_later() -> None:
    found = {
        path.relative_to(forked.ROOT).as_posix()
        for folder in forked.OURS
        for path in (forked.ROOT / folder).rglob("*.py")
        if uses_settings(path.read_text("utf-8"))
    }
    assert found == forked.USE_SETTINGS_AT_ONCE


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("URL = f'https://{settings.host}'", True),
        ("class A:\n    url = settings.url", True),
        ("@limit(settings.most)\ndef f(): ...", True),
        ("def f():\n    return settings.url", False),
        ("f = lambda: settings.url", False),
    ],
)
def test_a_use_while_loading_is_found(source: str, found: bool) -> None:
    """The control."""
    assert uses_settings(source) is found


def test_a_process_goes_by_its_own_environment(database: None) -> None:
    there = run("database-url", DATABASE_URL="postgresql://u@other.example:6000/x")
    assert there.stdout.strip() == "postgresql://u@other.example:6000/x"
    wrong = run("doctor", PORT="web")
    assert wrong.returncode == 2 and wrong.stderr.startswith("PORT ")
    assert DatabaseAddress.from_url(run("database-url").stdout.strip()) == settings.database
