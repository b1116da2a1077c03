"""A template of the bot is compiled once, before anybody writes to it."""

from typing import Any

import pytest
from jinja2 import Environment

from backend.i18n import Voice
from bot import rendering


def test_what_was_loaded_is_compiled_for_all_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str | None] = []
    compiling: Any = Environment.compile

    def compile_template(
        env: Environment, source: Any, name: str | None = None, *args: Any, **how: Any
    ) -> Any:
        compiled.append(name)
        return compiling(env, source, name, *args, **how)

    monkeypatch.setattr(Environment, "compile", compile_template)
    monkeypatch.setattr(rendering, "_compiled", rendering._CompiledTemplates())
    rendering._environment.cache_clear()
    rendering.load_templates()
    assert {*compiled} == {
        path.relative_to(rendering.TEMPLATES).as_posix() for path in rendering.TEMPLATES.rglob("*.html")
    }
    assert len(compiled) == len({*compiled})
    compiled.clear()
    texts = {
        rendering.render("my_accounts.html", Voice(language), accounts=[]).text
        for language in ("en", "fi", "ru")
    }
    assert len(texts) == 3 and not compiled
    rendering._environment.cache_clear()
