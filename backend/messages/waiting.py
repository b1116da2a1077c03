"""Whether there is anything for the sender to do."""

from backend import clock, db
from backend.cards.queries import STALE, UNLINKED
from backend.cards.shared import STALE_SHARED

# Asked five times a second, nearly always for nothing: one question instead of one for each kind of work.
ANYTHING_DUE = f"""
SELECT EXISTS (SELECT 1 FROM messages WHERE state = 'due' AND due_at <= $1)
    OR EXISTS (SELECT 1 FROM cards WHERE state = 'due' AND next_try_at <= $1)
    OR EXISTS (SELECT 1 FROM held_replies WHERE due_at <= $1)
    OR EXISTS (SELECT 1 FROM due_command_lists WHERE due_at <= $1)
    OR EXISTS (SELECT 1 FROM announcements WHERE watch_message_id IS NOT NULL)
    OR EXISTS ({STALE}) OR EXISTS ({UNLINKED}) OR EXISTS ({STALE_SHARED})
"""


async def is_anything_due() -> bool:
    """Whether a message, a card, a held reply, a list of commands or the progress of an announcement may be due to be sent or
    shown."""
    return bool(await db.value(ANYTHING_DUE, clock.now()))
