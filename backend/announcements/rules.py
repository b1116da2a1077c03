"""The states of an announcement, and how long it may be (`C4`, `C5`)."""

from enum import StrEnum

TEXT_MAX = 4096  # UTF-16 code units of the text as it is read; Telegram counts so
MAINTENANCE_LINE_MAX = 96  # of these, for the line that marks maintenance, in any language


class AnnouncementState(StrEnum):
    """Where an announcement is on its way, as `announcements.state` holds it."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    DONE = "done"
    STOPPED = "stopped"


def utf16_length(text: str) -> int:
    """The text's length in UTF-16 code units, as Telegram counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_max(*, maintenance: bool) -> int:
    """How long the organiser's own text may be, in UTF-16 code units."""
    return TEXT_MAX - MAINTENANCE_LINE_MAX if maintenance else TEXT_MAX
