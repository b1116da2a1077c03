"""What the reader shows at the door (`B12`)."""

import segno
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from markupsafe import Markup

from backend.bookings import queries
from backend.bookings.attendance import my_check_in_code
from backend.people.queries import Person
from webapp.live import still
from webapp.miniapp.pages.events import mark_of_event, seen_of_dates
from webapp.miniapp.screens import screen, unchanged

QUIET = 3  # modules of white around the picture


@get("/events/{code:str}/code")
async def show(
    code: FromPath[str], person: NamedDependency[Person], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """The reader's own code for a date, as a picture to be scanned. Raises `NotFound` for who has no seat."""
    mark = await mark_of_event(code, person)
    if still(seen, mark):
        return unchanged()
    view = await queries.event(code, person)
    said = await my_check_in_code(code, person)
    picture = segno.make(said, error="m", micro=False)
    return screen(
        "check_ins/show.html",
        person,
        view=view,
        code=said,
        # No style in it, as the policy wants: a path, and attributes.
        picture=Markup(picture.svg_inline(omitsize=True, border=QUIET)),  # noqa: S704
        seen=seen_of_dates(mark, person, [view]),
    )
