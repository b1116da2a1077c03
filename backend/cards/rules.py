"""What becomes of a card, and when it has to be checked again though nobody did anything (`C2`, `C3`)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class CardState(StrEnum):
    """Where a card is on its way to the chat, as `cards.state` holds it."""

    DUE = "due"  # to be posted
    POSTING = "posting"  # being posted: it may be in the chat
    LIVE = "live"  # in the chat, and edited as things change
    LOST = "lost"  # gone, or out of reach
    UNLINKED = (
        "unlinked"  # in the chat of a group that was unlinked: without buttons, until it is linked again
    )


class CardTrouble(StrEnum):
    """Why a card was lost (`C6`), as `cards.trouble` holds it; "" there is no trouble."""

    UNKNOWN = "unknown"  # posting was interrupted: the message may be in the chat
    DELETED = "deleted"
    MUTED = "muted"  # the bot may not write in the group
    REMOVED = "removed"  # the bot is not in the group
    TOPIC_CLOSED = "topic-closed"
    TOPIC_GONE = "topic-gone"
    MOVED = "moved"  # the group became a supergroup
    REFUSED = "refused"  # Telegram refused it for another reason; `cards.error` has its words


# No change by the clock is expected; a change that somebody makes is shown all the same.
UNSCHEDULED = datetime(8000, 1, 1, tzinfo=UTC)
# A finished card is never checked again; the index of live cards leaves such rows out.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# How often, and for how long, the card of an ended or cancelled instance is checked for the series' next
# instance.
NEXT_INSTANCE_REFRESH = timedelta(minutes=10)
NEXT_INSTANCE_SHOWN = timedelta(days=7)


def shows_next_instance(over_at: datetime, now: datetime) -> bool:
    """Whether the card of an instance that ended, or would have, at `over_at` still names the next
    instance."""
    return now < over_at + NEXT_INSTANCE_SHOWN


def next_check(moments: Iterable[datetime | None], now: datetime) -> datetime:
    """The first of these moments that is still to come; `UNSCHEDULED` when there is none."""
    return min((at for at in moments if at is not None and at > now), default=UNSCHEDULED)
