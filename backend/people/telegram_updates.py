"""Handling each update of Telegram once (`X2`)."""

from backend import clock, db


async def claim_update(bot_id: int, update_id: int) -> bool:
    """Claim an update; True for exactly one caller, however often and wherever the update arrives."""
    claimed = await db.execute_single_count(
        "INSERT INTO telegram_updates (bot_id, update_id, seen_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        bot_id,
        update_id,
        clock.now(),
    )
    return claimed == 1
