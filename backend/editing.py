"""Two people edit the same thing: whoever saves what they read before the other saved is told, and nothing of either is
lost.

A form carries the version of what it was filled with; the action compares it, under its lock, with what is there now.
"""

from backend import codes
from backend.errors import Refusal
from backend.i18n import N_


class ChangedMeanwhile(Refusal):
    """Somebody else saved since this form was loaded."""

    outcome = "changed-meanwhile"
    message = N_("Somebody changed this meanwhile. Nothing is saved yet: compare, and save what is right.")


def version_of(*values: object) -> str:
    """What identifies the content of these fields."""
    return codes.digest("\x1f".join(str(value) for value in values))[:16]


def require_version(seen: str, now: str) -> None:
    """Called inside the transaction that writes, after its lock. `seen` is "" for whoever edits without having looked,
    as commands do. Raises `ChangedMeanwhile`."""
    if seen and seen != now:
        raise ChangedMeanwhile()
