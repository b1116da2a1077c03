"""What a handler does first: authorize the visit for the club whose instance or poll it is about (`A1`,
`X4`)."""

from backend.accounts.rules import Permission
from backend.errors import NotFound
from backend.events.queries import SeriesView, find_instance, series_by_id
from backend.polls.actions import find_poll
from webapp.dashboard.session import Visit


async def authorize_event(visit: Visit, code: str, permission: Permission) -> Visit:
    """The visit to the club of this instance, if it has the permission there. Raises `NotFound`,
    `Forbidden`."""
    return await visit.authorize(permission, (await find_instance(code)).account_id)


async def authorize_poll(visit: Visit, code: str, permission: Permission) -> Visit:
    """The visit to the club of this poll, if it has the permission there. Raises `NotFound`, `Forbidden`."""
    return await visit.authorize(permission, (await find_poll(code)).account_id)


async def find_series(visit: Visit, series_id: int) -> tuple[Visit, SeriesView]:
    """The series, and the visit to whichever of their clubs has it (`A1`). Raises `NotFound`, `Forbidden`."""
    for account in visit.accounts:
        view = await series_by_id(account.id, series_id)
        if view is not None:
            return await visit.authorize(Permission.MANAGE_EVENTS, account.id), view
    raise NotFound()
