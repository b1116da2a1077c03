"""Telegram's HTML, parsed as Telegram parses it, down to the wording of its errors.

Offsets in errors are bytes of the UTF-8 text, offsets of entities UTF-16 code units
(Bot API, "HTML style").
"""

import dataclasses
import re

from sandbox.errors import BotApiError, bad_request
from sandbox.links import check_link, find_mentioned_user_id, lower
from sandbox.world import Json

_ENTITY_OF_TAG = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot)(?![A-Za-z]));?")
_MAX_REFERENCE = 9  # characters, without the semicolon
_NAMED_REFERENCES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TIME_FORMAT = re.compile(r"r|[wdDtT]*")
_UNIX_TIME = re.compile(r"-?[0-9]*")
_EMOJI_ID = re.compile(r"-?[1-9][0-9]*")
_SPACES = " \t\r\n\0\v"
_NAME_TOKEN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


def utf16_length(text: str) -> int:
    """The length as Telegram counts it: in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclasses.dataclass(slots=True)
class _OpenTag:
    tag: str
    attributes: dict[str, str]
    units: int
    chars: int


class _HtmlReader:
    """Parses one text in one pass."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.out: list[str] = []
        self.units = 0
        self.chars = 0
        self.open: list[_OpenTag] = []
        self.entities: list[Json] = []

    def offset(self, index: int) -> int:
        return len(self.source[:index].encode())

    def fail(self, reason: str) -> BotApiError:
        return bad_request(f"can't parse entities: {reason}")

    def peek(self) -> str:
        return self.source[self.at] if self.at < len(self.source) else ""

    def skip_spaces(self) -> None:
        while self.peek() and self.peek() in _SPACES:
            self.at += 1

    def emit(self, text: str) -> None:
        self.out.append(text)
        self.units += utf16_length(text)
        self.chars += len(text)

    def read(self) -> tuple[str, list[Json]]:
        while self.at < len(self.source):
            here = self.source[self.at]
            found = _REFERENCE.match(self.source, self.at) if here == "&" else None
            if found is not None and (character := _decode(found)):
                self.emit(character)
                self.at = found.end()
                continue
            if here != "<":
                self.emit(here)
                self.at += 1
            elif self.source.startswith("</", self.at):
                self.end_tag()
            else:
                self.start_tag()
        if self.open:
            raise self.fail(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)
        text = "".join(self.out)
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise self.fail(
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            )
        return text, self.entities

    def start_tag(self) -> None:
        begin = self.at
        self.at += 1
        while self.peek() and self.peek() not in _SPACES + ">":
            self.at += 1
        if not self.peek():
            raise self.fail(f"Unclosed start tag at byte offset {self.offset(begin)}")
        tag = lower(self.source[begin + 1 : self.at])
        if tag not in _ENTITY_OF_TAG:
            raise self.fail(f'Unsupported start tag "{tag}" at byte offset {self.offset(begin)}')
        attributes: dict[str, str] = {}
        while self.peek() != ">":
            self.skip_spaces()
            if self.peek() == ">":
                break
            name, value = self.attribute(begin, tag)
            if _counts(tag, name, value):
                attributes[name] = value
        self.at += 1
        if tag == "span" and "class" not in attributes:
            where = self.offset(begin)
            raise self.fail(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        self.open.append(_OpenTag(tag, attributes, self.units, self.chars))

    def attribute(self, begin: int, tag: str) -> tuple[str, str]:
        """Name and value; the name as it is written, for Telegram takes no HREF for an href."""
        start = self.at
        while self.peek() and self.peek() not in _SPACES + "=>/\"'":
            self.at += 1
        name = self.source[start : self.at]
        where = self.offset(begin)
        if not name:
            raise self.fail(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
        self.skip_spaces()
        if self.peek() == "=":
            self.at += 1
            self.skip_spaces()
            if self.peek():
                value = self.attribute_value()
                if not self.peek():
                    raise self.fail(f"Unclosed start tag at byte offset {where}")
                return name, value
        elif self.peek():
            return name, ""
        raise self.fail(f'Unclosed start tag "{tag}" at byte offset {where}')

    def attribute_value(self) -> str:
        quote = self.peek()
        start = self.at
        if quote not in "'\"":
            while self.peek() in _NAME_TOKEN:
                self.at += 1
            if self.peek() and self.peek() not in _SPACES + ">":
                where = self.offset(start)
                raise self.fail(f"Unexpected end of name token at byte offset {where}")
            return lower(self.source[start : self.at])
        end = self.source.find(quote, start + 1)
        self.at = len(self.source) if end < 0 else end + 1
        return _REFERENCE.sub(lambda m: _decode(m) or m[0], self.source[start + 1 : self.at - 1])

    def end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self.fail(f"Unexpected end tag at byte offset {self.offset(begin)}")
        while self.peek() and self.peek() not in _SPACES + ">":
            self.at += 1
        name = lower(self.source[begin + 2 : self.at])
        self.skip_spaces()
        if self.peek() != ">":
            raise self.fail(f"Unclosed end tag at byte offset {self.offset(begin)}")
        self.at += 1
        opened = self.open[-1]
        if name and name != opened.tag:
            raise self.fail(
                f"Unmatched end tag at byte offset {self.offset(begin)}, "
                f'expected "</{opened.tag}>", found "</{name}>"'
            )
        self.open.pop()
        if self.units > opened.units:
            self.close(opened)

    def close(self, opened: _OpenTag) -> None:
        entity: Json = {
            "type": _ENTITY_OF_TAG[opened.tag],
            "offset": opened.units,
            "length": self.units - opened.units,
        }
        match opened.tag:
            case "a":
                text = "".join(self.out)[opened.chars :]
                if not (extra := _link(opened.attributes.get("href") or text)):
                    return
                entity |= extra
            case "code" | "pre":
                entity = self.close_code(entity, opened.attributes.get("class", "")[len("language-") :])
            case "blockquote":
                if "expandable" in opened.attributes:
                    entity["type"] = "expandable_blockquote"
            case "tg-emoji":
                entity["custom_emoji_id"] = self.emoji_id(opened.attributes.get("emoji-id", ""))
            case "tg-time":
                shape = self.time_format(opened.attributes.get("format", ""))
                entity["unix_time"] = _unix_time(opened.attributes.get("unix", ""))
                if entity["unix_time"] <= 0:
                    return
                if shape:
                    entity["date_time_format"] = shape
            case _:
                pass
        self.entities.append(entity)

    def close_code(self, entity: Json, language: str) -> Json:
        """Code that is all of a `pre`, or a `pre` that is all of a code, is one block in a language."""
        if language:
            entity["language"] = language
        inner = self.entities[-1] if self.entities else {}
        same = all(inner.get(key) == entity[key] for key in ("offset", "length"))
        if same and {inner["type"], entity["type"]} == {"code", "pre"}:
            written = (inner if inner["type"] == "code" else entity).get("language")
            if written:
                self.entities.pop()
                return entity | {"type": "pre", "language": written}
        return entity

    def emoji_id(self, written: str) -> str:
        if not _EMOJI_ID.fullmatch(written) or not -(1 << 63) <= int(written) < 1 << 63:
            raise self.fail("Invalid custom emoji identifier specified")
        return written

    def time_format(self, written: str) -> str:
        """In Telegram's own order; of a short and a long form the short one counts."""
        if not _TIME_FORMAT.fullmatch(written):
            raise self.fail("Invalid date format used")
        date, time = (next((c for c in pair if c in written), "") for pair in ("dD", "tT"))
        return "r" if written == "r" else f"{'w' if 'w' in written else ''}{date}{time}"


def _counts(tag: str, name: str, value: str) -> bool:
    """Whether Telegram looks at this attribute; the last that counts is the one that stays."""
    match tag, name:
        case ("code", "class"):
            return value.startswith("language-")
        case ("span", "class"):
            return value == "tg-spoiler"
        case ("a", "href") | ("tg-emoji", "emoji-id") | ("blockquote", "expandable"):
            return True
        case ("tg-time", "unix" | "format"):
            return True
        case _:
            return False


def _unix_time(written: str) -> int:
    """The number `written` begins with, in 32 bits as TDLib keeps it."""
    digits = _UNIX_TIME.match(written)
    number = int(digits[0]) if digits and digits[0].strip("-") else 0
    return (number + (1 << 31)) % (1 << 32) - (1 << 31)


def _decode(found: re.Match[str]) -> str:
    """The character a reference stands for; empty when Telegram leaves the reference as it is."""
    if found[3]:
        return _NAMED_REFERENCES[found[3]]
    if len(found[0].removesuffix(";")) > _MAX_REFERENCE:
        return ""
    code = int(found[1], 16) if found[1] else int(found[2])
    return chr(code) if 0 < code < 0x10FFFF else ""


def _link(target: str) -> Json:
    """The fields of the entity an `<a>` becomes; empty for an invalid URL (the text then stays plain)."""
    if (user_id := find_mentioned_user_id(target)) is not None:
        return {"type": "text_mention", "user": user_id}
    url = check_link(target)
    return {"url": url} if url else {}


def read_html(source: str) -> tuple[str, list[Json]]:
    """The text and the entities of `source`. Raises 400 "can't parse entities: …".

    The `user` of a `text_mention` is only an id: the caller looks the person up.
    """
    return _HtmlReader(source).read()
