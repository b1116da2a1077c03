"""What commands do for scripts, with the authority of the person who runs the server."""

from datetime import datetime

from backend.accounts.queries import find_account
from backend.errors import Invalid, NotFound
from backend.events.create import NewSeries, create_series_for_account
from backend.events.drafts import SeriesDraft, Visibility
from backend.i18n import N_
from backend.zones import UnknownZone, wall_clock


async def account_named(account: str) -> int:
    """The id of the account with this name or number. Raises `NotFound`, also when there are several."""
    account_id = await find_account(account)
    if account_id is None:
        raise NotFound(N_("No club has this name or number, or several have it."))
    return account_id


async def create_event(
    account: str,
    *,
    title: str,
    starts_at: str,
    zone: str,
    capacity: int | None = None,
    guests: int = 0,
    rrule: str = "",
    visibility: str = Visibility.GROUP,
) -> NewSeries:
    """Create a series in the account with this name or number, with its first instances.

    `starts_at` is ISO 8601: without an offset the wall clock of `zone`, with one an instant. Raises
    `NotFound`, `Invalid`, `InvalidForm`.
    """
    account_id = await account_named(account)
    try:
        start = datetime.fromisoformat(starts_at)
        local = start if start.tzinfo is None else wall_clock(start, zone)
    except UnknownZone as error:
        raise Invalid(N_("Unknown time zone."), field="zone") from error
    except ValueError as error:
        raise Invalid(
            N_("Enter the start like this: 2026-12-01T18:00, in the event’s time zone."), field="starts_at"
        ) from error
    return await create_series_for_account(
        account_id,
        None,
        SeriesDraft(
            title=title,
            starts_local=local,
            zone=zone,
            capacity=capacity,
            guests_max=guests,
            rule=rrule,
            visibility=visibility,
        ),
    )
