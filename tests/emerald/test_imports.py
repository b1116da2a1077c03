"""How `emerald/` is loaded: what a module needs stands at its top, and what must not be loaded yet is loaded
by name."""

import ast
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "emerald"
# Imports inside functions, each with its reason.
ALLOWED = {
    ("emerald/web.py", "bot.webhook"): "a web process without the webhook never loads aiogram",
    (
        "emerald/web.py",
        "webapp.dashboard.openid_provider",
    ): "cryptography, where Telegram's sign-in is set up",
}


def imports_in_functions(source: str) -> Iterator[str]:
    """The modules that functions import themselves."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield node.module or "."


def test_aiogram_is_loaded_by_the_bot_package_alone() -> None:
    """Decision 0008: whatever loads it before `bot` has all 400 of its models built, 100 MB and five seconds."""
    importing = {
        path.relative_to(ROOT).as_posix()
        for path in (
            path for place in (PACKAGE, ROOT / "webapp", ROOT / "backend") for path in place.rglob("*.py")
        )
        if re.search(r"^\s*(from|import) aiogram\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert not importing


@pytest.mark.parametrize(
    "module", ["emerald.bot", "emerald.worker", "emerald.commands.setup_bot", "bot.webhook"]
)
def test_every_entrance_leaves_models_that_it_does_not_use_unbuilt(module: str) -> None:
    """Decision 0008."""
    state = f"import {module}, aiogram.types as t; print(t.Giveaway.__pydantic_complete__, t.BotCommand.__pydantic_complete__)"
    assert run(state).split() == ["False", "False"]


def test_functions_import_nothing_but_what_is_listed() -> None:
    found = {
        (path.relative_to(ROOT).as_posix(), module)
        for path in PACKAGE.rglob("*.py")
        for module in imports_in_functions(path.read_text("utf-8"))
    }
    assert found == set(ALLOWED)


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import json",
        "async def f():\n    if True:\n        from emerald import cli",
        "class A:\n    def f(self):\n        from . import b",
    ],
)
def test_an_import_in_a_function_is_found(source: str) -> None:
    """The negative control."""
    assert list(imports_in_functions(source))


def test_an_import_at_the_top_is_none() -> None:
    assert not list(imports_in_functions("import json\nif True:\n    import ast\nclass A:\n    import re"))


def run(code: str) -> str:
    """The output of a new Python, with the settings of the tests."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    ).stdout


@cache
def loaded_with(*modules: str) -> set[str]:
    """The modules that these bring into a new Python."""
    return set(
        run(
            f"import sys, {', '.join(modules)}; print(*(name for name, module in sys.modules.items() if module))"
        ).split()
    )


def test_the_web_process_loads_neither_aiogram_nor_the_migrations() -> None:
    """Decision 0008: they would take it tens of megabytes."""
    loaded = loaded_with("emerald.web")
    assert "litestar" in loaded and "httpx" in loaded
    assert not {"aiogram", "bot", "piccolo.apps.migrations", "backend.piccolo_app"} & loaded


def test_no_process_loads_what_few_requests_need() -> None:
    """Tables, pictures and signatures are loaded where and when they are needed; colours of tracebacks never."""
    assert not {"rich", "xlsxwriter", "PIL", "segno", "joserfc", "cryptography"} & loaded_with("emerald.web")
    assert not {"rich", "xlsxwriter", "PIL", "segno", "joserfc", "cryptography"} & loaded_with(
        "emerald.bot", "emerald.worker"
    )


def test_what_libraries_bring_for_development_is_not_loaded() -> None:
    """Decision 0006: they are in the lock because litestar and piccolo ask for them."""
    loaded = loaded_with("emerald.web") | loaded_with("emerald.worker", "emerald.bot")
    assert {"litestar", "aiogram", "piccolo"} <= loaded
    assert not {"black", "faker", "polyfactory"} & loaded


def test_help_takes_less_than_a_third_of_a_second() -> None:
    """Of processor time, which does not depend on what else the machine does."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "create-account" in run("from emerald.cli import main; main(['--help'])")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
