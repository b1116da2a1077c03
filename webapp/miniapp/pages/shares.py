"""Sharing an event or a poll: the message is prepared only when a person taps Share, for them alone."""

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.bookings.actions import admit_to_event
from backend.bookings.queries import event as event_queries
from backend.people.queries import Person
from backend.polls import queries as polls
from backend.polls.actions import admit_to_poll
from webapp.miniapp.sharing import share_event, share_poll


@post("/events/{code:str}/share", status_code=200)
async def create_for_event(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """The id of a prepared message about the instance, which the reader's client sends; 204 when only the
    link can be shared."""
    await admit_to_event(code, person)
    return await share_event(await event_queries.event(code, person), person)


@post("/polls/{code:str}/share", status_code=200)
async def create_for_poll(code: FromPath[str], person: NamedDependency[Person]) -> Response[str]:
    """The same for a poll."""
    await admit_to_poll(code, person)
    return await share_poll(await polls.poll(code, person), person)
