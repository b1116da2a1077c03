"""What an organiser does with one party: add it, seat it, change its guests, remove it (`B10`)."""

from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.accounts.rules import Permission
from backend.bookings import actions
from backend.bookings.queries.event import event
from backend.bookings.roster import RosterEntry, roster_entry
from backend.errors import Invalid
from backend.i18n import N_
from backend.seats.refusals import NoRoomLeft
from backend.seats.requests import Outcome
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_list_query, event_url, members_to_add, render_event_page
from webapp.dashboard.people_lists import search_text
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.urls import event_path
from webapp.forms import Faults, read_form
from webapp.notices import Overbooking
from webapp.organiser_messages import outcome_message, removal_message, undo_removal
from webapp.respond import AnyRequest


@dataclass(frozen=True, slots=True)
class PartyForm:
    """A membership with its guests. `how` is `seat` or `line`; `over` confirms that the capacity is exceeded
    (`B3`); `who` is what the member was searched by."""

    membership: str = ""
    guests: str = ""
    how: str = "seat"
    over: str = ""
    who: str = ""


@get("/events/{code:str}/bookings/new")
async def new(request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]) -> Response[str]:
    """Members to add, found by name with `?who=`: htmx takes the suggestions out of this page."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    view = await event(code, visit.person)
    who = search_text(request, "who")
    return render_page(
        request,
        visit,
        "bookings/new.html",
        view=view,
        query=event_list_query(request),
        who=who,
        to_add=await members_to_add(visit, view.id, who),
        typed=None,
    )


@post("/events/{code:str}/bookings", status_code=303)
async def create(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Add a member: to a seat, or to the waitlist like anybody else."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    form, faults = await read_form(request, PartyForm), Faults()
    membership_id = faults.whole_number("membership", form.membership)
    guests = faults.whole_number("guests", form.guests, empty=0) or 0
    if membership_id is None:
        faults.add(Invalid(N_("Choose somebody."), field="membership"))
    if faults.by_field or membership_id is None:
        return await _show_faults(request, visit, code, form, faults)
    try:
        if form.how == "line":
            outcome = await actions.put_in_line(code, visit.person, membership_id, guests=guests)
        else:
            outcome = await actions.seat(
                code, visit.person, membership_id, guests=guests, over=bool(form.over)
            )
    except Invalid as refusal:
        faults.add(refusal)
        return await _show_faults(request, visit, code, form, faults)
    except NoRoomLeft as refusal:
        return await _ask_to_overbook(request, visit, code, membership_id, guests, refusal)
    return await _redirect_with_outcome(request, visit, code, membership_id, outcome)


@post("/events/{code:str}/bookings/{membership_id:int}/seat", status_code=303)
async def edit(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str] | Redirect:
    """Seat a waiting party before its turn."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    form = await read_form(request, PartyForm)
    try:
        outcome = await actions.seat(code, visit.person, membership_id, over=bool(form.over))
    except NoRoomLeft as refusal:
        return await _ask_to_overbook(request, visit, code, membership_id, 0, refusal)
    return await _redirect_with_outcome(request, visit, code, membership_id, outcome)


@post("/events/{code:str}/bookings/{membership_id:int}/guests", status_code=303)
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str] | Redirect:
    """Change the number of guests."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    form, faults = await read_form(request, PartyForm), Faults()
    guests = faults.whole_number("guests", form.guests)
    if guests is None:
        raise Invalid(N_("A whole number, please."), field="guests")
    outcome = await actions.set_guests_of(code, visit.person, membership_id, guests=guests)
    return await _redirect_with_outcome(request, visit, code, membership_id, outcome)


@post("/events/{code:str}/bookings/{membership_id:int}/removal", status_code=303)
async def destroy(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Redirect:
    """Remove a party. It can be undone as long as nobody has taken its seats."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    before = await event(code, visit.person)
    party = await roster_entry(before.id, visit.account.id, membership_id)
    outcome = await actions.remove(code, visit.person, membership_id)
    url = event_url(request, visit, code)
    if party is None or not party.size:
        return redirect(request, url, notice_of(visit, outcome.words))
    after = await event(code, visit.person)
    words = removal_message(party.name, seat_taken=bool(party.seats and after.waiting < before.waiting))
    undo = undo_removal(
        visit.voice,
        party,
        after,
        f"{event_path(code)}/bookings{event_list_query(request)}",
        fields={"membership": str(membership_id)},
    )
    return redirect(request, url, notice_of(visit, words, undo=undo))


async def _show_faults(
    request: AnyRequest, visit: Visit, code: str, form: PartyForm, faults: Faults
) -> Response[str]:
    """The form with its faults, and the members that it was about."""
    return await render_event_page(
        request, visit, code, status=422, faults=faults.by_field, typed=form, who=form.who
    )


async def _party(visit: Visit, code: str, membership_id: int) -> RosterEntry | None:
    """The party as it is now; None when the club has no such member."""
    view = await event(code, visit.person)
    return await roster_entry(view.id, visit.account.id, membership_id)


async def _redirect_with_outcome(
    request: AnyRequest, visit: Visit, code: str, membership_id: int, outcome: Outcome
) -> Redirect:
    """Back to the page of the instance, with a notice of what happened to the party."""
    party = await _party(visit, code, membership_id)
    words, tone = outcome_message(party.name, outcome) if party else (outcome.words, "plain")
    return redirect(request, event_url(request, visit, code), notice_of(visit, words, tone))


async def _ask_to_overbook(
    request: AnyRequest,
    visit: Visit,
    code: str,
    membership_id: int,
    guests: int,
    refusal: NoRoomLeft,
) -> Response[str]:
    """Ask an owner to confirm that the capacity is exceeded (`B3`); everybody else reads why it is
    refused."""
    view = await event(code, visit.person)
    party = await roster_entry(view.id, visit.account.id, membership_id)
    if party is None or not visit.has_permission(Permission.OVERBOOK):
        notice = notice_of(visit, refusal.words, "no")
        return await render_event_page(request, visit, code, status=422, notice=notice)
    # Seats that an offer holds for the party are there to be given.
    needed = party.waiting if party.wanted else 1 + guests
    url, query = f"{event_path(code)}/bookings", event_list_query(request)
    overbooking = Overbooking(
        party.name,
        over_by=needed - (view.free or 0),
        can_wait=not party.wanted,
        url=f"{url}/{membership_id}/seat{query}" if party.wanted else f"{url}{query}",
        fields={"membership": str(membership_id), "guests": str(guests)},
    )
    return await render_event_page(request, visit, code, status=422, overbooking=overbooking)
