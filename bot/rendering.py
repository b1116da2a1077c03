"""Rendering what the bot writes: a text in Telegram's HTML and the buttons under it, from a template in one
language.

Every template has `_`, `ngettext` and `trans`, the reader's `voice` (the only way to write dates), and the
filters `translate`, which translates `Words`, and `unlinked`, through which all goes that people typed.
"""

import hashlib
import html
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import escape

from backend.i18n import DEFAULT, Voice, Words, catalogue
from backend.typed_text import unlinked

TEMPLATES = Path(__file__).parent / "templates"
Rows = list[list[InlineKeyboardButton]]
_BLANK_LINES = re.compile(r"\n{3,}")
_TAG = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"[ \t]+")


@dataclass(frozen=True, slots=True)
class File:
    """A document to be sent."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """A text in Telegram's HTML, and rows of buttons. With a `file` the text is its caption."""

    text: str
    rows: Rows
    file: File | None = None

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        return InlineKeyboardMarkup(inline_keyboard=self.rows) if self.rows else None

    @property
    def length(self) -> int:
        """How long Telegram finds it: characters (code points) of what is read, tags left out."""
        return len(html.unescape(_TAG.sub("", self.text)))

    @property
    def digest(self) -> str:
        """The same for two messages exactly when Telegram would call an edit from one to the other "not
        modified"."""
        buttons = [[b.model_dump_json(exclude_none=True) for b in row] for row in self.rows]
        return hashlib.sha256(f"{self.text}\0{buttons}".encode()).hexdigest()


def translate_unlinked(words: Words, voice: Voice) -> str:
    """The translation of `words`; texts among its values are what people typed."""
    values = {k: unlinked(v, keep=True) if isinstance(v, str) else v for k, v in words.values.items()}
    return voice.translate(replace(words, values=values))


@pass_context
def _translate(context: Context, words: Words) -> str:
    return translate_unlinked(words, context["voice"])


class _CompiledTemplates(BytecodeCache):
    """Templates that were compiled in one language, for the others: what is compiled is the same."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}  # by Jinja's keys

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template that was compiled before."""
        if compiled := self._compiled.get(bucket.key):
            bucket.bytecode_from_string(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it."""
        self._compiled[bucket.key] = bucket.bytecode_to_string()


_compiled = _CompiledTemplates()


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=_compiled,
    )
    environment.policies["ext.i18n.trimmed"] = True
    translations = catalogue(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        translations.gettext, translations.ngettext, newstyle=True
    )
    environment.filters["translate"] = _translate
    environment.filters["unlinked"] = unlinked
    return environment


def load_templates() -> None:
    """Compile every template before anybody writes to the bot: a card takes 30 ms, and everybody waits."""
    loaded = _environment(DEFAULT)
    for name in loaded.list_templates(extensions=["html"]):
        loaded.get_template(name)


def render(template: str, voice: Voice, rows: Rows | None = None, /, **context: Any) -> RenderedMessage:
    """A message from a template, with at most one blank line at a time and no spaces at the ends of lines."""
    text = _environment(voice.language).get_template(template).render(voice=voice, **context)
    lines = (_SPACES.sub(" ", line).strip() for line in text.splitlines())
    return RenderedMessage(_BLANK_LINES.sub("\n\n", "\n".join(lines)).strip(), rows or [])


def plain(text: str) -> RenderedMessage:
    """A message of plain text, which may have any characters."""
    return RenderedMessage(str(escape(text)), [])


def render_words(words: Words, voice: Voice) -> RenderedMessage:
    """A message of one outcome or refusal."""
    return plain(translate_unlinked(words, voice))


def shorten(text: str, limit: int) -> str:
    """The text in at most `limit` UTF-16 units, as Telegram counts, cut after a word."""
    if len(text.encode("utf-16-le")) // 2 <= limit:
        return text
    cut = text.encode("utf-16-le")[: 2 * (limit - 1)].decode("utf-16-le", "ignore")
    head, _, _ = cut.rpartition(" ")
    return (head or cut).rstrip(" ,.;:—–") + "…"
