"""Cancelling one date, and taking that back (`S5`)."""

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.errors import Invalid
from backend.events.cancel import cancel_instance, restore_instance
from backend.i18n import N_, Words
from webapp.dashboard.frame import go, told
from webapp.dashboard.pages.events import of_event, page_of, path_of
from webapp.dashboard.session import Visit
from webapp.forms import read
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class CancellationForm:
    """Why; it is what people read."""

    reason: str = ""


@post("/events/{code:str}/cancellation", status_code=303)
async def create(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Cancel this date; everybody it concerns is told why."""
    visit = await of_event(visit, code, Permission.MANAGE_EVENTS)
    form = await read(request, CancellationForm)
    try:
        await cancel_instance(code, visit.person, form.reason)
    except Invalid as bad:
        faults = {bad.field: bad.words}
        return await page_of(request, visit, code, status=422, faults=faults, typed=form)
    words = Words(N_("Cancelled. Everybody who was in, in line or said maybe is told."))
    return go(request, visit.to(path_of(code)), told(visit, words))


@post("/events/{code:str}/restoration", status_code=303)
async def destroy(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Redirect:
    """Undo the cancellation, until the start."""
    visit = await of_event(visit, code, Permission.MANAGE_EVENTS)
    await restore_instance(code, visit.person)
    words = Words(N_("It takes place after all. Everybody has their seat back, and is told."))
    return go(request, visit.to(path_of(code)), told(visit, words))
