"""What a handler does first: authorize the visit for the club whose instance or poll it is about (`A1`,
`X4`)."""

from backend.accounts.rules import Permission
from backend.events.queries import find_instance
from backend.polls.actions import find_poll
from webapp.dashboard.session import Visit


async def authorize_event(visit: Visit, code: str, permission: Permission) -> Visit:
    """The visit to the club of this instance, if it has the permission there. Raises `NotFound`,
    `Forbidden`."""
    return await visit.authorize(permission, (await find_instance(code)).account_id)


async def authorize_poll(visit: Visit, code: str, permission: Permission) -> Visit:
    """The visit to the club of this poll, if it has the permission there. Raises `NotFound`, `Forbidden`."""
    return await visit.authorize(permission, (await find_poll(code)).account_id)
