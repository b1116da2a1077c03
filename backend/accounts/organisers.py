"""Organisers of all accounts together."""

from backend import db
from backend.accounts.rules import Permission, Role, is_permitted
from backend.people.queries import Person, person_from
from backend.people.sql import REACHABLE


async def reachable_organisers() -> list[Person]:
    """Everybody who manages the events of any account and whom the bot may write to, in the order in which they came."""
    roles = [role for role in Role if is_permitted(role, Permission.MANAGE_EVENTS)]
    rows = await db.rows(
        f"SELECT u.* FROM telegram_users u WHERE {REACHABLE} AND u.id IN"
        " (SELECT user_id FROM memberships WHERE role = ANY($1::text[]) AND left_at IS NULL AND visitor_since IS NULL)"
        " ORDER BY u.id",
        roles,
    )
    return [person_from(row) for row in rows]
