"""The entities Telegram finds in a text by itself, found as TDLib finds them.

Mentions, commands, hashtags, cashtags, addresses, links and times of the day ("media timestamps"),
sorted by their beginning; of two that overlap the first stays. Bank cards are not looked for.
"""

import functools
import pathlib
import re
import unicodedata
from collections.abc import Iterator

from sandbox.links import lower

Found = tuple[str, int, int]  # kind, and begin and end in characters

_SHORT_NAMES = frozenset({"gif", "nft", "pic", "ufc", "vid"})
_HASHTAG_LETTER = "_\u200c\xb7"
_MAX_HASHTAG = 256
_SUFFIX = re.compile(r"@[A-Za-z0-9_]{3,32}(?![A-Za-z0-9_])")
_MENTION = re.compile(r"@([A-Za-z0-9_]{2,32})(?![A-Za-z0-9_])")
_COMMAND = re.compile(r"/[A-Za-z0-9_]{1,64}(?![A-Za-z0-9_])(?P<name>@[A-Za-z0-9_]*)?")
_CASHTAG = re.compile(r"\$(?:1INCH|[A-Z]{1,8})(?![A-Z])")
_TIMESTAMP = re.compile(r"[0-9:]+")
_TIME_OF_DAY = re.compile(r"(?:[0-9]{1,4}|[0-9]{1,2}:[0-5]?[0-9]):[0-5][0-9]")
# looked ahead for, because one may begin in the host of another
_OWN_LINK = re.compile(
    r"(?=((?:tg|ton)://[a-z0-9_-]{1,253}|tonsite://[a-z0-9_.-]{1,253}))", re.IGNORECASE | re.ASCII
)
_EMAIL = re.compile(
    r"(?:[a-z0-9_-]{0,26}[.+]){0,10}[a-z0-9_-]{1,35}"
    r"@(?:(?:[a-z0-9][a-z0-9_-]{0,28})?[a-z0-9]\.){1,6}[a-z]{2,8}",
    re.IGNORECASE | re.ASCII,
)
_PROTOCOL = re.compile(r"(?:https?|s?ftp)://", re.IGNORECASE)
_PORT = re.compile(r":0*([1-9][0-9]{0,4})(?![0-9])")
_BAD_PATH_END = ".:;,('?!`"
_NOT_IN_PATH = frozenset('\n<>"\xab\xbb')
_NOT_IN_USER = _NOT_IN_PATH | frozenset("/[]{}()'`@")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MAX_LABEL = 63


def is_word_character(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LN"


def find_entities(text: str) -> list[Found]:
    every = [
        *_find_mentions(text),
        *_find_commands(text),
        *_find_hashtags(text),
        *_find_cashtags(text),
        *_find_links(text),
        *_find_own_links(text),
        *_find_timestamps(text),
    ]
    every.sort(key=lambda found: (found[1], -found[2]))
    kept: list[Found] = []
    for found in every:
        if not kept or found[1] >= kept[-1][2]:
            kept.append(found)
    return kept


def _find_mentions(text: str) -> Iterator[Found]:
    for found in _MENTION.finditer(text):
        begin, end = found.span()
        if _touches_word(text, begin, end):
            continue
        if len(found[1]) >= 4 or lower(found[1]) in _SHORT_NAMES:
            yield "mention", begin, end


def _find_commands(text: str) -> Iterator[Found]:
    for found in _COMMAND.finditer(text):
        begin, end = found.span()
        if found["name"] and not _SUFFIX.fullmatch(found["name"]):
            continue
        if _touches_word(text, begin, end) or text[begin - 1 : begin] in {"/", "<", ">"}:
            continue
        if text[end : end + 1] not in {"/", "<", ">"}:
            yield "bot_command", begin, end


def _find_hashtags(text: str) -> Iterator[Found]:
    for begin, character in enumerate(text):
        if character != "#" or (begin and _is_hashtag_letter(text[begin - 1])):
            continue
        end = begin + 1
        while end < len(text) and _is_hashtag_letter(text[end]):
            end += 1
        if text[end : end + 1] == "#":
            continue
        tag = text[begin + 1 : end][:_MAX_HASHTAG]
        if any(unicodedata.category(c)[0] == "L" for c in tag):
            yield "hashtag", begin, _end_of_suffix(text, begin + 1 + len(tag))


def _is_hashtag_letter(character: str) -> bool:
    category = unicodedata.category(character)
    sinhala_and_thaana = "\u0d80" <= character <= "\u0dff"
    return character in _HASHTAG_LETTER or sinhala_and_thaana or category == "Nd" or category[0] == "L"


def _find_cashtags(text: str) -> Iterator[Found]:
    for found in _CASHTAG.finditer(text):
        begin, end = found.span()
        before, after = text[begin - 1 : begin], text[end : end + 1]
        if any(c and (c == "$" or _is_hashtag_letter(c)) for c in (before, after)):
            continue
        yield "cashtag", begin, _end_of_suffix(text, end)


def _end_of_suffix(text: str, end: int) -> int:
    """Behind `@name`, which may follow a hashtag or a cashtag."""
    suffix = _SUFFIX.match(text, end)
    if suffix and not (text[suffix.end() :] and is_word_character(text[suffix.end()])):
        return suffix.end()
    return end


def _find_timestamps(text: str) -> Iterator[Found]:
    for found in _TIMESTAMP.finditer(text):
        if _TIME_OF_DAY.fullmatch(found[0]) and not _touches_word(text, *found.span()):
            yield "media_timestamp", *found.span()


def _touches_word(text: str, begin: int, end: int) -> bool:
    before, after = text[max(0, begin - 1) : begin], text[end : end + 1]
    return any(c and is_word_character(c) for c in (before, after))


def _find_own_links(text: str) -> Iterator[Found]:
    for found in _OWN_LINK.finditer(text):
        yield "url", found.start(1), _end_of_path(text, found.end(1))


def _find_links(text: str) -> Iterator[Found]:
    for begin, end in _match_links(text):
        link = text[begin:end]
        bare = link.removeprefix("mailto:")
        if _EMAIL.fullmatch(bare):
            yield "email", end - len(bare), end
        elif length := _check_found_link(link):
            yield "url", begin, begin + length


def _is_url_character(character: str) -> bool:
    if "\u2000" <= character <= "\u206f":
        return character in "\u200c\u200d" or "\u2010" <= character <= "\u2015"
    return unicodedata.category(character)[0] != "Z"


def _is_domain_character(character: str) -> bool:
    if character < "\xc0":
        return character in "._-~" or (character.isascii() and character.isalnum())
    return _is_url_character(character)


def _is_user_character(character: str) -> bool:
    return character not in _NOT_IN_USER and _is_url_character(character)


def _is_path_character(character: str) -> bool:
    return character not in _NOT_IN_PATH and _is_url_character(character)


def _end_of_path(text: str, end: int) -> int:
    """Behind the path, query or fragment that begins at `end`; `end` where none does."""
    if text[end : end + 1] not in {"/", "?", "#"}:
        return end
    behind = end + 1
    while behind < len(text) and _is_path_character(text[behind]):
        behind += 1
    while behind > end and text[behind - 1] in _BAD_PATH_END:
        behind -= 1
    return behind if text[end] == "/" or behind > end + 1 else end


def _match_links(text: str) -> Iterator[tuple[int, int]]:
    """What may be a link around each full stop, from left to right, none reaching into the one before."""
    floor = 0
    while 0 <= (dot := text.find(".", floor)) < len(text) - 1:
        end, at = dot, -1
        while end < len(text) and (text[end] == "@" or _is_domain_character(text[end])):
            at = end if text[end] == "@" else at
            end += 1
        begin, belongs = dot, _is_domain_character if at < 0 else _is_user_character
        while begin > floor and belongs(text[begin - 1]):
            begin -= 1
        end = _end_of_path(text, _end_of_port(text, end))
        while end > dot + 1 and text[end - 1] == ".":
            end -= 1
        begin, good = _find_beginning(text, floor, begin, may_have_user=at < 0)
        if good:
            if end > dot + 1:
                yield begin, end
            while text[end : end + 1] == ".":
                end += 1
        else:
            while text[end - 1] != ".":
                end -= 1
        floor = max(end, dot + 1)


def _end_of_port(text: str, end: int) -> int:
    port = _PORT.match(text, end)
    return port.end() if port and int(port[1]) <= 65535 else end


def _find_beginning(text: str, floor: int, begin: int, *, may_have_user: bool) -> tuple[int, bool]:
    """Before the user and the protocol of the domain that begins at `begin`; whether it can be a link."""
    good = True
    if begin > floor and text[begin - 1] == "@":
        user = begin - 1
        while user > floor and _is_user_character(text[user - 1]):
            user -= 1
        good = may_have_user and user < begin - 1
        begin = user
    if begin == floor:
        return begin, good
    before = text[floor:begin]
    if len(before) >= len("ftp://") and before.endswith("://"):
        protocol = re.search(r"[\w+-]*\Z", before[:-3])
        name = lower(protocol[0]) if protocol else ""
        for known, but in (("https", None), ("http", "shttp"), ("ftp", "tftp")):
            if name.endswith(known) and name not in {but, "sftp"}:
                return begin - len(known) - 3, good
        return begin, False
    return begin, good and not (is_word_character(before[-1]) or before[-1] in "/#@")


def _check_found_link(link: str) -> int:
    """How many characters of `link` are one; 0 for none."""
    protocol = _PROTOCOL.match(link)
    rest = link[protocol.end() :] if protocol else link
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    domain = authority.split("@", 1)[-1].rsplit(":", 1)[0]
    if lower(domain) == "teiegram.org":
        return 0
    length = len(link) - len(path) + _length_of_path(path)
    parts = domain.split(".")
    if len(parts) < 2 or not all(1 <= len(p.encode()) <= _MAX_LABEL and p[-1] != "-" for p in parts):
        return 0
    if all(part.isascii() and part.isdigit() for part in parts):
        return length if len(parts) == 4 and all(_is_octet(part) for part in parts) else 0
    return length if _is_top_level(parts[-1], anything=bool(protocol)) and "_" not in parts[-2] else 0


def _length_of_path(path: str) -> int:
    """Up to the first bracket that closes none, without what may not end a link."""
    still_open = dict.fromkeys(_BRACKETS.values(), 0)
    end = 0
    while end < len(path):
        character = path[end]
        if character in _BRACKETS:
            still_open[_BRACKETS[character]] += 1
        elif character in still_open:
            still_open[character] -= 1
            if still_open[character] < 0:
                break
        end += 1
    return len(path[:end].rstrip(_BAD_PATH_END))


def _is_octet(part: str) -> bool:
    return part == str(int(part)) and int(part) <= 255


def _is_top_level(name: str, *, anything: bool) -> bool:
    if len(name) < 2:
        return False
    if name.startswith("xn--"):
        return len(name) > len("xn--a") and name[4:].isascii() and name[4:].isalnum()
    if "_" in name or "-" in name:
        return False
    if anything:
        return True
    # "Club.Fi" is a sentence, "club.fi" and "CLUB.FI" are domains
    lowered = name.lower()
    if lowered != name and lowered[1:] == name[1:]:
        return False
    return lowered in _top_level_domains()


@functools.cache
def _top_level_domains() -> frozenset[str]:
    """Those TDLib 1.8.67 knows."""
    written = pathlib.Path(__file__).with_name("top_level_domains.txt")
    return frozenset(written.read_text(encoding="utf-8").split())
