"""Erasing what this slice knows of a person (`A7`). Each function is called inside a transaction of
`backend.personal`."""

from datetime import datetime

from backend import clock, db
from backend.people.feeds import DELETE_FEED

ANONYMIZE = """
UPDATE telegram_users SET telegram_id = NULL, first_name = '', last_name = '', username = '', language = 'en',
    language_chosen = false, zone = NULL, may_write_at = NULL, blocked_at = NULL, reminder_leads = NULL,
    leads_chosen_at = NULL, muted_kinds = '{}', session_version = session_version + 1, seen_at = created_at,
    erased_at = $2
WHERE id = $1
"""


async def lock_person(user_id: int) -> bool:
    """Lock the person's row, so that nobody makes them a member meanwhile; False when they are erased
    already."""
    return bool(
        await db.value(
            "SELECT true FROM telegram_users WHERE id = $1 AND erased_at IS NULL FOR UPDATE", user_id
        )
    )


async def end_access(user_id: int) -> None:
    """End the person's sessions, and delete their sign-ins and their calendar feed."""
    await db.execute("UPDATE telegram_users SET session_version = session_version + 1 WHERE id = $1", user_id)
    await delete_access(user_id)


async def delete_access(user_id: int) -> None:
    """Delete the person's dashboard sessions, sign-ins and calendar feed."""
    await db.execute("DELETE FROM web_sessions WHERE user_id = $1", user_id)
    await db.execute("DELETE FROM sign_ins WHERE user_id = $1", user_id)
    await db.execute("DELETE FROM rate_limits WHERE user_id = $1", user_id)
    await db.execute(DELETE_FEED, user_id, clock.now())


async def anonymize_person(user_id: int, at: datetime) -> None:
    """Clear the person's name, Telegram id and preferences; the row stays for what they counted for. A list of commands that is
    to be taken back from them keeps the id of their chat until it was, a day at most."""
    await db.execute(ANONYMIZE, user_id, at)
