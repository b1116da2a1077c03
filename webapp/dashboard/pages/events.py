"""One instance (`C6`)."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from backend.accounts.rules import Permission
from backend.bookings.organiser_etags import organiser_event_etag
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import render_event_page
from webapp.dashboard.responses import etag_for
from webapp.dashboard.session import Visit
from webapp.freshness import is_fresh
from webapp.respond import AnyRequest, not_modified


@get("/events/{code:str}")
async def show(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """The people of an instance, its card and its seats."""
    version = await organiser_event_etag(code, visit.account_ids(Permission.SEE_PEOPLE))
    etag = etag_for(visit, version)
    if is_fresh(seen, etag):
        return not_modified()
    visit = await authorize_event(visit, code, Permission.SEE_PEOPLE)
    return await render_event_page(request, visit, code, etag=etag)
