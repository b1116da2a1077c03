"""The reader's standing seats (`B11`)."""

from litestar import delete
from litestar.di import NamedDependency

from backend.bookings.standing_seats import end_own_regular
from backend.i18n import N_, Words
from backend.people.queries import Person
from backend.seats.requests import Outcome, OutcomeKind
from webapp.miniapp.list_screens import bookings_screen
from webapp.miniapp.paging import PathId
from webapp.miniapp.responses import ScreenResponse


@delete("/regulars/{series_id:int}", status_code=200)
async def destroy(series_id: PathId, person: NamedDependency[Person]) -> ScreenResponse:
    """Give one back; what is booked stays until the reader leaves it. Raises `NotFound`."""
    await end_own_regular(person, series_id)
    words = Words(N_("You gave up your standing seat. Your existing bookings stay."))
    return await bookings_screen(person, outcome=Outcome(OutcomeKind.GIVEN_BACK, words))
