"""Members who have not answered to an instance, and asking them (`P5`)."""

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.queries.event import event
from backend.bookings.reminders import remind_unanswered_now, unanswered_page
from backend.i18n import N_, Words
from webapp.dashboard.access import authorize_event
from webapp.dashboard.people_lists import PAGE_SIZE, read_list_query
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path
from webapp.respond import AnyRequest


@get("/events/{code:str}/unanswered")
async def index(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """Those known to be in the group who have not answered, by name."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    view, query = await event(code, visit.person), read_list_query(request)
    return render_page(
        request,
        visit,
        "unanswered/index.html",
        view=view,
        query=query,
        page=await unanswered_page(
            view.id,
            view.account_id,
            words=query.words,
            after=query.after,
            limit=PAGE_SIZE,
            language=visit.person.language,
        ),
    )


@post("/events/{code:str}/unanswered/reminder", status_code=303)
async def create_reminder(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Redirect:
    """Ask them now whether they come, at most once a day."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    asked = await remind_unanswered_now(code, visit.person)
    words = Words(N_("%(n)s person will be asked."), {}, N_("%(n)s people will be asked."), asked)
    return redirect(request, visit.url(f"{event_path(code)}/unanswered"), notice_of(visit, words))
