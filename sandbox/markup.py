"""Telegram's HTML, parsed as Telegram parses it, down to the wording of its errors.

Offsets in errors are bytes of the UTF-8 text, offsets of entities UTF-16 code units
(Bot API, "HTML style").
"""

import dataclasses
import re
from urllib.parse import parse_qs, urlsplit

from sandbox.errors import BotApiError, bad_request
from sandbox.world import Json

MAX_TEXT_LENGTH = 4096
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
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(lt|gt|amp|quot));?")
_NAMED_REFERENCES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TIME_FORMAT = re.compile(r"(r|w?[dD]?[tT]?)\Z")
_WHITESPACE = " \t\n\r\v\f"


def utf16_length(text: str) -> int:
    """The length as Telegram counts it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


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
        while self.peek() and self.peek() in _WHITESPACE:
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
        return "".join(self.out), self.entities

    def start_tag(self) -> None:
        begin = self.at
        self.at += 1
        while self.peek() and self.peek() not in _WHITESPACE + ">":
            self.at += 1
        if not self.peek():
            raise self.fail(f"Unclosed start tag at byte offset {self.offset(begin)}")
        tag = self.source[begin + 1 : self.at].lower()
        if tag not in _ENTITY_OF_TAG:
            raise self.fail(f'Unsupported start tag "{tag}" at byte offset {self.offset(begin)}')
        attributes: dict[str, str] = {}
        while self.peek() != ">":
            self.skip_spaces()
            if self.peek() == ">":
                break
            name, value = self.attribute(begin, tag)
            attributes[name] = value
        self.at += 1
        self.check(tag, attributes, begin)
        self.open.append(_OpenTag(tag, attributes, self.units, self.chars))

    def attribute(self, begin: int, tag: str) -> tuple[str, str]:
        start = self.at
        while self.peek() and self.peek() not in _WHITESPACE + "=>":
            self.at += 1
        name = self.source[start : self.at].lower()
        if not name:
            where = self.offset(begin)
            raise self.fail(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
        self.skip_spaces()
        if self.peek() != "=":
            if not self.peek():
                raise self.fail(f"Unclosed start tag at byte offset {self.offset(begin)}")
            return name, ""
        self.at += 1
        self.skip_spaces()
        quote = self.peek()
        if not quote:
            raise self.fail(f"Unclosed start tag at byte offset {self.offset(begin)}")
        if quote not in "'\"":
            start = self.at
            while self.peek() and (self.peek().isalnum() or self.peek() in ".-"):
                self.at += 1
            if self.peek() not in _WHITESPACE + ">":
                where = self.offset(start)
                raise self.fail(f"Unexpected end of name token at byte offset {where}")
            return name, self.source[start : self.at].lower()
        end = self.source.find(quote, self.at + 1)
        if end < 0 or end + 1 >= len(self.source):
            raise self.fail(f"Unclosed start tag at byte offset {self.offset(begin)}")
        raw = self.source[self.at + 1 : end]
        self.at = end + 1
        return name, _REFERENCE.sub(lambda m: _decode(m) or m[0], raw)

    def check(self, tag: str, attributes: dict[str, str], begin: int) -> None:
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            where = self.offset(begin)
            raise self.fail(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        if tag == "tg-emoji" and not attributes.get("emoji-id", "").isdigit():
            raise self.fail("Invalid custom emoji identifier specified")
        if tag == "tg-time":
            if not re.fullmatch(r"-?\d{1,12}", attributes.get("unix", "")):
                raise self.fail("Invalid Unix time specified")
            if not _TIME_FORMAT.match(attributes.get("format", "")):
                raise self.fail("Invalid date-time format specified")

    def end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise self.fail(f"Unexpected end tag at byte offset {self.offset(begin)}")
        while self.peek() and self.peek() not in _WHITESPACE + ">":
            self.at += 1
        name = self.source[begin + 2 : self.at].lower()
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
        kind = _ENTITY_OF_TAG[opened.tag]
        entity: Json = {
            "type": kind,
            "offset": opened.units,
            "length": self.units - opened.units,
        }
        match opened.tag:
            case "a":
                text = "".join(self.out)[opened.chars :]
                if not (extra := _link(opened.attributes.get("href") or text)):
                    return
                entity |= extra
            case "code":
                language = opened.attributes.get("class", "")
                inside_pre = self.open and self.open[-1].tag == "pre"
                if inside_pre and language.startswith("language-"):
                    self.open[-1].attributes["language"] = language.removeprefix("language-")
                    return
            case "pre":
                if language := opened.attributes.get("language", ""):
                    entity["language"] = language
            case "blockquote":
                if "expandable" in opened.attributes:
                    entity["type"] = "expandable_blockquote"
            case "tg-emoji":
                entity["custom_emoji_id"] = opened.attributes["emoji-id"]
            case "tg-time":
                entity["unix_time"] = int(opened.attributes["unix"])
                if shape := opened.attributes.get("format", ""):
                    entity["date_time_format"] = shape
            case _:
                pass
        self.entities.append(entity)


def _decode(found: re.Match[str]) -> str:
    """The character a reference stands for; empty when Telegram leaves the reference as it is."""
    if found[3]:
        return _NAMED_REFERENCES[found[3]]
    code = int(found[1], 16) if found[1] else int(found[2])
    return chr(code) if 0 < code < 0x10FFFF and not 0xD800 <= code < 0xE000 else ""


def _link(target: str) -> Json:
    """The fields of the entity an `<a>` becomes; empty for an invalid URL (the text then stays plain)."""
    target = target.strip()
    if target.startswith("tg://user?"):
        number = parse_qs(urlsplit(target).query).get("id", [""])[0]
        return {"type": "text_mention", "user": int(number)} if number.isdigit() else {}
    if target.startswith("tg://"):
        return {"url": target}
    if "://" not in target:
        target = f"http://{target}"
    parts = urlsplit(target)
    host = parts.hostname or ""
    if parts.scheme.lower() not in {"http", "https", "ton"} or "." not in host:
        return {}
    return {"url": target if parts.path or parts.query else f"{target}/"}


def read_html(source: str) -> tuple[str, list[Json]]:
    """The text and the entities of `source`. Raises 400 "can't parse entities: …".

    The `user` of a `text_mention` is only an id: the caller looks the person up.
    """
    return _HtmlReader(source.replace("\r", "")).read()
