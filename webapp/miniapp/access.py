"""What a handler loads first: the instance, once it is known that this person may see or manage it (`X4`)."""

from backend.accounts.queries import AccountView, authorize
from backend.accounts.rules import Permission
from backend.bookings.queries.event import event
from backend.bookings.views import InstanceView
from backend.events.queries import find_instance
from backend.people.queries import Person


async def authorize_event(code: str, organiser: Person, permission: Permission) -> AccountView:
    """The club of the instance, if the organiser has this permission there. Raises `NotFound`,
    `Forbidden`."""
    return await authorize(organiser, (await find_instance(code)).account_id, permission)


async def load_authorized(
    code: str, organiser: Person, permission: Permission
) -> tuple[InstanceView, AccountView]:
    """The instance and its club, on the same condition. Raises `NotFound`, `Forbidden`."""
    account = await authorize_event(code, organiser, permission)
    return await event(code, organiser), account
