"""The parties of an instance for its organisers (`B10`): who is booked, who waits, who is not; add, seat,
change, remove."""

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.accounts.queries import AccountView
from backend.accounts.rules import Permission
from backend.bookings import actions as bookings
from backend.bookings.organiser import NAME_MAX, seat_by_name
from backend.bookings.queries.event import event
from backend.bookings.roster import (
    RosterEntry,
    RosterKind,
    roster,
    roster_counts,
    roster_entry,
    unlisted_members,
)
from backend.bookings.views import InstanceView
from backend.errors import Invalid, NotFound
from backend.i18n import N_, Voice
from backend.people.queries import Person
from backend.seats.refusals import NoRoomLeft
from backend.seats.requests import Outcome, Via
from backend.typed_text import clean_line
from webapp.forms import Faults, read_form
from webapp.freshness import is_fresh
from webapp.miniapp.access import load_authorized
from webapp.miniapp.event_screens import event_etag, seen_of_instances
from webapp.miniapp.paging import OptionalId, PathId, SearchWords, url_with_query
from webapp.miniapp.responses import ScreenResponse, screen
from webapp.notices import Notice, Overbooking, Undo
from webapp.organiser_messages import outcome_message, removal_message, undo_removal
from webapp.respond import AnyRequest, not_modified

PAGE_SIZE = 50  # people on a screen
TO_ADD = 20  # members to add on a screen

Show = Annotated[Literal["in", "line", "others"], QueryParameter()]
Here = Annotated[Literal["", "new"], QueryParameter()]


@dataclass(frozen=True, slots=True)
class PartyForm:
    """The number of guests; `how` is `seat` or `line`; `over` is an owner's confirmation to exceed the
    capacity (`B3`).

    `name` is the name of a person without Telegram, `q` the search words of the screen that sends the form.
    """

    guests: str = ""
    how: str = "seat"
    over: str = ""
    name: str = ""
    q: str = ""


@get("/events/{code:str}/attendance")
async def index(
    code: FromPath[str],
    organiser: NamedDependency[Person],
    show: Show = "in",
    q: SearchWords = None,
    after: OptionalId = None,
    seen: FromQuery[str] = "",
) -> ScreenResponse:
    """Everybody who has answered, one list and one page at a time; `q` are words to search their names
    for."""
    etag = await event_etag(code, organiser)
    if is_fresh(seen, etag):
        return not_modified()
    view, account = await load_authorized(code, organiser, Permission.SEE_PEOPLE)
    page = await roster(
        view.id,
        RosterKind(show),
        words=q or "",
        after=after,
        limit=PAGE_SIZE,
        language=organiser.language,
    )
    path, query = _url(code), {"show": show, "q": q}
    return screen(
        "attendance/index.html",
        organiser,
        view=view,
        counts=await roster_counts(view.id),
        show=show,
        search_words=q,
        page=page,
        may_add=account.has_permission(Permission.MANAGE_BOOKINGS)
        and view.phase not in ("cancelled", "ended"),
        manages=account.has_permission(Permission.MANAGE_BOOKINGS),
        more=url_with_query(path, **query, after=page.next_after) if page.next_after else "",
        address=url_with_query(path, **query, after=after),
        seen=seen_of_instances(etag, organiser, [view]),
    )


@get("/events/{code:str}/attendance/new")
async def new(
    code: FromPath[str],
    organiser: NamedDependency[Person],
    q: SearchWords = None,
    after: OptionalId = None,
) -> Response[str]:
    """Members who are not on the list yet, to be added; or a person without Telegram, by name."""
    return await _new_screen(code, organiser, q=q or "", after=after)


@post("/events/{code:str}/attendance", status_code=200)
async def create(
    request: AnyRequest, code: FromPath[str], organiser: NamedDependency[Person]
) -> Response[str]:
    """Add a person without Telegram: to a seat, or to the waitlist like anybody else."""
    form, faults = await read_form(request, PartyForm), Faults()
    guests = faults.whole_number("guests", form.guests, empty=0) or 0
    if faults.by_field:
        return await _new_screen(code, organiser, typed=form, faults=faults)
    try:
        outcome = await seat_by_name(
            code,
            organiser,
            form.name,
            guests=guests,
            line=form.how == "line",
            over=bool(form.over),
            via=Via.MINIAPP,
        )
    except Invalid as bad:
        faults.add(bad)
        return await _new_screen(code, organiser, typed=form, faults=faults)
    except NoRoomLeft as full:
        view, account = await load_authorized(code, organiser, Permission.MANAGE_BOOKINGS)
        _check_may_overbook(account, full)
        overbooking = Overbooking(
            form.name, 1 + guests - (view.free or 0), view.phase == "open", _url(code), _sent(form)
        )
        return await _new_screen(code, organiser, typed=form, overbooking=overbooking)
    notice = _notice(organiser.voice, clean_line(form.name), outcome)
    return await _new_screen(code, organiser, notice=notice, outcome=outcome.kind)


@get("/events/{code:str}/attendance/{membership_id:int}")
async def show(
    code: FromPath[str],
    membership_id: PathId,
    organiser: NamedDependency[Person],
    seen: FromQuery[str] = "",
) -> ScreenResponse:
    """One party, with everything an organiser can do about it."""
    return await _party_screen(code, organiser, membership_id, seen=seen)


@put("/events/{code:str}/attendance/{membership_id:int}")
async def seat(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: PathId,
    organiser: NamedDependency[Person],
    here: Here = "",
) -> ScreenResponse:
    """Give a member a seat, from the waitlist or not; or put them on the waitlist. `here` is the screen that
    asks."""
    form, faults = await read_form(request, PartyForm), Faults()
    guests = faults.whole_number("guests", form.guests, empty=0) or 0
    view, account = await load_authorized(code, organiser, Permission.MANAGE_BOOKINGS)
    party = await _load_party(view, membership_id)
    if faults.by_field:
        raise Invalid(N_("A whole number, please."), field="guests")
    url = _url(code, membership_id)
    try:
        if form.how == "line":
            outcome = await bookings.put_in_line(
                code, organiser, membership_id, guests=guests, via=Via.MINIAPP
            )
        else:
            outcome = await bookings.seat(
                code, organiser, membership_id, guests=guests, over=bool(form.over), via=Via.MINIAPP
            )
    except NoRoomLeft as full:
        _check_may_overbook(account, full)
        overbooking = Overbooking(
            party.name,
            (party.wanted or 1 + guests) - (view.free or 0),
            view.phase == "open" and not party.wanted,
            url_with_query(url, here=here or None),
            _sent(form),
            "put",
        )
        if here:
            return await _new_screen(code, organiser, q=form.q, overbooking=overbooking)
        return await _party_screen(code, organiser, membership_id, overbooking=overbooking)
    if here:
        undo = Undo(url, organiser.voice.gettext(N_("Undo")), method="delete")
        notice = _notice(organiser.voice, party.name, outcome, undo)
        return await _new_screen(code, organiser, q=form.q, notice=notice, outcome=outcome.kind)
    notice = _notice(organiser.voice, party.name, outcome)
    return await _party_screen(code, organiser, membership_id, notice=notice, outcome=outcome.kind)


@patch("/events/{code:str}/attendance/{membership_id:int}")
async def update(
    request: AnyRequest,
    code: FromPath[str],
    membership_id: PathId,
    organiser: NamedDependency[Person],
) -> ScreenResponse:
    """Change the number of guests of a party."""
    form, faults = await read_form(request, PartyForm), Faults()
    guests = faults.whole_number("guests", form.guests)
    view, _ = await load_authorized(code, organiser, Permission.MANAGE_BOOKINGS)
    party = await _load_party(view, membership_id)
    if guests is None:
        raise Invalid(N_("A whole number, please."), field="guests")
    outcome = await bookings.set_guests_of(code, organiser, membership_id, guests=guests, via=Via.MINIAPP)
    notice = _notice(organiser.voice, party.name, outcome)
    return await _party_screen(code, organiser, membership_id, notice=notice, outcome=outcome.kind)


@delete("/events/{code:str}/attendance/{membership_id:int}", status_code=200)
async def destroy(
    code: FromPath[str], membership_id: PathId, organiser: NamedDependency[Person]
) -> ScreenResponse:
    """Remove a party. It can be put back as long as its seats are free."""
    before, _ = await load_authorized(code, organiser, Permission.MANAGE_BOOKINGS)
    party = await _load_party(before, membership_id)
    voice = organiser.voice
    outcome = await bookings.remove(code, organiser, membership_id, via=Via.MINIAPP)
    if outcome.kind == "already":
        notice = Notice(voice.gettext(N_("%(name)s was off the list already."), name=party.name))
        return await _party_screen(code, organiser, membership_id, notice=notice)
    after = await event(code, organiser)
    words = removal_message(party.name, seat_taken=bool(party.seats and after.waiting < before.waiting))
    undo = undo_removal(voice, party, after, _url(code, membership_id), method="put")
    notice = Notice(voice.translate(words), undo=undo)
    return await _party_screen(code, organiser, membership_id, notice=notice, outcome=outcome.kind)


def _url(code: str, membership_id: int | None = None) -> str:
    list_url = f"/app/events/{code}/attendance"
    return list_url if membership_id is None else f"{list_url}/{membership_id}"


def _notice(voice: Voice, name: str, outcome: Outcome, undo: Undo | None = None) -> Notice:
    words, tone = outcome_message(name, outcome)
    return Notice(voice.translate(words), tone, undo)


def _check_may_overbook(account: AccountView, full: NoRoomLeft) -> None:
    """Only an owner may exceed the capacity, after a second question (`B3`): anybody else gets the
    refusal."""
    if not account.has_permission(Permission.OVERBOOK):
        raise full


def _sent(form: PartyForm) -> dict[str, str]:
    """The fields that send the form once more, for a seat."""
    return {"guests": form.guests, "how": "seat", "name": form.name, "q": form.q}


async def _load_party(view: InstanceView, membership_id: int) -> RosterEntry:
    party = await roster_entry(view.id, view.account_id, membership_id)
    if party is None:
        raise NotFound()
    return party


async def _party_screen(
    code: str,
    organiser: Person,
    membership_id: int,
    *,
    seen: str = "",
    notice: Notice | None = None,
    outcome: str = "",
    overbooking: Overbooking | None = None,
) -> ScreenResponse:
    etag = await event_etag(code, organiser)
    if is_fresh(seen, etag):
        return not_modified()
    view, account = await load_authorized(code, organiser, Permission.SEE_PEOPLE)
    return screen(
        "attendance/show.html",
        organiser,
        outcome=outcome or ("full" if overbooking else ""),
        status=422 if overbooking else 200,
        notice=notice,
        overbooking=overbooking,
        view=view,
        party=await _load_party(view, membership_id),
        can_manage=account.has_permission(Permission.MANAGE_BOOKINGS),
        seen=seen_of_instances(etag, organiser, [view]),
    )


async def _new_screen(
    code: str,
    organiser: Person,
    *,
    q: str = "",
    after: int | None = None,
    typed: PartyForm | None = None,
    faults: Faults | None = None,
    notice: Notice | None = None,
    outcome: str = "",
    overbooking: Overbooking | None = None,
) -> Response[str]:
    view, _ = await load_authorized(code, organiser, Permission.MANAGE_BOOKINGS)
    page = await unlisted_members(
        view.id, view.account_id, words=q, after=after, limit=TO_ADD, language=organiser.language
    )
    return screen(
        "attendance/new.html",
        organiser,
        outcome=outcome or ("invalid" if faults else "full" if overbooking else ""),
        status=422 if faults or overbooking else 200,
        notice=notice,
        faults=faults.by_field if faults else {},
        typed=typed or PartyForm(),
        overbooking=overbooking,
        view=view,
        search_words=q,
        page=page,
        name_max=NAME_MAX,
        more=url_with_query(f"{_url(code)}/new", q=q or None, after=page.next_after)
        if page.next_after
        else "",
    )
