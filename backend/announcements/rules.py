"""How long an announcement may be (`C4`, `C5`)."""

TEXT_MAX = 4096  # UTF-16 units of what is read, as Telegram counts
MAINTENANCE_LINE_MAX = 96  # of them for the line that marks maintenance, in any language


def utf16_length(text: str) -> int:
    """The text's length as Telegram counts it: in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_max(*, maintenance: bool) -> int:
    """How long the organiser's own text may be."""
    return TEXT_MAX - MAINTENANCE_LINE_MAX if maintenance else TEXT_MAX
