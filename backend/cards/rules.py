"""When a card has to be looked at again, though nobody did anything (`C2`, `C3`)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

# Nothing will change by the clock alone; when somebody acts, the card follows all the same.
UNSCHEDULED = datetime(8000, 1, 1, tzinfo=UTC)
# A finished card is looked at no more, whatever happens; the index of live cards leaves such rows out.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
# What an ended or cancelled card says of the next date is kept true this often, and for this long.
NEXT_INSTANCE_REFRESH = timedelta(minutes=10)
NEXT_INSTANCE_SHOWN = timedelta(days=7)


def shows_next_instance(over_at: datetime, now: datetime) -> bool:
    """Whether a card of what was over at `over_at` (ended, or would have) still leads on to the next date."""
    return now < over_at + NEXT_INSTANCE_SHOWN


def next_check(moments: Iterable[datetime | None], now: datetime) -> datetime:
    """The first of these moments that is still to come; `WHENEVER` when none is."""
    return min((at for at in moments if at is not None and at > now), default=UNSCHEDULED)
