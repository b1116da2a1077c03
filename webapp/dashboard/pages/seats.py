"""The capacity of one instance (`W4`)."""

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.actions import set_capacity
from backend.bookings.queries.event import event
from backend.errors import Invalid
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_url, render_event_page
from webapp.dashboard.responses import notice_of, redirect
from webapp.dashboard.session import Visit
from webapp.dashboard.what_if import WhatIf, what_if
from webapp.forms import Faults, read_form
from webapp.respond import AnyRequest, page


@dataclass(frozen=True, slots=True)
class CapacityForm:
    """`capacity` empty is no limit."""

    capacity: str = ""


@post("/events/{code:str}/seats/consequences", status_code=200)
async def compare(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """What saving would do, while the number is being typed; nothing is saved."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    view = await event(code, visit.person)
    faults = Faults()
    capacity = faults.whole_number("capacity", (await read_form(request, CapacityForm)).capacity)

    async def act() -> object:
        return await set_capacity(code, visit.person, capacity)

    wrong = faults.by_field.get("capacity")
    if wrong:
        shown = WhatIf(refusal=Invalid(wrong.message, field="capacity"))
    else:
        shown = await what_if(visit, act, view.series_id)
    return page("dashboard/events/_seats_what_if.html", visit.voice, what_if=shown)


@post("/events/{code:str}/seats", status_code=303)
async def update(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Change the capacity of this instance alone. Lowered below what is booked it removes nobody."""
    visit = await authorize_event(visit, code, Permission.MANAGE_EVENTS)
    form, faults = await read_form(request, CapacityForm), Faults()
    capacity = faults.whole_number("capacity", form.capacity)
    if not faults.by_field:
        try:
            outcome = await set_capacity(code, visit.person, capacity)
        except Invalid as refusal:
            faults.add(refusal)
        else:
            return redirect(request, event_url(request, visit, code), notice_of(visit, outcome.words))
    return await render_event_page(request, visit, code, status=422, faults=faults.by_field, typed=form)
