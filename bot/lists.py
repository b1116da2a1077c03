"""Numbered lists, and what people name from them: "/book 2", or by its code, which never shifts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from backend.errors import Invalid
from backend.i18n import N_

MAX_ITEMS = 10  # of a list in a chat; the Mini App shows all
_CODE = re.compile(r"[2-9a-hjkmnp-z]{10}")


class HasCode(Protocol):
    @property
    def code(self) -> str: ...


Thing = TypeVar("Thing", bound=HasCode)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a command named: the code of one thing, the numbers that came after it, and what stood behind each of them."""

    code: str
    numbers: tuple[int, ...]
    marks: tuple[str, ...] = ()


def parse_selection(arguments: str | None, listed: Sequence[HasCode], *, marks: str = "") -> Selection | None:
    """What `arguments` name from a list; None when they name nothing. Behind each number may stand one of `marks`.

    Raises `Invalid` for what cannot be read.
    """
    words = (arguments or "").replace("+", " ").replace(",", " ").split()
    if not words:
        return None
    first, rest = words[0].lower(), words[1:]
    behind = tuple(word[-1] if word[-1] in marks else "" for word in rest)
    bare = [word.removesuffix(mark) for word, mark in zip(rest, behind, strict=True)]
    if not all(word.isdecimal() and len(word) < 4 for word in bare):
        raise Invalid(N_("Send a number from the list, or a code."))
    numbers = tuple(int(word) for word in bare)
    if first.isdecimal() and len(first) < 4:
        if not 1 <= int(first) <= len(listed):
            raise Invalid(N_("There is no such number in the list."))
        return Selection(listed[int(first) - 1].code, numbers, behind)
    if not _CODE.fullmatch(first):
        raise Invalid(N_("Send a number from the list, or a code."))
    return Selection(first, numbers, behind)
