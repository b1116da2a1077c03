"""An instance for the reader's calendar, sent by the bot: for clients that cannot save a file."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.bookings.calendar_entries import send_calendar_entry
from backend.people.queries import Person
from webapp.respond import page


@post("/events/{code:str}/calendar", status_code=200)
async def create(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """Have the bot send the file. Raises `CannotWrite` (`M3`), `NotFound`."""
    await send_calendar_entry(code, person)
    return page(
        "miniapp/calendars/create.html",
        person.voice,
        headers={"HX-Retarget": "#in-chat", "HX-Reswap": "outerHTML"},
    )
