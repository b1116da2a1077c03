"""The states of an announcement, and how long it may be (`C4`, `C5`)."""

from enum import StrEnum

TEXT_MAX = 4096  # characters (code points) of the text as it is read; Telegram counts so
MAINTENANCE_LINE_MAX = 96  # of these, for the line that marks maintenance, in any language


class AnnouncementState(StrEnum):
    """Where an announcement is on its way, as `announcements.state` holds it."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    DONE = "done"
    STOPPED = "stopped"


def text_max(*, maintenance: bool) -> int:
    """How long the organiser's own text may be, in characters."""
    return TEXT_MAX - MAINTENANCE_LINE_MAX if maintenance else TEXT_MAX
