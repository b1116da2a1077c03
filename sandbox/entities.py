"""Entities of a text: those Telegram finds by itself, and how it trims and sorts them all."""

import re

from sandbox.errors import bad_request
from sandbox.markup import MAX_TEXT_LENGTH, utf16_length
from sandbox.world import Json

_AUTOMATIC_ENTITY = re.compile(
    r"(?P<url>(?:https?://|\bt\.me/)[^\s<>\"]+)"
    r"|(?P<email>[\w.+-]+@[\w-]+\.[\w.-]+\w)"
    r"|(?<![\w/<>])(?P<bot_command>/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?)(?![\w/<>])"
    r"|(?<!\w)(?P<mention>@[A-Za-z][A-Za-z0-9_]{3,31})"
    r"|(?<![\w&])(?P<hashtag>#\w*[^\W\d]\w*)"
)
_NO_ENTITIES_INSIDE = frozenset({"code", "pre", "text_link", "text_mention"})


def add_automatic_entities(text: str, entities: list[Json]) -> list[Json]:
    """`entities` and the commands, links, mentions, hashtags and addresses found in `text`.

    Sorted as Telegram sorts: by offset, of two at one offset the longer first.
    """
    closed = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in _NO_ENTITIES_INSIDE]
    found = list(entities)
    for match in _AUTOMATIC_ENTITY.finditer(text):
        covered = match[0].rstrip(".,:;!?)") if match.lastgroup == "url" else match[0]
        start = utf16_length(text[: match.start()])
        length = utf16_length(covered)
        if any(start < end and begin < start + length for begin, end in closed):
            continue
        found.append({"type": match.lastgroup, "offset": start, "length": length})
    return sorted(found, key=lambda e: (e["offset"], -e["length"]))


def normalize_text(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Both trimmed as Telegram trims them. Raises 400 for an empty or a too long text."""
    leading = utf16_length(text) - utf16_length(text.lstrip())
    trimmed = text.strip()
    if not trimmed:
        raise bad_request("message text is empty")
    total = utf16_length(trimmed)
    if total > MAX_TEXT_LENGTH:
        raise bad_request("message is too long")
    kept = []
    for entity in entities:
        start = max(0, entity["offset"] - leading)
        end = min(total, entity["offset"] + entity["length"] - leading)
        if end > start:
            kept.append(entity | {"offset": start, "length": end - start})
    return trimmed, add_automatic_entities(trimmed, kept)
