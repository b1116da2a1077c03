"""Each update of Telegram is handled once (`X2`), and what need not be kept for ever is forgotten."""

from datetime import timedelta

from backend import clock, db

# Telegram keeps an update for a day and never repeats its id sooner than that.
UPDATES_KEPT = timedelta(days=2)
SIGN_INS_KEPT = timedelta(days=7)


async def claim_update(bot_id: int, update_id: int) -> bool:
    """Whether this update is ours to handle: True for exactly one asker, however often and wherever it arrives."""
    taken = await db.execute_single_count(
        "INSERT INTO telegram_updates (bot_id, update_id, seen_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        bot_id,
        update_id,
        clock.now(),
    )
    return taken == 1


async def delete_expired() -> int:
    """The hourly broom over updates and sign-in links; how many rows went."""
    at = clock.now()
    async with db.transaction():
        gone = await db.execute("DELETE FROM telegram_updates WHERE seen_at < $1", at - UPDATES_KEPT)
        gone += await db.execute("DELETE FROM sign_ins WHERE created_at < $1", at - SIGN_INS_KEPT)
    return gone
