"""How often one person may do what makes work for others, counted in the database for all processes (`X7`)."""

import math
from datetime import timedelta
from enum import Enum

from backend import clock, db, failpoints
from backend.errors import TooOften
from backend.people.queries import Person


class RateLimit(Enum):
    """So many uses in that time. A window begins with the first use after the last one has ended."""

    UPDATES = (60, timedelta(minutes=1))  # taps, commands and messages to the bot
    ACCOUNTS = (5, timedelta(days=1))  # founded
    POLLS = (30, timedelta(hours=1))  # made
    SHARES = (10, timedelta(minutes=1))  # messages prepared at Telegram: the bot's calls are everybody's
    INLINE_QUERIES = (120, timedelta(minutes=1))  # one for nearly each letter typed behind the bot’s name
    SIGN_IN_LINKS = (20, timedelta(minutes=10))  # from the Mini App to the dashboard
    EXPORTS = (10, timedelta(hours=1))  # of one's own data

    @property
    def uses(self) -> int:
        return self.value[0]

    @property
    def window(self) -> timedelta:
        return self.value[1]


# $1 person, $2 name, $3 now, $4 window, $5 how many uses.
SPEND = """
INSERT INTO rate_limits AS r (user_id, name, since, used) VALUES ($1, $2, $3, 1)
ON CONFLICT ON CONSTRAINT rate_limits_pkey DO UPDATE SET
    since = CASE WHEN r.since <= $3 - $4::interval THEN $3 ELSE r.since END,
    used = CASE WHEN r.since <= $3 - $4::interval THEN 1 ELSE least(r.used + 1, $5 + 2) END
RETURNING r.used, r.since
"""


async def spend(person: Person, limit: RateLimit) -> None:
    """Count one use, in a transaction of its own. Raises `TooOften` when the window has no use left."""
    now = clock.now()
    # The count may be lost in a crash, so the commit does not wait for the disk.
    async with db.transaction("SET LOCAL synchronous_commit = off"):
        row = await db.row(SPEND, person.id, limit.name, now, limit.window, limit.uses)
    assert row is not None
    over = row["used"] - limit.uses
    if over > 0 and not failpoints.on("rate-limits.off"):
        left = (row["since"] + limit.window - now).total_seconds()
        raise TooOften(max(1, math.ceil(left)), is_first=over == 1)
