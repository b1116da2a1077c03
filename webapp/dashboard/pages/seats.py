"""How many seats one date has (`W4`)."""

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings.actions import set_capacity
from backend.errors import Invalid
from backend.i18n import N_
from webapp.dashboard.frame import go, told
from webapp.dashboard.pages.events import of_event, page_of, path_of
from webapp.dashboard.session import Visit
from webapp.forms import Faults, read
from webapp.respond import AnyRequest

SEATS_MAX = 100_000


@dataclass(frozen=True, slots=True)
class SeatsForm:
    """`capacity` empty is no limit."""

    capacity: str = ""


@post("/events/{code:str}/seats", status_code=303)
async def update(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Another number of seats, for this date alone. Lowered below what is booked it removes nobody."""
    visit = await of_event(visit, code, Permission.MANAGE_EVENTS)
    form, faults = await read(request, SeatsForm), Faults()
    capacity = faults.whole("capacity", form.capacity)
    if capacity is not None and not 1 <= capacity <= SEATS_MAX:
        between = N_("Between %(least)s and %(most)s, please.")
        faults.add(Invalid(between, field="capacity", least=1, most=SEATS_MAX))
    if faults.of:
        return await page_of(request, visit, code, status=422, faults=faults.of, typed=form)
    outcome = await set_capacity(code, visit.person, capacity)
    return go(request, visit.to(path_of(code)), told(visit, outcome.words))
