"""One instance (`C6`), and keeping one that its rule no longer has (`S4`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.organiser_etags import organiser_event_etag
from backend.events.edit import keep_drifted
from backend.i18n import Words
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_url, render_event_page
from webapp.dashboard.people_lists import read_id
from webapp.dashboard.responses import etag_for, notice_of, redirect
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import series_path
from webapp.forms import read_form
from webapp.freshness import is_fresh
from webapp.organiser_messages import KEPT
from webapp.respond import AnyRequest, not_modified


@dataclass(frozen=True, slots=True)
class KeepForm:
    """`series` is the id of the series whose list of drifted instances the form stands in; "" is the instance's own page."""

    series: str = ""


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


@post("/events/{code:str}/keeping", status_code=303)
async def keep(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Keep this instance although its rule no longer has it: nobody is asked about it again. Back to the page it was asked
    on."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    await keep_drifted(code, visit.person)
    series_id = read_id((await read_form(request, KeepForm)).series)
    url = event_url(request, visit, code) if series_id is None else visit.url(series_path(series_id))
    return redirect(request, url, notice_of(visit, Words(KEPT)))
