"""The rows of a club that is being closed (`A12`), inside transactions of `backend.closing`."""

from datetime import datetime

from backend import db
from backend.errors import NotFound
from backend.i18n import N_, Voice
from backend.people.command_lists import mark_command_lists


async def lock_account(account_id: int) -> db.Row:
    """The club's row, locked as every change of its members and of its closing locks it. Raises `NotFound`."""
    row = await db.row(
        "SELECT name, language, zone, closing_at, closed_at FROM accounts WHERE id = $1 FOR NO KEY UPDATE",
        account_id,
    )
    if row is None:
        raise NotFound()
    return row


async def set_closing(account_id: int, closing_at: datetime | None) -> None:
    """Close the locked club then, or not at all."""
    await db.execute("UPDATE accounts SET closing_at = $2 WHERE id = $1", account_id, closing_at)


async def close_locked(account_id: int, language: str, at: datetime) -> None:
    """Close the locked club: its memberships end, its keys are revoked, and those who have no Telegram, and so could not
    ask for it (`A7`), lose their names."""
    await db.execute(
        "UPDATE api_keys SET revoked_at = $2 WHERE account_id = $1 AND revoked_at IS NULL", account_id, at
    )
    organisers = await db.rows(
        "SELECT DISTINCT user_id FROM memberships"
        " WHERE account_id = $1 AND left_at IS NULL AND visitor_since IS NULL AND role <> 'MEMBER'",
        account_id,
    )
    await mark_command_lists([row["user_id"] for row in organisers])
    await db.execute(
        "UPDATE memberships SET left_at = coalesce(left_at, $2), name = CASE WHEN user_id IS NULL THEN $3 ELSE name END"
        " WHERE account_id = $1",
        account_id,
        at,
        Voice(language).gettext(N_("Someone")),
    )
    await db.execute("UPDATE accounts SET closed_at = $2 WHERE id = $1", account_id, at)
