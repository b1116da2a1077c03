"""What is coming over all the reader's clubs, one instance with its seats, and who comes to it."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.bookings.actions import admit_to_event
from backend.bookings.queries import event as event_queries
from backend.bookings.queries import people as people_queries
from backend.errors import NotFound
from backend.people.queries import Person
from webapp.miniapp.event_screens import CONFIRMED, event_screen_for
from webapp.miniapp.list_screens import upcoming_screen
from webapp.miniapp.paging import Initial, ListFilters, SearchWords
from webapp.miniapp.responses import ScreenResponse, screen

LISTED = 200  # parties on a screen


@get("/events")
async def index(
    person: NamedDependency[Person],
    filters: NamedDependency[ListFilters],
    seen: FromQuery[str] = "",
) -> ScreenResponse:
    """The dates to come, soonest first (`A8`); `after` (Unix seconds) pages on, `club` and `group` select
    one, `q` are search words: an empty `q` opens the search field."""
    return await upcoming_screen(person, filters, seen=seen)


@get("/events/{code:str}")
async def show(
    code: FromPath[str],
    person: NamedDependency[Person],
    seen: FromQuery[str] = "",
    after: FromQuery[str] = "",
) -> ScreenResponse:
    """One instance: the reader's status, its seats, who comes, what can be done (`B9`, `W5`).

    `after` is the outcome that brought the reader here, if any.
    """
    return await event_screen_for(code, person, seen=seen, outcome=after if after in CONFIRMED else "")


@get("/events/{code:str}/people")
async def people(
    code: FromPath[str],
    person: NamedDependency[Person],
    q: SearchWords = None,
    letter: Initial = "",
) -> Response[str]:
    """Everybody who has a seat, by first name only; in a long list those with `q` in their name, or under one
    letter."""
    await admit_to_event(code, person)
    view = await event_queries.event(code, person)
    if view.role is None:  # who has only the link reads no names (A10)
        raise NotFound()
    crowd = await people_queries.search_attendees(
        view, words=q or "", letter=letter, limit=LISTED, language=person.language
    )
    return screen("events/people.html", person, view=view, crowd=crowd, search_words=q or "", letter=letter)
