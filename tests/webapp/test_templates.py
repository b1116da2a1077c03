"""A template is compiled once, for all languages and processes."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from backend.i18n import Voice
from webapp import rendering
from webapp.rendering import CompiledTemplates


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """The names of the templates that were compiled since."""
    names: list[str | None] = []
    compiling: Any = Environment.compile

    def compile_template(
        env: Environment, source: Any, name: str | None = None, *args: Any, **how: Any
    ) -> Any:
        names.append(name)
        return compiling(env, source, name, *args, **how)

    monkeypatch.setattr(Environment, "compile", compile_template)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    yield names
    rendering.environment.cache_clear()


def render_anew(directory: Path, text: str = "{{ 1 + 1 }}") -> str:
    """A template as another process would render it, which keeps compiled ones in this directory."""
    loader = DictLoader({"sum.html": text})
    env = Environment(loader=loader, autoescape=True, bytecode_cache=CompiledTemplates(str(directory)))
    return env.get_template("sum.html").render()


def test_all_languages_share_what_was_compiled_for_one(
    compiled: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "COMPILED", tmp_path)
    rendering.environment.cache_clear()
    texts = {
        rendering.render("plain.html", Voice(language), code=404, refusal=None, sentence="", again=False)
        for language in ("en", "fi", "ru")
    }
    assert len(texts) == 3
    assert compiled.count("plain.html") == 1


def test_another_process_compiles_nothing(compiled: list[str | None], tmp_path: Path) -> None:
    assert [render_anew(tmp_path), render_anew(tmp_path)] == ["2", "2"]
    assert compiled == ["sum.html"]


def test_a_changed_template_or_another_way_of_compiling_it_compiles_it_anew(
    compiled: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [render_anew(tmp_path), render_anew(tmp_path, "{{ 1 + 2 }}")] == ["2", "3"]
    monkeypatch.setattr(CompiledTemplates, "_version", "another")
    assert render_anew(tmp_path, "{{ 1 + 2 }}") == "3"
    assert compiled == ["sum.html"] * 3


@pytest.mark.parametrize("how", ["there is no such directory", "Python keeps none"])
def test_where_nothing_can_be_kept_it_is_compiled_each_time(
    how: str, compiled: list[str | None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", how == "Python keeps none")
    directory = tmp_path / "none" if how == "there is no such directory" else tmp_path
    assert [render_anew(directory), render_anew(directory)] == ["2", "2"]
    assert compiled == ["sum.html"] * 2
    assert not list(tmp_path.iterdir())
