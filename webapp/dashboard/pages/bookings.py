"""The organiser's hand on who sits where (`B10`): add, seat, guests, take off."""

from dataclasses import dataclass

from litestar import Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.queries import members
from backend.accounts.rules import Permission
from backend.bookings import actions as bookings
from backend.bookings.queries import Attendee, attendance, event
from backend.errors import Invalid
from backend.i18n import N_
from backend.seats.replies import NoRoomLeft
from backend.seats.requests import Outcome
from webapp.dashboard.frame import Undo, go, told
from webapp.dashboard.pages.events import Overbooking, of_event, page_of, path_of
from webapp.dashboard.session import Visit
from webapp.forms import Faults, read
from webapp.organiser_messages import outcome_message, removal_message
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class PartyForm:
    """Who, with how many guests; `how` is `seat` or `line`; `over` is an owner's word to go over the seats."""

    membership: str = ""
    guests: str = ""
    how: str = "seat"
    over: str = ""


@post("/events/{code:str}/bookings", status_code=303)
async def create(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Add a member: to a seat, or to the line like anybody else."""
    visit = await of_event(visit, code, Permission.MANAGE_BOOKINGS)
    form, faults = await read(request, PartyForm), Faults()
    membership_id = faults.whole("membership", form.membership)
    guests = faults.whole("guests", form.guests, empty=0) or 0
    if membership_id is None:
        faults.add(Invalid(N_("Choose somebody."), field="membership"))
    if faults.of or membership_id is None:
        return await page_of(request, visit, code, status=422, faults=faults.of, typed=form)
    try:
        if form.how == "line":
            outcome = await bookings.put_in_line(code, visit.person, membership_id, guests=guests)
        else:
            outcome = await bookings.seat(
                code, visit.person, membership_id, guests=guests, over=bool(form.over)
            )
    except Invalid as bad:
        faults.add(bad)
        return await page_of(request, visit, code, status=422, faults=faults.of, typed=form)
    except NoRoomLeft as full:
        return await _ask_to_go_over(request, visit, code, membership_id, guests, full)
    return await _back(request, visit, code, membership_id, outcome)


@post("/events/{code:str}/bookings/{membership_id:int}/seat", status_code=303)
async def edit(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str] | Redirect:
    """Give who waits in line a seat, before their turn."""
    visit = await of_event(visit, code, Permission.MANAGE_BOOKINGS)
    form = await read(request, PartyForm)
    try:
        outcome = await bookings.seat(code, visit.person, membership_id, over=bool(form.over))
    except NoRoomLeft as full:
        return await _ask_to_go_over(request, visit, code, membership_id, 0, full)
    return await _back(request, visit, code, membership_id, outcome)


@post("/events/{code:str}/bookings/{membership_id:int}/guests", status_code=303)
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str] | Redirect:
    """Another number of guests."""
    visit = await of_event(visit, code, Permission.MANAGE_BOOKINGS)
    form, faults = await read(request, PartyForm), Faults()
    guests = faults.whole("guests", form.guests)
    if guests is None:
        raise Invalid(N_("A whole number, please."), field="guests")
    outcome = await bookings.set_guests_of(code, visit.person, membership_id, guests=guests)
    return await _back(request, visit, code, membership_id, outcome)


@post("/events/{code:str}/bookings/{membership_id:int}/removal", status_code=303)
async def destroy(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Redirect:
    """Take a party off. It can be put back as long as nobody got the seats."""
    visit = await of_event(visit, code, Permission.MANAGE_BOOKINGS)
    view = await event(code, visit.person)
    was = await _comer(view.id, membership_id)
    outcome = await bookings.remove(code, visit.person, membership_id)
    if was is None or not (was.seats or was.waiting):
        return go(request, visit.to(path_of(code)), told(visit, outcome.words))
    now = await event(code, visit.person)
    undo = None
    party = {"membership": str(membership_id), "guests": str(was.guests)}
    if was.waiting:
        label = visit.voice.say(N_("Put back at the end of the line"))
        undo = Undo(f"{path_of(code)}/bookings", label, party | {"how": "line"})
    elif now.free is None or now.free >= was.seats:
        label = visit.voice.say(N_("Undo"))
        undo = Undo(f"{path_of(code)}/bookings", label, party | {"how": "seat"})
    went_on = was.seats and now.waiting < view.waiting
    words = removal_message(was.name, seat_taken=bool(went_on))
    return go(request, visit.to(path_of(code)), told(visit, words, undo=undo))


async def _comer(instance_id: int, membership_id: int) -> Attendee | None:
    people = await attendance(instance_id)
    return next((one for one in people if one.membership_id == membership_id), None)


async def _back(
    request: AnyRequest, visit: Visit, code: str, membership_id: int, outcome: Outcome
) -> Redirect:
    """Back to the people, with what became of the party in the third person."""
    view = await event(code, visit.person)
    one = await _comer(view.id, membership_id)
    words, tone = outcome_message(one.name, outcome) if one else (outcome.words, "plain")
    return go(request, visit.to(path_of(code)), told(visit, words, tone))


async def _ask_to_go_over(
    request: AnyRequest,
    visit: Visit,
    code: str,
    membership_id: int,
    guests: int,
    full: NoRoomLeft,
) -> Response[str]:
    """What only an owner may do, and only when asked once more (`B3`); anybody else reads why not."""
    view = await event(code, visit.person)
    one = await _comer(view.id, membership_id)
    waits = one is not None and one.wanted > 0
    name = one.name if one is not None else await _name(visit, membership_id)
    if not name or not visit.club.has_permission(Permission.OVERBOOK):
        return await page_of(request, visit, code, status=422, notice=told(visit, full.words, "no"))
    # Without what an offer holds for them: that is there to be given.
    size = one.waiting if one is not None and waits else 1 + guests
    return await page_of(
        request,
        visit,
        code,
        status=422,
        overbooking=Overbooking(name, membership_id, guests, size - (view.free or 0), waits),
    )


async def _name(visit: Visit, membership_id: int) -> str:
    found = next((m for m in await members(visit.club) if m.id == membership_id), None)
    return found.name if found else ""
