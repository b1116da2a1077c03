"""Checking people in at the door, by list and by keyboard (`B12`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings import attendance
from backend.bookings.organiser_etags import organiser_event_etag
from backend.bookings.queries.event import event
from backend.bookings.roster import RosterKind, roster_counts
from backend.errors import Invalid
from backend.i18n import N_
from webapp.dashboard.access import authorize_event
from webapp.dashboard.people_lists import ListQuery, read_list_query, roster_page
from webapp.dashboard.responses import etag_for, notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import check_ins_path
from webapp.forms import Faults, read_form
from webapp.freshness import is_fresh, seen_token
from webapp.notices import Undo
from webapp.organiser_messages import check_in_message
from webapp.respond import AnyRequest, not_modified

# The lists of the page, as its address names them; without a name the first.
LISTS = {"": RosterKind.CHECK_IN, "missing": RosterKind.NOT_CHECKED_IN}


@dataclass(frozen=True, slots=True)
class CheckInForm:
    """`here` is `yes`, or `no` to undo it; `came` is how many of the party are here, all of them when empty."""

    here: str = ""
    came: str = ""


@get("/events/{code:str}/check-ins")
async def index(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit], seen: FromQuery[str] = ""
) -> Response[str] | Response[None]:
    """Everybody with a seat, by name; `show=missing` lists who is not here yet, `q` finds by name."""
    version = await organiser_event_etag(code, visit.account_ids(Permission.CHECK_IN))
    etag = etag_for(visit, version)
    if is_fresh(seen, etag):
        return not_modified()
    visit = await authorize_event(visit, code, Permission.CHECK_IN)
    view, query = await event(code, visit.person), _query(request)
    return render_page(
        request,
        visit,
        "check_ins/index.html",
        seen=etag and seen_token(etag, visit.person, view.changes_at, {view.zone, visit.account.zone}),
        view=view,
        query=query,
        counts=await roster_counts(view.id),
        page=await roster_page(visit, view.id, LISTS[query.show], query),
    )


@post("/events/{code:str}/check-ins/{membership_id:int}", status_code=303)
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Redirect:
    """Check a party in, or undo it. Doing again what is done changes nothing."""
    visit = await authorize_event(visit, code, Permission.CHECK_IN)
    form, faults, query = await read_form(request, CheckInForm), Faults(), _query(request)
    came = faults.whole_number("came", form.came)
    if faults.by_field:
        raise Invalid(N_("A whole number, please."), field="came")
    url = visit.url(f"{check_ins_path(code)}{query}")
    if form.here == "no":
        await attendance.undo_check_in(code, visit.person, membership_id)
        return redirect(request, url)
    checked_in = await attendance.check_in(code, visit.person, membership_id, came=came)
    if query.show != "missing":
        return redirect(request, url)
    # The party is no longer listed, so the notice has the way back.
    undo = Undo(
        f"{check_ins_path(code)}/{membership_id}{query}", visit.voice.gettext(N_("Undo")), {"here": "no"}
    )
    return redirect(request, url, notice_of(visit, check_in_message(checked_in), "yes", undo))


def _query(request: AnyRequest) -> ListQuery:
    return read_list_query(request, LISTS)
