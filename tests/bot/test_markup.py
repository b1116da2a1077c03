"""The markup that the bot writes, in its templates and in their translations: what Telegram reads, and nothing else
(`docs/TELEGRAM.md`)."""

import re
from pathlib import Path

import pytest

from bot.command_names import COMMANDS, ORGANISER_COMMANDS

ROOT = Path(__file__).parents[2]
TEXTS = sorted([*(ROOT / "bot" / "templates").rglob("*.html"), *(ROOT / "locales").rglob("*.po")])
ALLOWED = {"b": set(), "s": set(), "code": set(), "a": {"href"}, "tg-time": {"unix"}}
TAG = re.compile(r"</?([A-Za-z][\w-]*)((?:\s+[\w-]+=\\?(?:\"[^\"]*\"|[^\s>]+))*)\s*>")
ATTRIBUTE = re.compile(r"([\w-]+)=")
ENTITY = re.compile(r"&(#?\w+);")
COMMAND = re.compile(r"(?<![\w/<.)}:-])/([a-z]+)\b")


def markup(path: Path) -> str:
    """The file without what Jinja replaces; of a catalogue the sentences."""
    return re.sub(r"{{.*?}}|{%.*?%}|{#.*?#}", " ", path.read_text(), flags=re.S)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_tags_that_telegram_reads_are_written(path: Path) -> None:
    """In small letters, and neither quotes, `pre`, mentions nor `format`, which Telegram reads in ways of its own."""
    text = markup(path)
    for name, attributes in TAG.findall(text):
        assert name in ALLOWED, name
        assert set(ATTRIBUTE.findall(re.sub(r"\"[^\"]*\"", "", attributes))) <= ALLOWED[name], attributes
    assert set(ENTITY.findall(text)) <= {"lt", "gt", "amp", "quot"}
    assert "tg://" not in text


def test_only_commands_that_exist_are_written() -> None:
    """Telegram makes a live command of each."""
    known = {*COMMANDS, *ORGANISER_COMMANDS, "start"}
    templates = [path for path in TEXTS if path.suffix == ".html"]
    written = {name for path in templates for name in COMMAND.findall(re.sub(r"<[^>]*>", " ", markup(path)))}
    assert {"book", "help", "announce"} <= written <= known
