"""Results of acts on a screen, and what the reader can do about them at once; both sites use these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Method = Literal["post", "put", "patch", "delete"]
Tone = Literal["plain", "yes", "wait", "no"]
Fields = Mapping[str, str | Sequence[str]]  # a field that is sent several times has a sequence


@dataclass(frozen=True, slots=True)
class Undo:
    """The way back: a button that sends these fields to an address."""

    url: str
    label: str
    fields: Fields = field(default_factory=dict)
    method: Method = "post"


@dataclass(frozen=True, slots=True)
class Notice:
    """What has just happened, in the reader's language. `more` is the address and the label of a link to
    further steps."""

    text: str
    tone: Tone = "plain"
    undo: Undo | None = None
    more: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Overbooking:
    """A party that exceeds the capacity by `over_by` seats: an owner may confirm it (`B3`), or let it wait if
    `can_wait`.

    The confirmation sends `fields` with `over=1`, the other choice sends them with `how=line`.
    """

    name: str
    over_by: int
    can_wait: bool
    url: str
    fields: Fields
    method: Method = "post"
