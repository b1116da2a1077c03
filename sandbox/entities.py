"""Entities of a text as TDLib keeps them: the text cleaned and trimmed, entities merged, split and sorted.

Offsets and lengths are UTF-16 code units; `unit_offsets` leads from characters to them.
"""

import itertools
from collections.abc import Iterable

from sandbox.errors import bad_request
from sandbox.found_entities import find_entities
from sandbox.world import Json

MAX_TEXT_LENGTH = 4096  # characters, after parsing
_SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
_BLOCKQUOTES = frozenset({"blockquote", "expandable_blockquote"})
_PLAIN_INSIDE = frozenset({"code", "pre", "date_time"})
_PRIORITIES = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 11,
    "code": 20,
    "date_time": 48,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_FOUND_PRIORITY = 50
_NOT_SHOWN_TO_BOTS = frozenset({"media_timestamp"})
_REMOVED = frozenset("\r\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u0333\u033f\u030a")
_MARKS = "\u200e\u200f"
_TRIMMED = " \n"


def unit_offsets(text: str) -> list[int]:
    """The offset in UTF-16 units of each character, and at last the length of all."""
    return [0, *itertools.accumulate(2 if c > "\uffff" else 1 for c in text)]


def clean_text(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Without what Telegram takes out of a text, entities fixed; not trimmed.

    A text of nothing but spaces and line feeds becomes empty.
    """
    fixed = fix_entities(entities)
    kept: list[str] = []
    new_offsets: list[int] = []
    at = 0
    for character in text:
        new_offsets.extend([at] * (2 if character > "\uffff" else 1))
        if character in _REMOVED:
            continue
        kept.append(" " if character < " " and character != "\n" else character)
        at += 2 if character > "\uffff" else 1
    new_offsets.append(at)
    cleaned = _replace_repeated_marks("".join(kept))
    if not cleaned.strip(_TRIMMED):
        return "", []
    last = len(new_offsets) - 1
    moved = []
    for entity in fixed:
        begin = new_offsets[min(entity["offset"], last)]
        end = new_offsets[min(entity["offset"] + entity["length"], last)]
        moved.append(entity | {"offset": begin, "length": end - begin})
    return cleaned, fix_entities(moved)


def _replace_repeated_marks(text: str) -> str:
    """Of marks of direction in a row only the last stays, the others join nothing (U+200C)."""
    pairs = itertools.zip_longest(text, text[1:], fillvalue="")
    return "".join("\u200c" if c in _MARKS and after and after in _MARKS else c for c, after in pairs)


def fix_entities(entities: Iterable[Json]) -> list[Json]:
    """None crosses another, adjacent ones of one style are one, and styles end where others begin.

    Links, mentions, code and the like exclude each other (the one that begins first stays, of two at one
    place the longer), none crosses or holds a blockquote, and no style reaches into code or a date.
    """
    ordered = _sort(entity for entity in entities if entity["length"] > 0)
    styles = [entity for entity in ordered if entity["type"] in _SPLITTABLE]
    quotes = _remove_overlapping(e for e in ordered if e["type"] in _BLOCKQUOTES)
    others = _remove_overlapping(
        e for e in ordered if e["type"] not in _SPLITTABLE and e["type"] not in _BLOCKQUOTES
    )
    kept = [e for e in others if not any(_cuts(quote, e) for quote in quotes)] + quotes
    return _sort(kept + _split(styles, kept))


def _sort(entities: Iterable[Json]) -> list[Json]:
    return sorted(
        entities,
        key=lambda e: (e["offset"], -e["length"], _PRIORITIES.get(e["type"], _FOUND_PRIORITY)),
    )


def _end(entity: Json) -> int:
    return int(entity["offset"] + entity["length"])


def _remove_overlapping(entities: Iterable[Json]) -> list[Json]:
    kept: list[Json] = []
    for entity in entities:
        if not kept or entity["offset"] >= _end(kept[-1]):
            kept.append(entity)
    return kept


def _cuts(quote: Json, entity: Json) -> bool:
    begin, end = entity["offset"], _end(entity)
    return any(begin < edge < end for edge in (quote["offset"], _end(quote)))


def _split(styles: list[Json], others: list[Json]) -> list[Json]:
    """The styles merged, then cut where another style begins and at both ends of `others`."""
    spans = {kind: _merge(e for e in styles if e["type"] == kind) for kind in _SPLITTABLE}
    edges = {edge for entity in others for edge in (entity["offset"], _end(entity))}
    begins = {begin for kind in _SPLITTABLE for begin, _ in spans[kind]}
    plain = [(e["offset"], _end(e)) for e in others if e["type"] in _PLAIN_INSIDE]
    parts: list[Json] = []
    for kind in _SPLITTABLE:
        for begin, end in spans[kind]:
            cuts = sorted({begin, end} | {cut for cut in edges | begins if begin < cut < end})
            for part, behind in itertools.pairwise(cuts):
                if not any(first <= part and behind <= last for first, last in plain):
                    parts.append({"type": kind, "offset": part, "length": behind - part})
    return parts


def _merge(entities: Iterable[Json]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for entity in entities:
        begin, end = entity["offset"], _end(entity)
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans


def trim_text(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Without spaces and line feeds at the end, and at the beginning up to the first entity."""
    trimmed = text.rstrip(_TRIMMED)
    total = unit_offsets(trimmed)[-1]
    kept = [
        entity | {"length": min(_end(entity), total) - entity["offset"]}
        for entity in entities
        if entity["offset"] < total
    ]
    first = min((entity["offset"] for entity in kept), default=len(trimmed))
    leading = min(first, len(trimmed) - len(trimmed.lstrip(_TRIMMED)))
    return trimmed[leading:], _sort(entity | {"offset": entity["offset"] - leading} for entity in kept)


def add_found_entities(text: str, entities: list[Json]) -> list[Json]:
    """`entities` and what Telegram finds in `text` by itself, as a bot reads them."""
    offsets = unit_offsets(text)
    closed = [e for e in entities if e["type"] not in _SPLITTABLE and e["type"] not in _BLOCKQUOTES]
    found: list[Json] = [
        {"type": kind, "offset": offsets[begin], "length": offsets[end] - offsets[begin]}
        for kind, begin, end in find_entities(text)
        if kind not in _NOT_SHOWN_TO_BOTS
    ]
    new = [e for e in found if not any(e["offset"] < _end(c) and c["offset"] < _end(e) for c in closed)]
    return fix_entities([*entities, *new]) if new else entities


def normalize_text(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Both as Telegram keeps them. Raises 400 for an empty or a too long text."""
    trimmed, kept = trim_text(*clean_text(text, entities))
    if not trimmed:
        raise bad_request("message text is empty")
    if len(trimmed) > MAX_TEXT_LENGTH:
        raise bad_request("message is too long")
    return trimmed, add_found_entities(trimmed, kept)
