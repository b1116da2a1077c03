"""The reader's standing seats (`B11`)."""

from typing import Annotated

from litestar import Response, delete
from litestar.di import NamedDependency
from litestar.params import PathParameter

from backend.bookings.standing_seats import end_own_regular
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.seats.state import Outcome
from webapp.miniapp.pages.bookings import mine


@delete("/regulars/{series_id:int}", status_code=200)
async def destroy(
    series_id: Annotated[int, PathParameter(ge=1, le=2**63 - 1)], person: NamedDependency[Person]
) -> Response[str] | Response[None]:
    """Give one back; what is booked stays until it is left. Raises `NotFound`."""
    await end_own_regular(person, series_id)
    words = Words(N_("Your standing seat is given back. What is booked stays yours."))
    return await mine(person, outcome=Outcome("given-back", words))
