"""What people typed, cleaned: by every door, and for names and titles that Telegram reports (`X10`).

Telegram, PostgreSQL and browsers each drop or turn other characters. What is stored here all of them show alike.
"""

import ipaddress
import re
import unicodedata

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")
# Embeddings, overrides and isolates turn the text beside them, and Telegram drops the first five. Marks of
# direction, which turn nothing else, stay; so do joiners, which names and emoji are written with.
_REMOVED = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# Letters, marks and signs that have no picture; what is a space, a control or a format character is known by
# its category.
_WITHOUT_PICTURE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_INVISIBLE_CATEGORIES = frozenset(("Cc", "Cf", "Zs", "Zl", "Zp"))

# Bidirectional classes (Unicode, UAX #9) of characters that are written from right to left or turn others.
_TURNING = frozenset(("R", "AL", "AN", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"))
_FSI, _PDI = "\u2068", "\u2069"

_SCHEME = re.compile("^https://", re.IGNORECASE)
_LINK = re.compile(
    r"https://(?P<host>\[[0-9a-fA-F:.]+\]|[^\s/?#:@\\\[\]<>\"'%^`{|}]+)(?::(?P<port>\d{1,5}))?(?:[/?#][^\s\\<>\"']*)?"
)
_MAX_PORT = 65535

# Where Telegram would find a link, a mention, a hashtag or a command.
_LINKING_MARK = re.compile(r"[.@/#$:](?=\S)")  # nothing joins over a space
_WITH_JOINER = "\\g<0>\u2060"
_WRITTEN_LINK = re.compile(r"(\bhttps?://[^\s\u2069]+)", re.IGNORECASE)


def clean_line(text: str) -> str:
    """The text on one line with single spaces, in NFC; "" when nothing of it can be seen."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join(clean_lines(text).split())


def clean_lines(text: str) -> str:
    """The text of several lines in NFC, with line feeds alone between them, without control characters and
    without space around it; "" when nothing of it can be seen."""
    text = _CONTROLS.sub(" ", _LINE_ENDS.sub("\n", _REMOVED.sub("", text)))
    text = unicodedata.normalize("NFC", text).strip()
    return text if is_visible(text) else ""


def is_visible(text: str) -> bool:
    """Whether anything of the text can be seen."""
    return any(
        unicodedata.category(character) not in _INVISIBLE_CATEGORIES
        for character in _WITHOUT_PICTURE.sub("", text)
    )


def isolate(text: str) -> str:
    """The text for the middle of a sentence: what is written from right to left does not turn its neighbours, nor
    do marks that turn text, which were stored before they were cleaned. Other texts are left as they are."""
    if text.isascii() or not any(unicodedata.bidirectional(character) in _TURNING for character in text):
        return text
    lines = (_REMOVED.sub("", line) for line in text.split("\n"))  # an isolate ends with its line
    return "\n".join(f"{_FSI}{line}{_PDI}" if line else "" for line in lines)


def isolate_once(text: str) -> str:
    """The same for a text that may be made of texts that are isolated already."""
    return text if _FSI in text else isolate(text)


def unlinked(text: str, keep: bool = False) -> str:
    """What somebody typed, as words: Telegram finds no link, mention, hashtag or command in it, and what is
    written from right to left does not turn the text beside it.

    An invisible U+2060 behind each mark that could begin or join one. With `keep`, for what organisers
    write, an address with its `https://` stays the link it was meant to be.
    """
    text = isolate(text)
    parts = _WRITTEN_LINK.split(text) if keep else [text]
    return "".join(part if i % 2 else _LINKING_MARK.sub(_WITH_JOINER, part) for i, part in enumerate(parts))


def clean_link(text: str) -> str:
    """An address on one line, the scheme in small letters."""
    return _SCHEME.sub("https://", clean_line(text), count=1)


def is_link(address: str) -> bool:
    """Whether a clean address opens a page over https, in Telegram too, which keeps a link only when its host
    has a full stop and its port exists."""
    found = _LINK.fullmatch(address)
    if found is None or (found["port"] is not None and not 0 < int(found["port"]) <= _MAX_PORT):
        return False
    host = found["host"]
    if not host.startswith("["):
        return "." in host.strip(".")
    try:
        ipaddress.IPv6Address(host[1:-1])
    except ValueError:
        return False
    return True
