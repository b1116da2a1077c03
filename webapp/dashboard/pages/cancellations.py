"""Cancelling one instance, with its consequences shown first, and restoring it (`S5`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.queries.event import event
from backend.bookings.roster import roster_counts
from backend.errors import Invalid
from backend.events.cancel import REASON_MAX, cancel_instance, restore_instance
from backend.events.queries import find_instance
from backend.i18n import N_
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_url
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.series_tasks import ANY_REASON
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path
from webapp.dashboard.what_if import what_if
from webapp.forms import Faults, read_form
from webapp.notices import Undo
from webapp.organiser_messages import cancelled_message, restored_message
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class CancellationForm:
    """The reason, which participants read."""

    reason: str = ""


@get("/events/{code:str}/cancellation/new")
async def new(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """Who would be told what, and the reason to be typed."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    return await _page(request, visit, code, CancellationForm())


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
        faults = Faults()
        faults.add(refusal)
        return await _page(request, visit, code, form, faults=faults)
    words = cancelled_message(concerns_anybody=await _concerns_anybody(code))
    undo = Undo(f"{event_path(code)}/restoration", visit.voice.gettext(N_("Undo")))
    return redirect(request, event_url(request, visit, code), notice_of(visit, words, undo=undo))


@post("/events/{code:str}/restoration", status_code=303)
async def destroy(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Undo the cancellation, until the start."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    await restore_instance(code, visit.person)
    words = restored_message(concerns_anybody=await _concerns_anybody(code))
    return redirect(request, event_url(request, visit, code), notice_of(visit, words))


async def _page(
    request: AnyRequest, visit: Visit, code: str, form: CancellationForm, *, faults: Faults | None = None
) -> Response[str]:
    view = await event(code, visit.person)

    async def act() -> None:
        await cancel_instance(code, visit.person, form.reason[:REASON_MAX] or ANY_REASON)

    return render_page(
        request,
        visit,
        "events/cancellation.html",
        status=422 if faults else 200,
        view=view,
        form=form,
        faults=faults.by_field if faults else {},
        what_if=await what_if(visit, act, view.series_id),
    )


async def _concerns_anybody(code: str) -> bool:
    return (await roster_counts((await find_instance(code)).id)).concerns_anybody
