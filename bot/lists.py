"""Numbered lists, and what people name from them: "/book 2", or by its code, which never shifts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from backend.errors import Invalid
from backend.i18n import N_

MOST = 10  # of a list in a chat; the Mini App shows all
CODE = re.compile(r"[2-9a-hjkmnp-z]{10}")


class Coded(Protocol):
    @property
    def code(self) -> str: ...


Thing = TypeVar("Thing", bound=Coded)


@dataclass(frozen=True, slots=True)
class Named:
    """What a command named: the code of one thing, and the numbers that came after it."""

    code: str
    numbers: tuple[int, ...]


def named(arguments: str | None, listed: Sequence[Coded]) -> Named | None:
    """What `arguments` name from a list; None when they name nothing. Raises `Invalid` for what cannot be read."""
    words = (arguments or "").replace("+", " ").replace(",", " ").split()
    if not words:
        return None
    first, rest = words[0].lower(), words[1:]
    if not all(word.isdecimal() and len(word) < 4 for word in rest):
        raise Invalid(N_("Send a number from the list, or a code."))
    numbers = tuple(int(word) for word in rest)
    if first.isdecimal() and len(first) < 4:
        if not 1 <= int(first) <= len(listed):
            raise Invalid(N_("There is no such number in the list."))
        return Named(listed[int(first) - 1].code, numbers)
    if not CODE.fullmatch(first):
        raise Invalid(N_("Send a number from the list, or a code."))
    return Named(first, numbers)
