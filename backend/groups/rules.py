"""What a linked group can be like."""

from enum import StrEnum

GENERAL_TOPIC = 1  # Telegram's id of the General topic; a card in it has no topic id (C4)


class GroupHealth(StrEnum):
    """Whether the bot may write in a group (`A6`), as `groups.health` holds it."""

    WELL = "well"
    MUTED = "muted"  # the bot is in the group and may not write
    REMOVED = "removed"  # the bot is not in the group
