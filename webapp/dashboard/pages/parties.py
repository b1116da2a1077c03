"""One party of an instance: its guests by name, a note, another date, and what became of its seats (`B8`, `B10`)."""

from collections.abc import Mapping
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend import clock
from backend.accounts.rules import Permission
from backend.bookings import actions
from backend.bookings.organiser import NOTE_MAX, move_party, note_party, seat_by_name
from backend.bookings.queries.event import event
from backend.bookings.queries.lists import account_instances
from backend.bookings.roster import roster_entry
from backend.errors import Invalid, NotFound, Refusal
from backend.i18n import N_, Words
from backend.reports.story import party_story
from backend.seats.refusals import NoRoomLeft
from backend.typed_text import clean_line
from webapp.dashboard.access import authorize_event
from webapp.dashboard.event_page import event_list_query, event_url, render_event_page
from webapp.dashboard.responses import notice_of, redirect, render_page
from webapp.dashboard.session import Visit
from webapp.dashboard.story import story_lines
from webapp.dashboard.urls import event_path, party_path
from webapp.forms import Faults, read_form
from webapp.notices import Notice, Overbooking
from webapp.organiser_messages import outcome_message
from webapp.respond import AnyRequest

DATES_OFFERED = 60  # to which a party can be moved


@dataclass(frozen=True, slots=True)
class PartyForm:
    """How many guests, what they are called, separated by commas, and a note."""

    guests: str = ""
    names: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class MoveForm:
    """The code of the other date; `over` confirms that its capacity is exceeded (`B3`)."""

    to: str = ""
    over: str = ""


@dataclass(frozen=True, slots=True)
class NameForm:
    """A person without Telegram with their guests. `how` is `seat` or `line`; `over` confirms that the capacity is
    exceeded (`B3`)."""

    name: str = ""
    guests: str = ""
    how: str = "seat"
    over: str = ""


@post("/events/{code:str}/bookings/by-name", status_code=303)
async def create(
    request: AnyRequest, code: FromPath[str], visit: NamedDependency[Visit]
) -> Response[str] | Redirect:
    """Add somebody without Telegram, whom the club knows by this name from now on (`B10`)."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    form, faults = await read_form(request, NameForm), Faults()
    guests = faults.whole_number("guests", form.guests, empty=0) or 0
    name = clean_line(form.name)
    if not faults.by_field:
        try:
            outcome = await seat_by_name(
                code, visit.person, name, guests=guests, line=form.how == "line", over=bool(form.over)
            )
        except Invalid as refusal:
            faults.add(refusal)
        except NoRoomLeft as refusal:
            return await _ask_to_overbook_by_name(request, visit, code, form, guests, refusal)
        else:
            words, tone = outcome_message(name, outcome)
            return redirect(request, event_url(request, visit, code), notice_of(visit, words, tone))
    return await render_event_page(
        request, visit, code, status=422, faults=faults.by_field, typed=form, who=""
    )


async def _ask_to_overbook_by_name(
    request: AnyRequest, visit: Visit, code: str, form: NameForm, guests: int, refusal: NoRoomLeft
) -> Response[str]:
    """An owner may confirm that the capacity is exceeded (`B3`); everybody else reads why it is refused."""
    if not visit.has_permission(Permission.OVERBOOK):
        notice = notice_of(visit, refusal.words, "no")
        return await render_event_page(request, visit, code, status=422, notice=notice)
    view = await event(code, visit.person)
    overbooking = Overbooking(
        clean_line(form.name),
        over_by=1 + guests - (view.free or 0),
        can_wait=view.phase == "open",
        url=f"{event_path(code)}/bookings/by-name{event_list_query(request)}",
        fields={"name": form.name, "guests": str(guests)},
    )
    return await render_event_page(request, visit, code, status=422, overbooking=overbooking)


@get("/events/{code:str}/bookings/{membership_id:int}")
async def show(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str]:
    """The party, and its story. Raises `NotFound` for a member of another club."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    return await _page(request, visit, code, membership_id)


@post("/events/{code:str}/bookings/{membership_id:int}", status_code=303)
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str] | Redirect:
    """Save the guests and the note."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    form, faults = await read_form(request, PartyForm), Faults()
    party = await roster_entry((await event(code, visit.person)).id, visit.account.id, membership_id)
    if party is None:
        raise NotFound()
    names = tuple(name.strip() for name in form.names.split(",")) if form.names.strip() else ()
    guests = faults.whole_number("guests", form.guests, empty=party.guests)
    if not faults.by_field and guests is not None and party.size:
        try:
            if (guests, names) != (party.guests, party.guest_names):
                await actions.set_guests_of(code, visit.person, membership_id, guests=guests, names=names)
        except Refusal as refusal:
            faults.by_field["names" if refusal.field.startswith("name") else "guests"] = refusal.words
    if not faults.by_field:
        try:
            await note_party(code, visit.person, membership_id, form.note)
        except Invalid as refusal:
            faults.add(refusal)
    if faults.by_field:
        return await _page(request, visit, code, membership_id, faults=faults.by_field, typed=form)
    return redirect(
        request, visit.url(party_path(code, membership_id)), notice_of(visit, Words(N_("Saved.")))
    )


@post("/events/{code:str}/bookings/{membership_id:int}/move", status_code=303)
async def create_move(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: FromPath[int],
    visit: NamedDependency[Visit],
) -> Response[str] | Redirect:
    """Move the party to another date of the club, whole or not at all; the member is told."""
    visit = await authorize_event(visit, code, Permission.MANAGE_BOOKINGS)
    form = await read_form(request, MoveForm)
    try:
        outcome = await move_party(code, visit.person, membership_id, to=form.to, over=bool(form.over))
    except NoRoomLeft as refusal:
        return await _ask_to_overbook(request, visit, code, membership_id, form, refusal)
    except Refusal as refusal:
        return await _page(request, visit, code, membership_id, faults={"to": refusal.words}, typed=form)
    url = visit.url(party_path(form.to, membership_id))
    return redirect(request, url, notice_of(visit, outcome.words, "yes"))


async def _ask_to_overbook(
    request: AnyRequest, visit: Visit, code: str, membership_id: int, form: MoveForm, refusal: NoRoomLeft
) -> Response[str]:
    """An owner may confirm that the capacity of the other date is exceeded (`B3`)."""
    if not visit.has_permission(Permission.OVERBOOK):
        return await _page(request, visit, code, membership_id, faults={"to": refusal.words}, typed=form)
    here, there = await event(code, visit.person), await event(form.to, visit.person)
    party = await roster_entry(here.id, visit.account.id, membership_id)
    if party is None:
        raise NotFound()
    overbooking = Overbooking(
        party.name,
        over_by=party.size - (there.free or 0),
        can_wait=False,
        url=f"{party_path(code, membership_id)}/move",
        fields={"to": form.to},
    )
    return await _page(request, visit, code, membership_id, typed=form, overbooking=overbooking)


async def _page(
    request: AnyRequest,
    visit: Visit,
    code: str,
    membership_id: int,
    *,
    notice: Notice | None = None,
    faults: Mapping[str, Words] | None = None,
    typed: PartyForm | MoveForm | None = None,
    overbooking: Overbooking | None = None,
) -> Response[str]:
    view = await event(code, visit.person)
    party = await roster_entry(view.id, visit.account.id, membership_id)
    if party is None:
        raise NotFound()
    dates = await account_instances(visit.account.id, visit.person, since=clock.now(), limit=DATES_OFFERED)
    return render_page(
        request,
        visit,
        "parties/show.html",
        status=422 if faults or overbooking else 200,
        notice=notice,
        view=view,
        party=party,
        dates=[date for date in dates if date.code != code and date.state == "SCHEDULED"],
        story=story_lines(await party_story(code, visit.person, membership_id), visit.voice, view.zone),
        faults=faults or {},
        typed=typed,
        overbooking=overbooking,
        note_max=NOTE_MAX,
    )
