"""Sending an event or a poll on: made only when somebody taps Share, for them alone."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.bookings import queries as bookings
from backend.people.queries import Person
from backend.polls import queries as polls
from webapp.miniapp.sharing import event_message, poll_message


@post("/events/{code:str}/share", status_code=200)
async def of_event(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """The id of a message about the date that the reader's client can send; 204 when there is none, and the link is left."""
    return await event_message(await bookings.event(code, person), person)


@post("/polls/{code:str}/share", status_code=200)
async def of_poll(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """The same of a poll."""
    return await poll_message(await polls.poll(code, person), person)
