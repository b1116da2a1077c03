"""How often one person may do what makes work for others, counted in the database for all processes (`X7`)."""

import math
from datetime import datetime, timedelta
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


def counting(rows: str, *, now: str, window: str, uses: str) -> str:
    """The statement that counts one use for each of these rows (person, name, now, 1) and returns `user_id`, `used` and `since`.
    The others are SQL for the moment, for the limit's window and for its uses."""
    return f"""
INSERT INTO rate_limits AS r (user_id, name, since, used) {rows}
ON CONFLICT ON CONSTRAINT rate_limits_pkey DO UPDATE SET
    since = CASE WHEN r.since <= {now} - {window}::interval THEN {now} ELSE r.since END,
    used = CASE WHEN r.since <= {now} - {window}::interval THEN 1 ELSE least(r.used + 1, {uses} + 2) END
RETURNING r.user_id, r.used, r.since"""


# The count may be lost in a crash, so its commit does not wait for the disk.
UNFLUSHED = "(SELECT set_config('synchronous_commit', 'off', true)) AS unflushed"
SPEND = counting(
    f"SELECT $1::bigint, $2, $3::timestamptz, 1 FROM {UNFLUSHED}", now="$3", window="$4", uses="$5"
)


async def spend(person: Person, limit: RateLimit) -> None:
    """Count one use, in a transaction of its own. Raises `TooOften` when the window has no use left."""
    [row] = await db.execute_single_rows(SPEND, person.id, limit.name, clock.now(), limit.window, limit.uses)
    check_uses(row["used"], row["since"], limit)


def check_uses(used: int, since: datetime, limit: RateLimit) -> None:
    """Raises `TooOften` when so many uses since then are more than the limit."""
    over = used - limit.uses
    if over > 0 and not failpoints.on("rate-limits.off"):
        left = (since + limit.window - clock.now()).total_seconds()
        raise TooOften(max(1, math.ceil(left)), is_first=over == 1)
