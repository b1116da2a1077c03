"""One instance (`C6`)."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.accounts.rules import Permission
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import render_event_page
from webapp.dashboard.session import Visit
from webapp.respond import AnyRequest


@get("/events/{code:str}")
async def show(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """The people of an instance, its card and its seats."""
    visit = await authorize_event(visit, code, Permission.SEE_PEOPLE)
    return await render_event_page(request, visit, code)
