"""Whether an instance with a minimum runs, decided by an organiser (`S7`)."""

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.events.minimum import decide_instance
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_url
from webapp.dashboard.responses import notice_of, redirect
from webapp.dashboard.session import Visit
from webapp.respond import AnyRequest


@post("/events/{code:str}/decision", status_code=303)
async def create(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """It goes ahead, however few have signed up. That it does not is a cancellation."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    result = await decide_instance(code, visit.person, run=True)
    return redirect(request, event_url(request, visit, code), notice_of(visit, result.words, "yes"))
