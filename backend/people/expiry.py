"""Deleting rows that are no longer needed."""

from datetime import timedelta

from backend import clock, db
from backend.people.feeds import FORMER_KEPT

# Telegram repeats an update for a day, and reuses its id no sooner than that.
UPDATES_KEPT = timedelta(days=2)
SIGN_INS_KEPT = timedelta(days=7)


async def delete_expired() -> int:
    """Delete old updates, sign-in links and former addresses of feeds; how many rows. Runs every hour."""
    at = clock.now()
    async with db.transaction():
        updates = await db.execute("DELETE FROM telegram_updates WHERE seen_at < $1", at - UPDATES_KEPT)
        sign_ins = await db.execute("DELETE FROM sign_ins WHERE created_at < $1", at - SIGN_INS_KEPT)
        feeds = await db.execute("DELETE FROM former_calendar_feeds WHERE ended_at <= $1", at - FORMER_KEPT)
    return updates + sign_ins + feeds
