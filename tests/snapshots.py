"""Snapshots of what the bot writes: text files beside the tests, in `snapshots/<test module>/<test>.txt`.

A test that writes something else than its file has fails and shows the difference. After reading it, accept
the new texts with `bin/test PATH --snapshot-update`, and look at the changed files again before committing
them.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from backend.i18n import languages
from bot.rendering import RenderedMessage

CODE_IN_LINK = re.compile(r"(?<=[:_/])[2-9a-hjkmnp-z]{10}(?=\W|$)|[2-9a-hjkmnp-z]{10}(?=\.ics)")


class TextFiles(SingleFileSnapshotExtension):
    """A file for each snapshot, as people read it."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares a text with the file of this test: `assert text == snapshot`."""
    return snapshot.use_extension(TextFiles)


def in_each_language(write: Callable[[str], RenderedMessage | str]) -> str:
    """What `write(language)` writes, one language below the other."""
    parts = []
    for language in languages():
        written = write(language)
        parts.append(section(language, written if isinstance(written, str) else message_text(written)))
    return "".join(parts)


def section(title: str, text: str) -> str:
    """A part of a snapshot under a line with its title."""
    return f"{f'── {title} ':─<80}\n{text}\n"


def message_text(message: RenderedMessage) -> str:
    """A rendered message: its HTML, then its buttons with what they carry, row by row."""
    rows = [[button.model_dump(exclude_none=True) for button in row] for row in message.rows]
    return _text_and_buttons(message.text, rows)


def call_text(call: dict[str, Any]) -> str:
    """A call to Telegram that the sandbox recorded: the method, what it sends, and the buttons."""
    params = call["params"]
    method = call["method"]
    if method == "answerCallbackQuery":
        method += " (alert)" if params.get("show_alert") in (True, "true", "True") else " (toast)"
    text = params.get("text") or params.get("caption") or ""
    markup = json.loads(params["reply_markup"]) if params.get("reply_markup") else {}
    if call["result"] and "document" in (call["result"] if isinstance(call["result"], dict) else {}):
        method += f" {call['result']['document']['file_name']}"
    written = _text_and_buttons(text, markup.get("inline_keyboard", []))
    return f"{method}\n{written}" if written else method


def mask_codes(text: str, names: Mapping[str, str]) -> str:
    """The text with the random codes in links and callback data replaced: by their name, else by a number."""
    labels = dict(names)

    def label(match: re.Match[str]) -> str:
        return labels.setdefault(match[0], f"CODE-{len(labels) - len(names) + 1}")

    return CODE_IN_LINK.sub(label, text)


def _text_and_buttons(text: str, rows: list[list[dict[str, Any]]]) -> str:
    keyboard = "\n".join(" ".join(_button_text(button) for button in row) for row in rows)
    return "\n\n".join(part for part in (text, keyboard) if part)


def _button_text(button: dict[str, Any]) -> str:
    target = button.get("callback_data") or button.get("url") or button["web_app"]["url"]
    style = f" ({button['style']})" if button.get("style") else ""
    return f"[{button['text']} → {target}{style}]"
