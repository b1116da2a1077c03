"""Deleting rows that are no longer needed."""

from datetime import timedelta

from backend import clock, db
from backend.people.feeds import FORMER_KEPT
from backend.people.rate_limits import RateLimit

# Telegram repeats an update for a day, and reuses its id no sooner than that.
UPDATES_KEPT = timedelta(days=2)
SIGN_INS_KEPT = timedelta(days=7)
USES_KEPT = 2 * max(limit.window for limit in RateLimit)


async def delete_expired() -> int:
    """Delete old updates, sign-in links, former addresses of feeds and counts for limits; how many rows. Runs every hour."""
    at = clock.now()
    async with db.transaction():
        updates = await db.execute("DELETE FROM telegram_updates WHERE seen_at < $1", at - UPDATES_KEPT)
        sign_ins = await db.execute("DELETE FROM sign_ins WHERE created_at < $1", at - SIGN_INS_KEPT)
        feeds = await db.execute("DELETE FROM former_calendar_feeds WHERE ended_at <= $1", at - FORMER_KEPT)
        uses = await db.execute("DELETE FROM rate_limits WHERE since < $1", at - USES_KEPT)
    return updates + sign_ins + feeds + uses
