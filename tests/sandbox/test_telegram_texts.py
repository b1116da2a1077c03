"""What TDLib 1.8.67 makes of texts: read from HTML, cleaned, and what it finds in them by itself."""

import json
import pathlib
from typing import Any

import pytest

from sandbox.entities import clean_text, unit_offsets
from sandbox.errors import BotApiError
from sandbox.found_entities import find_entities
from sandbox.markup import read_html

DATA = pathlib.Path(__file__).with_name("data")
TDLIB_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "blockquote": "BlockQuote",
    "expandable_blockquote": "ExpandableBlockQuote",
    "text_link": "TextUrl",
    "text_mention": "MentionName",
    "custom_emoji": "CustomEmoji",
    "date_time": "DateTime",
    "mention": "Mention",
    "bot_command": "BotCommand",
    "hashtag": "Hashtag",
    "cashtag": "Cashtag",
    "url": "Url",
    "email": "EmailAddress",
    "media_timestamp": "MediaTimestamp",
}


def read_cases(*names: str) -> list[Any]:
    return [case for name in names for case in json.loads((DATA / name).read_text(encoding="utf-8"))]


HTML_TEXTS = read_cases("html_texts.json", "more_html_texts.json")
FOUND_ENTITIES = read_cases("found_entities.json", "more_found_entities.json")


def to_tdlib(entity: dict[str, Any]) -> list[Any]:
    carried = [entity[key] for key in ("url", "custom_emoji_id", "unix_time") if key in entity]
    return [TDLIB_NAMES[entity["type"]], entity["offset"], entity["length"], *carried]


@pytest.mark.parametrize("case", HTML_TEXTS, ids=lambda case: ascii(case["html"])[1:-1])
def test_html_becomes_what_telegram_makes_of_it(case: dict[str, Any]) -> None:
    if "error" in case:
        with pytest.raises(BotApiError) as refused:
            read_html(case["html"])
        assert refused.value.description == f"Bad Request: c{case['error'][1:]}"
        return
    text, entities = clean_text(*read_html(case["html"]))
    assert text == case["text"]
    assert [to_tdlib(entity) for entity in entities] == case["entities"]


@pytest.mark.parametrize("case", FOUND_ENTITIES, ids=lambda case: ascii(case["text"])[1:-1])
def test_finds_the_entities_telegram_finds(case: dict[str, Any]) -> None:
    offsets = unit_offsets(case["text"])
    found = [
        [TDLIB_NAMES[kind], offsets[begin], offsets[end] - offsets[begin]]
        for kind, begin, end in find_entities(case["text"])
    ]
    assert found == case["entities"]
