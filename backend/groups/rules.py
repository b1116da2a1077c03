"""What a linked group can be like."""

from enum import StrEnum

# Telegram's id of the General topic. A card in it has no topic id (C4); a series or poll has this one if it goes there though its
# group chose another topic.
GENERAL_TOPIC = 1


class GroupHealth(StrEnum):
    """Whether the bot may write in a group (`A6`), as `groups.health` holds it."""

    WELL = "well"
    MUTED = "muted"  # the bot is in the group and may not write
    REMOVED = "removed"  # the bot is not in the group
