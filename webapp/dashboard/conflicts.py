"""Two organisers edited the same thing (`X5`): both versions side by side, in the form that was sent.

How a page uses it: the form has `version`, from `backend.editing.version_of`, as a hidden field, read by `Seen`; its
action takes it as `seen` and raises `ChangedMeanwhile`; the page catches that, reads the thing again, and renders itself
with the form as it was sent, the new version, and `conflict=differences(…)`. The template includes
`dashboard/_conflict.html` above the form. Pressing the button again saves one's own version.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """The version that a form was filled with."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the two have left differently; `label` and values are in the reader's language."""

    label: str
    yours: str
    theirs: str


def differences(yours: object, theirs: object, labels: Mapping[str, str]) -> list[Difference]:
    """The fields of two forms of one class that differ, in the order of `labels`, which name them for the reader."""
    pairs = ((label, str(getattr(yours, name)), str(getattr(theirs, name))) for name, label in labels.items())
    return [Difference(label, mine, other) for label, mine, other in pairs if mine != other]
