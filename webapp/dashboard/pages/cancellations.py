"""Cancelling one instance, and restoring it (`S5`)."""

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.roster import roster_counts
from backend.errors import Invalid
from backend.events.cancel import cancel_instance, restore_instance
from backend.events.queries import find_instance
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_url, render_event_page
from webapp.dashboard.responses import notice_of, redirect
from webapp.dashboard.session import Visit
from webapp.forms import read_form
from webapp.organiser_messages import cancelled_message, restored_message
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class CancellationForm:
    """The reason, which participants read."""

    reason: str = ""


@post("/events/{code:str}/cancellation", status_code=303)
async def create(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Cancel this instance; participants are notified of the reason."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    form = await read_form(request, CancellationForm)
    try:
        await cancel_instance(code, visit.person, form.reason)
    except Invalid as refusal:
        faults = {refusal.field: refusal.words}
        return await render_event_page(request, visit, code, status=422, faults=faults, typed=form)
    words = cancelled_message(concerns_anybody=await _concerns_anybody(code))
    return redirect(request, event_url(request, visit, code), notice_of(visit, words))


@post("/events/{code:str}/restoration", status_code=303)
async def destroy(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Undo the cancellation, until the start."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    await restore_instance(code, visit.person)
    words = restored_message(concerns_anybody=await _concerns_anybody(code))
    return redirect(request, event_url(request, visit, code), notice_of(visit, words))


async def _concerns_anybody(code: str) -> bool:
    return (await roster_counts((await find_instance(code)).id)).concerns_anybody
