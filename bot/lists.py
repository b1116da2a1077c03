"""Numbered lists, and selecting from them by number ("/book 2") or by code."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from backend.bookings.views import InstanceView
from backend.errors import Invalid
from backend.groups.queries import LinkedGroup
from backend.groups.shown_lists import NumberedList, last_list
from backend.i18n import N_, Voice
from backend.people.queries import Person

MAX_ITEMS = 10  # in a list in a chat; the Mini App shows all
_CODE = re.compile(r"[2-9a-hjkmnp-z]{10}")


class HasCode(Protocol):
    """An item of a list."""

    @property
    def code(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Selection:
    """The code of the selected item, the numbers after it, and the mark after each number ("" for none)."""

    code: str
    numbers: tuple[int, ...]
    marks: tuple[str, ...] = ()


def list_voice(voice: Voice, views: Sequence[InstanceView]) -> Voice:
    """The voice of a list: a reader whose zone is unknown counts as being where the club of the first is."""
    return voice.or_zone(views[0].account_zone) if views else voice


async def select(
    name: NumberedList | None,
    arguments: str | None,
    listed: Callable[[], Awaitable[Sequence[HasCode]]],
    person: Person,
    group: LinkedGroup | None,
    *,
    marks: str = "",
) -> Selection | None:
    """What the arguments of a command select; None without arguments. A number is that of the list which was shown last,
    or of the list as it is now where none was shown lately, or it has no name. Raises `Invalid`."""
    if not arguments:
        return None
    codes = await last_list(name, person, group) if name is not None else None
    if codes is None:
        codes = [item.code for item in await listed()]
    return parse_selection(arguments, codes, marks=marks)


def is_selection(words: Sequence[str]) -> bool:
    """Whether the words after a command are numbers, or a code and perhaps numbers."""
    if not words or not all(word.isdecimal() for word in words[1:]):
        return False
    return words[0].isdecimal() or bool(_CODE.fullmatch(words[0].lower()))


def parse_selection(arguments: str | None, codes: Sequence[str], *, marks: str = "") -> Selection | None:
    """The item that the arguments of a command select from a list of these codes; None without arguments.

    Each number after it may be followed by one of `marks`. Raises `Invalid` for anything else.
    """
    words = (arguments or "").replace("+", " ").replace(",", " ").split()
    if not words:
        return None
    first, rest = words[0].lower(), words[1:]
    marks_of_numbers = tuple(word[-1] if word[-1] in marks else "" for word in rest)
    digits = [word.removesuffix(mark) for word, mark in zip(rest, marks_of_numbers, strict=True)]
    if not all(number.isdecimal() and len(number) < 4 for number in digits):
        raise Invalid(N_("Send a number from the list, or a code."))
    numbers = tuple(int(number) for number in digits)
    if first.isdecimal() and len(first) < 4:
        if not 1 <= int(first) <= len(codes):
            raise Invalid(N_("There is no such number in the list."))
        return Selection(codes[int(first) - 1], numbers, marks_of_numbers)
    if not _CODE.fullmatch(first):
        raise Invalid(N_("Send a number from the list, or a code."))
    return Selection(first, numbers, marks_of_numbers)
