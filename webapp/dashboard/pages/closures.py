"""Closing the attendance list of a date that is over; first it names who was booked and did not come (`B12`)."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.attendance import close_list, reopen_list
from backend.bookings.queries.event import event
from backend.bookings.roster import RosterKind, roster_counts
from backend.i18n import N_
from webapp.dashboard.access import authorize_event
from webapp.dashboard.people_lists import read_list_query, roster_page
from webapp.dashboard.responses import redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import check_ins_path, closure_path
from webapp.notices import Notice, Undo
from webapp.respond import AnyRequest


@get("/events/{code:str}/closure")
async def show(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """Who counts as missed when the list is closed; once it is, who did."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    view, query = await event(code, visit.person), read_list_query(request)
    return render_page(
        request,
        visit,
        "closures/show.html",
        view=view,
        query=query,
        counts=await roster_counts(view.id),
        page=await roster_page(visit, view.id, RosterKind.NO_SHOWS, query),
    )


@post("/events/{code:str}/closure", status_code=303)
async def create(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Close the list of a date that is over. It can be opened again."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    await close_list(code, visit.person)
    undo = Undo(f"{closure_path(code)}/removal", visit.voice.gettext(N_("Undo")))
    notice = Notice(visit.voice.gettext(N_("The list is closed.")), undo=undo)
    return redirect(request, visit.url(closure_path(code)), notice)


@post("/events/{code:str}/closure/removal", status_code=303)
async def destroy(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Open the list again; its no-shows no longer count."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    await reopen_list(code, visit.person)
    notice = Notice(visit.voice.gettext(N_("The list is open again, and nobody counts as missed.")))
    return redirect(request, visit.url(check_ins_path(code)), notice)
