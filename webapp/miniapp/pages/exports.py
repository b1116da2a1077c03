"""All that is held about the reader, to take away (`A7`)."""

from litestar import Response, get
from litestar.di import NamedDependency

from backend.people.queries import Person
from webapp.export_files import FILE_NAME, export_url
from webapp.miniapp.responses import screen


@get("/me/data")
async def show(person: NamedDependency[Person]) -> Response[str]:
    """What is in the file, and the file."""
    return screen("exports/show.html", person, address=export_url(person), file=FILE_NAME)
