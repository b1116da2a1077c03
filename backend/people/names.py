"""What people are called in lists that other members read."""

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def tell_apart(people: Mapping[Key, tuple[str, str]]) -> dict[Key, str]:
    """The first names of people in one list, by key; each is given as first and last name. Two who share a first
    name are told apart by the initial of the last: `Anna K.`"""
    bearers = Counter(first.casefold() for first, _ in people.values())
    return {
        key: f"{first} {_initial(last)}" if bearers[first.casefold()] > 1 and _initial(last) else first
        for key, (first, last) in people.items()
    }


def _initial(name: str) -> str:
    """`K.` of a last name; "" when it begins with no letter."""
    return f"{name[0].upper()}." if name[:1].isalpha() else ""
